"""What was traded in one window after the other, as one run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from trading.backtest.run import Outcome
from trading.engine.book import new_book
from trading.engine.tapes.decision_log import log_of_rows
from trading.engine.tapes.trade_tape import DecisionRow, FillRow, TradeRow
from trading.market.bars import Floats
from trading.market.calendar import Grid
from trading.plan import RunPlan


@dataclass(frozen=True)
class TradedRun:
    """A plan's outcome on the grid of the sessions that it traded, and of no others."""

    plan: RunPlan
    grid: Grid
    outcome: Outcome


def traded_run(plan: RunPlan, grid: Grid, outcome: Outcome) -> TradedRun:
    """Return a run without the sessions that only warmed its indicators."""
    later = grid.since(outcome.first_traded)
    return TradedRun(plan, later, replace(outcome, first_traded=0))


def idle_run(plan: RunPlan, grid: Grid) -> TradedRun:
    """Return what an account that trades nothing does: it keeps its capital."""
    nothing = np.zeros((0, len(FillRow._fields))), np.zeros((0, len(TradeRow._fields)))
    return TradedRun(plan, grid, _outcome(plan, grid, *nothing, np.full(grid.rows, plan.capital)))


def join_runs(runs: Sequence[TradedRun]) -> TradedRun:
    """Return runs of one account, at least one, as one in their order, without its decisions.

    Its plan is the first one with the symbols of all; what the gate found stays with each run.
    """
    symbols = tuple(dict.fromkeys(symbol for run in runs for symbol in run.plan.symbols))
    lengths = np.concatenate([np.diff(run.grid.first_row) for run in runs])
    grid = Grid(
        tuple(session for run in runs for session in run.grid.sessions),
        runs[0].grid.interval_minutes,
        np.concatenate(([0], np.cumsum(lengths))),
        np.concatenate([run.grid.start_us for run in runs]),
        np.concatenate([run.grid.end_us for run in runs]),
    )
    at = FillRow._fields.index("symbol"), TradeRow._fields.index("symbol")
    fills = [_renumbered(run.outcome.fills, at[0], run.plan.symbols, symbols) for run in runs]
    trades = [_renumbered(run.outcome.trades, at[1], run.plan.symbols, symbols) for run in runs]
    plan = replace(runs[0].plan, symbols=symbols)
    equity = np.concatenate([run.outcome.equity for run in runs])
    return TradedRun(
        plan, grid, _outcome(plan, grid, np.concatenate(fills), np.concatenate(trades), equity)
    )


def _renumbered(rows: Floats, at: int, theirs: Sequence[str], ours: Sequence[str]) -> Floats:
    numbers = np.array([ours.index(symbol) for symbol in theirs], dtype=np.float64)
    renumbered = rows.copy()
    renumbered[:, at] = numbers[rows[:, at].astype(np.int64)]
    return renumbered


def _outcome(plan: RunPlan, grid: Grid, fills: Floats, trades: Floats, equity: Floats) -> Outcome:
    left = float(equity[-1]) if len(equity) else plan.capital
    return Outcome(
        fills,
        trades,
        log_of_rows(np.zeros((0, len(DecisionRow._fields)))),
        equity,
        grid.start_us,
        0,
        new_book(len(plan.symbols), left),
        compiled=False,
    )
