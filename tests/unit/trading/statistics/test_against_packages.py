"""The statistics held to those of arch and purgedcv, whose import takes seconds."""

from __future__ import annotations

import numpy as np
import pytest

from tests.unit.trading.statistics.test_superiority import market
from trading.market.bars import Floats, Integers
from trading.statistics.overfitting import overfitting_probability
from trading.statistics.resampling import counts_of, draw_sessions, variances_of_mean
from trading.statistics.sharpe import (
    expected_best_sharpe,
    probability_above,
    sessions_to_show,
    track_record_of,
)
from trading.statistics.superiority import superiority_of

RESAMPLES = 400


def test_what_a_sharpe_ratio_is_worth_is_as_purgedcv_has_it() -> None:
    from purgedcv import deflated_sharpe_ratio, min_track_record_length

    returns = np.random.default_rng(3).standard_t(5, 4000) * 0.01 + 0.0012
    record = track_record_of(returns)
    luck = expected_best_sharpe(50, 0.02**2)
    # It takes other estimates of deviation, skewness and kurtosis, which differ by a session.
    assert probability_above(record, luck) == pytest.approx(
        deflated_sharpe_ratio(returns, 50, 0.02**2), abs=1e-3
    )
    assert sessions_to_show(record, luck) == min_track_record_length(
        record.sharpe, luck, 0.05, record.skewness, record.kurtosis
    )


def test_the_probability_of_overfitting_is_that_of_purgedcv() -> None:
    from purgedcv import probability_of_backtest_overfitting

    returns = np.random.default_rng(4).normal(0.0005, 0.01, (120, 8))
    expected = probability_of_backtest_overfitting(returns.T, n_splits=8).pbo
    # Of an even number of sets that all differ none is in the middle, which it would not count.
    assert overfitting_probability(returns, 8) == expected


def draws_of_arch(returns: Floats, run: int, seed: int) -> Integers:
    from arch.bootstrap import StationaryBootstrap

    bootstrap = StationaryBootstrap(run, returns, seed=seed)
    return np.array([bootstrap.update_indices() for _ in range(RESAMPLES)])


def p_of_arch(returns: Floats, run: int, seed: int, which: str) -> float:
    from arch.bootstrap import SPA

    # Its models have losses; ours is how much less they lose than doing nothing.
    spa = SPA(np.zeros(len(returns)), -returns, block_size=run, reps=RESAMPLES, seed=seed)
    spa.compute()
    return float(spa.pvalues[which])


@pytest.mark.parametrize("run", [1, 5, 12])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_same_draws_give_the_p_of_arch(seed: int, run: int) -> None:
    returns = market(seed)
    earns = returns.mean(axis=0).max() > 0
    assert earns == (seed != 2)
    counts = counts_of(draws_of_arch(returns, run, seed))
    ours = superiority_of(returns, counts, run)
    # arch does not divide by the errors, which Hansen does: scaled returns have errors of one.
    scaled = returns / np.sqrt(variances_of_mean(returns, run))
    spa, check = (
        # Where no set earns, none is left out for being bad.
        p_of_arch(scaled, run, seed, "consistent" if earns else "upper"),
        p_of_arch(returns, run, seed, "upper"),
    )
    # We count the sweep itself too, so that no p is nothing.
    assert ours.spa_p == pytest.approx((1 + RESAMPLES * spa) / (1 + RESAMPLES))
    assert ours.reality_check_p == pytest.approx((1 + RESAMPLES * check) / (1 + RESAMPLES))


def test_draws_of_our_own_give_nearly_the_p_of_arch() -> None:
    returns = market(8)
    drawn = draw_sessions(len(returns), 4000, np.random.default_rng(1), 5)
    ours = superiority_of(returns, counts_of(drawn), 5)
    scaled = returns / np.sqrt(variances_of_mean(returns, 5))
    assert ours.spa_p == pytest.approx(p_of_arch(scaled, 5, 9, "consistent"), abs=0.08)
    assert ours.reality_check_p == pytest.approx(p_of_arch(returns, 5, 9, "upper"), abs=0.08)
