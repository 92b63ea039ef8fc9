"""Efficiency by hand: what was left of the rate at which choices had earned."""

import math

import pytest

from trading.walk_forward.efficiency import changes, efficiency


def test_one_window_is_the_ratio_of_mean_returns_a_session() -> None:
    assert efficiency([([0.01, 0.03], [0.02, -0.01, 0.02])]) == pytest.approx(0.5)


def test_each_in_sample_rate_counts_for_as_many_sessions_as_were_traded_on_it() -> None:
    # 2 sessions at 1 % and 4 at 2 % would have earned 10 %; 4 % came.
    windows = [([0.01], [0.01, 0.01]), ([0.03, 0.01], [0.02, 0.02, -0.03, 0.01])]
    assert efficiency(windows) == pytest.approx(0.4)


def test_a_loss_out_of_sample_is_a_negative_efficiency() -> None:
    assert efficiency([([0.01], [-0.02])]) == pytest.approx(-2.0)


@pytest.mark.parametrize("seen", [[0.0, 0.0], [0.01, -0.02], [math.nan]])
def test_of_nothing_earned_in_sample_no_share_is_left(seen: list[float]) -> None:
    assert efficiency([(seen, [0.01])]) is None


def test_no_window_and_an_account_that_is_ruined_have_none() -> None:
    assert efficiency([]) is None
    assert efficiency([([0.01], [math.nan])]) is None


def test_changes_count_choices_that_differ_from_the_one_before() -> None:
    assert changes([3, 3, 5, 5, 3]) == 2
    assert changes([3]) == changes([]) == 0
