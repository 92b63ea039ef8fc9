"""The statistics held to those of arch and purgedcv, whose import takes seconds."""

from __future__ import annotations

import numpy as np
import pytest

from tests.unit.trading.statistics.test_superiority import market
from trading.market.bars import Floats, Integers
from trading.statistics.overfitting import overfitting_probability
from trading.statistics.resampling import counts_of
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
def test_the_same_draws_give_the_reality_check_of_arch(seed: int, run: int) -> None:
    returns = market(seed)
    ours = superiority_of(returns, counts_of(draws_of_arch(returns, run, seed)))
    # We count the sweep itself too, so that no p is nothing.
    expected = (1 + RESAMPLES * p_of_arch(returns, run, seed, "upper")) / (1 + RESAMPLES)
    assert ours.reality_check_p == pytest.approx(expected)


@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_the_same_draws_give_nearly_the_spa_of_arch(seed: int) -> None:
    returns = market(seed, sessions=800)
    ours = superiority_of(returns, counts_of(draws_of_arch(returns, 3, seed)))
    # arch weighs no mean by its error, of returns that are scaled it has not to. We weigh those of
    # resamples by the resample's own. Where no set earns, we leave none out for being bad.
    which = "consistent" if returns.mean(axis=0).max() > 0 else "upper"
    scaled = returns / returns.std(axis=0)
    assert ours.spa_p == pytest.approx(p_of_arch(scaled, 3, seed, which), abs=0.03)
