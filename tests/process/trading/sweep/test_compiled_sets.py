"""Sweeps in machine code: equal to single backtests on any number of threads, which all end."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.unit.trading.sweep.drawn_sets import FIRST_TRADED, drawn_panel, drawn_plans
from trading.backtest.performance import summarise
from trading.backtest.run import run_backtest
from trading.engine.compile import engine_key
from trading.market.panel import Panel
from trading.plan import BUILT_IN, RunPlan
from trading.sweep.machine import FUNCTIONS, compile_function
from trading.sweep.run_sets import run_sets

SETS = 50
SOAKED_SETS, SOAKED_SEEDS = 500, 5


@pytest.fixture(scope="module")
def panel() -> Panel:
    """Return the small market of the sets."""
    return drawn_panel()


@pytest.mark.parametrize("strategy", sorted(BUILT_IN))
def test_sets_have_the_figures_of_single_backtests(
    panel: Panel, engine_cache: Path, strategy: str
) -> None:
    assert_equal_to_single_backtests(panel, drawn_plans(strategy, SETS, seed=7), engine_cache)


def test_what_an_installation_compiles_is_what_a_sweep_calls(
    panel: Panel, engine_cache: Path
) -> None:
    plans = drawn_plans("orb", 2, seed=8)
    assert len(list(run_sets(panel, plans, compiled=True, cache_folder=engine_cache))) == 2

    for number, function in enumerate(FUNCTIONS):
        assert compile_function(plans[0], number, engine_cache) == ""
        kept = engine_cache / engine_key(plans[0].strategy_module, function)
        # Arguments of other types would be a second piece of machine code.
        assert list(kept.rglob("*.1.nbc"))
        assert not list(kept.rglob("*.2.nbc"))


@pytest.mark.soak
@pytest.mark.parametrize("strategy", sorted(BUILT_IN))
@pytest.mark.parametrize("seed", range(100, 100 + SOAKED_SEEDS))
def test_many_more_sets_have_them_too(
    panel: Panel, engine_cache: Path, strategy: str, seed: int
) -> None:
    plans = drawn_plans(strategy, SOAKED_SETS, seed)
    assert_equal_to_single_backtests(panel, plans, engine_cache)


def assert_equal_to_single_backtests(
    panel: Panel, plans: Sequence[RunPlan], engine_cache: Path
) -> None:
    """Run the plans on one thread and on two, and each by itself, and compare every figure."""
    on = {"first_traded": FIRST_TRADED, "compiled": True, "cache_folder": engine_cache}
    found = [dict(run_sets(panel, plans, threads=threads, **on)) for threads in (1, 2)]
    traded = 0
    for place, plan in enumerate(plans):
        outcome = run_backtest(panel, plan, keep="none", **on)
        alone = summarise(outcome, panel.grid, plan.capital)
        assert found[0][place] == found[1][place] == alone
        traded += len(outcome.trades) > 0
    assert traded > len(plans) // 3


def test_a_sweep_that_is_left_early_leaves_no_thread(panel: Panel, engine_cache: Path) -> None:
    before = threading.active_count()
    results = run_sets(
        panel, drawn_plans("orb", SETS, 8), threads=2, compiled=True, cache_folder=engine_cache
    )
    next(results)
    assert threading.active_count() > before
    results.close()
    assert threading.active_count() == before
