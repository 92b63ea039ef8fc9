"""Figures of a Sharpe ratio, held to the examples of the papers."""

from __future__ import annotations

import math

import pytest

from trading.statistics.sharpe import (
    TrackRecord,
    expected_best_sharpe,
    probability_above,
    sessions_to_show,
)


@pytest.mark.parametrize(("trials", "probability"), [(46, 0.9505), (100, 0.9004)])
def test_the_deflated_sharpe_ratio_is_that_of_the_papers_example(
    trials: int, probability: float
) -> None:
    """Bailey and Lopez de Prado (2014): a ratio of 2.5 a year over 1,250 days of 250 a year."""
    luck = expected_best_sharpe(trials, variance=0.5 / 250)
    record = TrackRecord(2.5 / math.sqrt(250), skewness=-3, kurtosis=10, sessions=1250)
    if trials == 100:
        assert luck == pytest.approx(0.1132, abs=5e-5)
    assert probability_above(record, luck) == pytest.approx(probability, abs=5e-5)


@pytest.mark.parametrize(
    ("a_year", "skewness", "kurtosis", "years"),
    [(252, 0, 3, 2.73), (52, 0, 3, 2.83), (12, 0, 3, 3.24), (12, -0.72, 5.78, 4.99)],
)
def test_the_minimum_track_record_is_that_of_the_papers_examples(
    a_year: int, skewness: float, kurtosis: float, years: float
) -> None:
    """Bailey and Lopez de Prado (2012): to show a ratio of 2 a year to be above 1."""
    root = math.sqrt(a_year)
    needed = sessions_to_show(TrackRecord(2 / root, skewness, kurtosis, sessions=100), 1 / root)
    assert needed is not None
    assert needed / a_year == pytest.approx(years, abs=1 / a_year + 0.005)


def test_the_track_record_is_just_long_enough() -> None:
    record = TrackRecord(0.11, skewness=-0.4, kurtosis=5, sessions=100)
    needed = sessions_to_show(record, 0.05)
    assert needed is not None
    at = [
        probability_above(TrackRecord(0.11, -0.4, 5, sessions), 0.05)
        for sessions in (needed - 1, needed)
    ]
    assert at[0] < 0.95 <= at[1]


def test_a_ratio_that_is_not_above_the_other_is_never_shown_to_be() -> None:
    record = TrackRecord(0.1, 0, 3, sessions=500)
    assert sessions_to_show(record, 0.1) is None
    # Moments for which the formula's variance is below nothing.
    wild = TrackRecord(1.0, skewness=5, kurtosis=4, sessions=500)
    assert probability_above(wild, 0) is None
    assert sessions_to_show(wild, 0) is None
