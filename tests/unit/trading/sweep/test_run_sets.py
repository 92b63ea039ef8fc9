"""A sweep's figures are those of single backtests, and a sweep left early leaves nothing behind."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from blocks.strategy_file import load_strategy
from tests.unit.trading.sweep.drawn_sets import (
    FIRST_TRADED,
    SYMBOLS,
    drawn_panel,
    drawn_plans,
)
from trading.backtest.frame import Frame
from trading.backtest.performance import summarise
from trading.backtest.run import run_backtest
from trading.errors import BadInput
from trading.market.panel import Panel
from trading.plan import BUILT_IN, make_plan
from trading.sweep.readings import sets_by_reading
from trading.sweep.run_sets import run_sets

SETS = 15


@pytest.fixture(scope="module")
def panel() -> Panel:
    """Return the small market of the sets."""
    return drawn_panel()


@pytest.mark.parametrize("strategy", sorted(BUILT_IN))
def test_sets_have_the_figures_of_single_backtests(panel: Panel, strategy: str) -> None:
    plans = drawn_plans(strategy, SETS, seed=1)
    before = [values.copy() for values in panel.prices]
    found = dict(run_sets(panel, plans, first_traded=FIRST_TRADED, compiled=False))
    assert sorted(found) == list(range(SETS))
    traded = 0
    for place, plan in enumerate(plans):
        outcome = run_backtest(panel, plan, first_traded=FIRST_TRADED, keep="none", compiled=False)
        assert found[place] == summarise(outcome, panel.grid, plan.capital)
        traded += len(outcome.trades) > 0
    assert traded > SETS // 3
    for values, others in zip(before, panel.prices, strict=True):
        np.testing.assert_array_equal(values, others)


def test_sets_that_differ_in_risk_and_exits_alone_are_read_once(panel: Panel) -> None:
    settings = [{}, {"max_positions": 1}, {"trailing": "breakeven"}, {"slippage_bps": 1.0}]
    others = [{"min_body": 0.1}, {"entry_cutoff_minutes": 0}, {"gate_spike": 0.1}, {"min_body": 0}]
    plans = [
        make_plan(SYMBOLS, {"range_minutes": 15, **each}, interval_minutes=15)
        for each in [*settings, *others]
    ]
    alike, refused = sets_by_reading(Frame(panel), plans)
    assert refused == []
    assert [[one.place for one in each.sets] for each in alike] == [
        [0, 1, 2, 3],
        [4],
        [5],
        [7],
        [6],
    ]


@pytest.mark.parametrize(
    ("strategy", "target", "values"),
    [
        ("orb", {"target": "range"}, {"target_multiple": (0.3, 1.0, 2.7)}),
        ("orb", {"target": "atr"}, {"target_multiple": (0.3, 1.0, 2.7)}),
        ("orb", {"target": "daily_atr"}, {"target_multiple": (0.03, 0.1)}),
        ("orb", {"target": "r"}, {"target_multiple": (0.3, 1.0, 2.7)}),
        ("orb", {"target": "percent"}, {"target_pct": (0.0013, 0.01)}),
        ("ema_trend", {}, {"target_r": (0.0, 0.3, 2.7)}),
    ],
)
def test_sets_that_differ_in_how_far_targets_are_are_read_once(
    panel: Panel,
    strategy: str,
    target: dict[str, Any],
    values: dict[str, tuple[float, ...]],
) -> None:
    ((name, tried),) = values.items()
    settings = {"strategy": strategy, **target}
    if strategy == "orb":
        settings |= {"range_minutes": 15, "min_body": -0.5, "max_entries": 3}
    plans = [
        make_plan(SYMBOLS, {**settings, name: value}, interval_minutes=15, capital=100_000.0)
        for value in tried
    ]
    alike, _ = sets_by_reading(Frame(panel), plans)
    assert [len(each.sets) for each in alike] == [len(tried)]
    found = dict(run_sets(panel, plans, first_traded=FIRST_TRADED, compiled=False))
    single = []
    for place, plan in enumerate(plans):
        outcome = run_backtest(panel, plan, first_traded=FIRST_TRADED, keep="none", compiled=False)
        single.append(summarise(outcome, panel.grid, plan.capital))
        assert found[place] == single[-1]
    assert len({each.total_pnl for each in single}) == len(tried)


def test_a_strategy_that_raises_for_some_sets_refuses_those_in_a_line(
    panel: Panel, tmp_path: Path
) -> None:
    file = tmp_path / "halves.py"
    file.write_text(
        """
import math
from typing import NamedTuple
from pydantic import Field
from trading.entries import no_entry
from trading.parameters import StrategyParameters
from trading.reasons import NO_DECISION
MEMORY = 2
class Numbers(NamedTuple):
    share: int
class Parameters(StrategyParameters):
    share: int = Field(1, ge=0, le=9)
    def numbers(self, interval_minutes):
        return Numbers(self.share)
def observe(numbers, memory, bar, read):
    memory[0] = 4 // numbers.share
def signal(numbers, memory, bar, read):
    return no_entry(NO_DECISION)
"""
    )
    module = load_strategy(file)
    plans = [
        make_plan(SYMBOLS, {"share": share}, interval_minutes=15, strategy_module=module)
        for share in (1, 0, 2)
    ]
    found = dict(run_sets(panel, plans, compiled=False))
    why = found[1]
    assert isinstance(why, BadInput)
    assert "halves.py, line" in why.what
    assert "numbers.share = 0" in why.what
    assert not any(isinstance(found[place], BadInput) for place in (0, 2))


def test_progress_is_told_of_every_set(panel: Panel) -> None:
    plans = drawn_plans("orb", 3, seed=2)
    told: list[tuple[int, int]] = []
    list(run_sets(panel, plans, compiled=False, progress=lambda *now: told.append(now)))
    assert told == [(1, 3), (2, 3), (3, 3)]


def test_no_plans_give_no_results(panel: Panel) -> None:
    assert list(run_sets(panel, [])) == []


def test_a_panel_without_traded_sessions_has_empty_figures(panel: Panel) -> None:
    plan = drawn_plans("orb", 1, seed=3)[0]
    sessions = len(panel.grid.sessions)
    ((_, found),) = run_sets(panel, [plan], first_traded=sessions, compiled=False)
    outcome = run_backtest(panel, plan, first_traded=sessions, keep="none", compiled=False)
    assert found == summarise(outcome, panel.grid, plan.capital)
