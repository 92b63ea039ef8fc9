"""A future that reaches into the past is found, wherever it shows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from blocks.markets.random_walk import simulated_rows
from trading.backtest.checks.look_ahead_check import look_ahead_test
from trading.backtest.run import Outcome, run_backtest
from trading.engine.tapes.decision_log import log_of_rows
from trading.engine.tapes.trade_tape import DecisionRow
from trading.market.calendar import make_grid, sessions_between
from trading.market.panel import Panel
from trading.market.panel_loading import make_panel
from trading.plan import RunPlan, make_plan

SYMBOLS = ("AAA", "BBB", "CCC")
PLAN = make_plan(SYMBOLS, {"min_price": 5.0, "validation": True, "validation_threshold": 10.0})
SESSIONS = sessions_between("NYSE", date(2025, 6, 2), date(2025, 6, 6))


def panel() -> Panel:
    """Return a week of made bars."""
    rows = simulated_rows(SYMBOLS, SESSIONS, 5, seed=1)
    return make_panel(rows, make_grid(SESSIONS, 5), SYMBOLS)


def honest(panel: Panel, plan: RunPlan) -> Outcome:
    """Run the engine as it is."""
    return run_backtest(panel, plan, keep="all", compiled=False)


def ranked_by_the_last_close(panel: Panel, plan: RunPlan) -> Outcome:
    """Run an engine whose universe knows how the bars end."""
    outcome = honest(panel, plan)
    assert outcome.universe is not None
    outcome.universe.rank[:] = 1 + int(np.nansum(panel.close) * 100) % 1000
    return outcome


def scored_by_the_last_close(panel: Panel, plan: RunPlan) -> Outcome:
    """Run an engine whose scores know how the bars end."""
    outcome = honest(panel, plan)
    rows = outcome.decisions.copy()
    rows[:, DecisionRow._fields.index("score")] = np.nansum(panel.close)
    return replace(outcome, log=log_of_rows(rows))


def test_the_engine_that_trades_passes_and_its_universes_are_compared() -> None:
    result = look_ahead_test(panel(), PLAN, 4, 1, run=honest)
    without = replace(PLAN, strategy=PLAN.strategy.model_copy(update={"min_price": 0.0}))
    assert result.passed
    assert result.rows_compared > look_ahead_test(panel(), without, 4, 1, run=honest).rows_compared


@pytest.mark.parametrize(
    ("run", "table"),
    [
        (ranked_by_the_last_close, "symbol's place in the universe"),
        (scored_by_the_last_close, "decision"),
    ],
)
def test_what_is_judged_with_the_future_is_found(
    run: Callable[[Panel, RunPlan], Outcome], table: str
) -> None:
    result = look_ahead_test(panel(), PLAN, 4, 1, run=run)
    assert not result.passed
    assert {difference.table for difference in result.differences} == {table}
