"""Sweeps over markets in which nothing can be earned, and over one in which something can.

The market's steps are of one cent and its costs nothing, so that no set can earn or lose in the
long run: with costs every set would lose, and p would lie near one instead of anywhere.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pytest

from benchmarks.luck import sweep, walk_market
from benchmarks.luck_bench import (
    EDGE,
    EDGE_SEEDS,
    NOISE_SEEDS,
    SETS,
    distance_from_uniform,
    judge_seeds,
)
from trading.statistics.judge_sweep import judge_sweep
from trading.statistics.verdict import Verdict, verdict_of


def test_a_small_sweep_over_a_walk_is_luck_and_over_an_edge_is_none() -> None:
    noise, edge = (
        judge_sweep(*sweep(walk_market(7, edge=e, last_date=date(2024, 4, 12)), 24, compiled=False))
        for e in (0.0, 3 * EDGE)
    )
    assert verdict_of(noise) is Verdict.LUCK
    assert noise.earning_trials > 0
    assert verdict_of(edge) is Verdict.STANDS
    assert edge.spa_p is not None
    assert noise.spa_p is not None
    assert edge.spa_p < 0.01 < noise.spa_p


@pytest.mark.soak
def test_noise_is_called_luck(engine_cache: Path) -> None:
    judged = judge_seeds(NOISE_SEEDS, cache_folder=engine_cache)
    assert all(each.trials == SETS for each in judged)
    assert distance_from_uniform([each.spa_p or 0 for each in judged]) > 0.01
    assert distance_from_uniform([each.reality_check_p or 0 for each in judged]) > 0.01
    assert np.mean([each.pbo for each in judged]) == pytest.approx(0.5, abs=0.1)
    assert np.mean([each.deflated_sharpe for each in judged]) < 0.5
    verdicts = [verdict_of(each) for each in judged]
    # One in twenty would pass one of the tests; to stand, a best has to pass three.
    assert verdicts.count(Verdict.STANDS) <= 2
    assert verdicts.count(Verdict.LUCK) >= 40


@pytest.mark.soak
def test_a_planted_edge_is_found(engine_cache: Path) -> None:
    judged = judge_seeds(EDGE_SEEDS, edge=EDGE, cache_folder=engine_cache)
    for each in judged:
        assert each.spa_p is not None
        assert each.deflated_sharpe is not None
        assert each.spa_p < 0.01
        assert each.deflated_sharpe > 0.85
    assert np.mean([each.pbo for each in judged]) < 0.25
    verdicts = [verdict_of(each) for each in judged]
    assert Verdict.LUCK not in verdicts
    assert verdicts.count(Verdict.STANDS) >= len(judged) * 0.7
