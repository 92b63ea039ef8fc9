"""The statistics of a sweep: luck is called luck, an edge is found, and what is unknown is said."""

from __future__ import annotations

import math

import numpy as np
import pytest

from trading.backtest.ratios import ratios_of
from trading.market.bars import Floats
from trading.statistics.judge_sweep import judge_sweep
from trading.statistics.sweep_statistics import SweepStatistics
from trading.statistics.tries import effective_count
from trading.statistics.verdict import Verdict, verdict_of

FIGURES = (
    "deflated_sharpe",
    "min_track_record_sessions",
    "pbo",
    "spa_p",
    "reality_check_p",
)


def noise(seed: int, sessions: int = 250, sets: int = 40) -> Floats:
    return np.random.default_rng(seed).normal(0, 0.01, (sessions, sets))


def judged(returns: Floats, seed: int = 1) -> SweepStatistics:
    best = 0
    if returns.size:
        deviation = returns.std(axis=0)
        best = int(np.argmax(returns.mean(axis=0) / np.where(deviation > 0, deviation, 1)))
    return judge_sweep(returns, best, seed=seed)


def said_of(statistics: SweepStatistics, name: str) -> str:
    """Return the notes that say why a figure is missing."""
    words = {
        "deflated_sharpe": "deflated Sharpe ratio",
        "min_track_record_sessions": "minimum track record",
        "pbo": "probability of overfitting",
        "spa_p": "SPA",
        "reality_check_p": "reality check",
    }
    return "; ".join(note for note in statistics.notes if words[name] in note)


def assert_told(statistics: SweepStatistics, *missing: str) -> None:
    """Just these figures are missing, each with a note of one line; the others are in range."""
    assert {name for name in FIGURES if getattr(statistics, name) is None} == set(missing)
    for name in missing:
        assert said_of(statistics, name).startswith("no "), (name, statistics.notes)
    assert not any("\n" in note or len(note) > 150 for note in statistics.notes)
    for name in set(FIGURES) - set(missing) - {"min_track_record_sessions"}:
        assert 0 <= getattr(statistics, name) <= 1


@pytest.fixture(scope="module")
def on_noise() -> list[SweepStatistics]:
    return [judged(noise(seed)) for seed in range(20)]


def test_luck_is_called_luck(on_noise: list[SweepStatistics]) -> None:
    assert np.mean([each.pbo for each in on_noise]) == pytest.approx(0.5, abs=0.15)
    # Of 20 uniform ones the mean is within 0.19 of a half in 997 of 1,000 cases.
    assert np.mean([each.spa_p for each in on_noise]) == pytest.approx(0.5, abs=0.19)
    assert np.mean([each.deflated_sharpe for each in on_noise]) < 0.65
    verdicts = [verdict_of(each) for each in on_noise]
    assert Verdict.STANDS not in verdicts
    assert verdicts.count(Verdict.LUCK) >= 14


def test_the_best_looks_good_on_noise(on_noise: list[SweepStatistics]) -> None:
    # Without this the test above would not show anything.
    assert min(each.sharpe or 0 for each in on_noise) > 1.2


def test_a_planted_edge_is_found() -> None:
    returns = noise(3)
    returns[:, 11] += 0.0035
    statistics = judged(returns)
    assert_told(statistics)
    assert statistics.pbo < 0.05
    assert statistics.spa_p < 0.01
    assert statistics.reality_check_p < 0.01
    assert statistics.deflated_sharpe > 0.97
    assert statistics.min_track_record_sessions < 250
    assert verdict_of(statistics) is Verdict.STANDS


def test_the_track_record_is_long_enough_just_where_the_deflated_ratio_shows_something() -> None:
    for drift in (0.0015, 0.002, 0.0025, 0.003, 0.0035):
        returns = noise(4)
        returns[:, 5] += drift
        statistics = judged(returns)
        needed = statistics.min_track_record_sessions or math.inf
        assert (needed <= 250) == (statistics.deflated_sharpe >= 0.95)


def test_the_sharpe_ratio_is_that_of_the_summary() -> None:
    returns = noise(5)
    best = int(np.argmax(returns.mean(axis=0) / returns.std(axis=0)))
    expected = ratios_of(returns[:, best], returns[:, best], 1.0).sharpe
    assert judged(returns).sharpe == pytest.approx(expected)


def test_the_same_seed_gives_the_same_figures_and_another_nearly_these() -> None:
    returns = noise(6)
    assert judged(returns) == judged(returns)
    assert judged(returns).spa_p == pytest.approx(judged(returns, seed=2).spa_p, abs=0.06)


def test_what_is_tried_twice_is_one_try() -> None:
    once = noise(7, sets=20)
    twice = np.concatenate((once, -0.0 + once, once[:, :5]), axis=1)
    one, other = judged(once), judged(twice)
    assert (other.trials, other.distinct_trials) == (45, 20)
    assert "25 of 45 sets did as another set did: counted once" in other.notes
    assert [getattr(other, name) for name in FIGURES] == [getattr(one, name) for name in FIGURES]


def test_more_tries_deflate_more() -> None:
    returns = noise(8, sets=400)
    best = int(np.argmax(returns[:, :10].mean(axis=0)))
    few, many = judge_sweep(returns[:, :10], best), judge_sweep(returns, best)
    assert few.sharpe == many.sharpe
    assert few.deflated_sharpe > many.deflated_sharpe + 0.05
    assert few.luck_sharpe < many.luck_sharpe


@pytest.mark.parametrize(("sets", "sessions"), [(6, 200), (300, 100)])
def test_sets_that_do_the_same_but_for_their_size_are_one(sets: int, sessions: int) -> None:
    rng = np.random.default_rng(9)
    same = rng.normal(0, 0.01, (sessions, 1)) * rng.uniform(1, 3, sets)
    assert effective_count(same) == pytest.approx(1)
    apart = rng.normal(0, 0.01, (sessions, sets))
    eigenvalues = np.linalg.eigvalsh(np.corrcoef(apart.T))
    expected = eigenvalues.sum() ** 2 / np.square(eigenvalues).sum()
    assert effective_count(apart) == pytest.approx(expected)


# What can be wrong with a sweep: its returns, and the figures that it then cannot have.


def test_no_set_at_all() -> None:
    assert_told(judged(np.zeros((100, 0))), *FIGURES)


def test_no_session_at_all() -> None:
    assert_told(judged(np.zeros((0, 3))), *FIGURES)


def test_one_set_only() -> None:
    statistics = judged(noise(11, sets=1) + 0.002)
    assert_told(statistics, "deflated_sharpe", "pbo")
    assert statistics.trials == 1


def test_the_same_set_many_times() -> None:
    assert_told(judged(np.repeat(noise(11, sets=1) + 0.002, 30, axis=1)), "deflated_sharpe", "pbo")


@pytest.mark.parametrize("sessions", [1, 2, 19])
def test_hardly_a_session(sessions: int) -> None:
    assert_told(judged(noise(12, sessions)), *FIGURES)


def test_a_month() -> None:
    statistics = judged(noise(13, 25) + 0.001)
    assert {"pbo", "spa_p", "reality_check_p"} <= {
        name for name in FIGURES if getattr(statistics, name) is None
    }
    assert statistics.deflated_sharpe is not None
    assert "25 sessions are fewer than 40" in said_of(statistics, "pbo")
    assert verdict_of(statistics) is Verdict.TOO_LITTLE


def test_sets_that_never_trade() -> None:
    statistics = judged(np.zeros((250, 30)))
    assert_told(statistics, *FIGURES)
    assert verdict_of(statistics) is Verdict.NO_TRADE
    some = noise(14, sets=30)
    with_idle = np.concatenate((some, np.zeros((250, 10))), axis=1)
    assert judged(with_idle).pbo == judged(some).pbo
    assert "10 of 40 sets made the same of every session: no tries" in judged(with_idle).notes


def test_returns_too_small_to_have_a_deviation_are_no_try() -> None:
    returns = noise(19, sets=4)
    returns[:, 2] = 0
    returns[7, 2] = 1e-300
    assert judge_sweep(returns, 0).distinct_trials == 3


def test_returns_that_never_change_are_no_infinite_ratio() -> None:
    returns = noise(15)
    returns[:, 3] = 0.01
    statistics = judge_sweep(returns, 3)
    assert statistics.deflated_sharpe is None
    assert statistics.sharpe is None
    assert verdict_of(statistics) is Verdict.TOO_LITTLE


@pytest.mark.parametrize("value", [math.nan, -math.inf, math.inf, -1.0, -1.7])
def test_an_account_that_lost_all_is_left_out(value: float) -> None:
    returns = noise(16)
    with_ruin = returns.copy()
    with_ruin[100, 8] = value
    # From below nothing an account that loses on has returns above nothing.
    with_ruin[101:, 8] = 0.5
    statistics = judge_sweep(with_ruin, 8)
    assert statistics.deflated_sharpe is None
    assert "1 of 40 sets lost all they had: left out" in statistics.notes
    best = int(np.argmax(np.delete(returns, 8, axis=1).mean(axis=0)))
    others = judge_sweep(np.delete(returns, 8, axis=1), best)
    assert (statistics.pbo, statistics.spa_p) == (others.pbo, others.spa_p)


def test_a_single_lucky_trade_is_no_skill() -> None:
    returns = noise(17)
    returns[:, 0] = 0
    returns[50, 0] = 0.3
    statistics = judge_sweep(returns, 0)
    assert statistics.deflated_sharpe is None
    assert "the best earned or lost in 1 sessions" in said_of(statistics, "deflated_sharpe")


def test_where_no_set_earns_nothing_looks_good() -> None:
    statistics = judged(noise(18) - 0.006)
    assert statistics.earning_trials == 0
    assert statistics.spa_p > 0.95
    assert statistics.reality_check_p > 0.95
    assert statistics.deflated_sharpe < 0.05
    assert verdict_of(statistics) is Verdict.NONE_EARNS
