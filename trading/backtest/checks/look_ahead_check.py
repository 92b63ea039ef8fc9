"""The look-ahead test: cutting the future off changes nothing that came before the cut.

It compares decisions, fills and the days' universes before the cut, and nothing else: with the
rest of its session cut off, a position is booked at its last price, which is an assumption about
the end of a session and not something that happened before the cut.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import numpy as np

from trading.backtest.run import Outcome, run_backtest
from trading.engine.tapes.trade_tape import DecisionRow, FillRow
from trading.errors import BadInput
from trading.market.bars import Floats
from trading.market.calendar import Grid, from_microseconds
from trading.market.panel import Panel
from trading.plan import RunPlan
from trading.reasons import LEG_ASSUMED_CLOSE

Run = Callable[[Panel, RunPlan], Outcome]


@dataclass(frozen=True, slots=True)
class Difference:
    """A cut that changed what came before it: at which bar's START, and the first change."""

    cut: datetime
    table: str
    at: datetime


@dataclass(frozen=True, slots=True)
class LookAheadResult:
    """How many cuts were tried, how much they had to compare, and those that changed the past.

    `rows_compared` counts decisions, fills and symbols judged before the cuts: with none, nothing
    was tested.
    """

    cuts: int
    rows_compared: int
    differences: tuple[Difference, ...]

    @property
    def passed(self) -> bool:
        """Return whether there was something to compare and no cut changed it."""
        return self.rows_compared > 0 and not self.differences


def look_ahead_test(
    panel: Panel,
    plan: RunPlan,
    cuts: int,
    seed: int,
    *,
    first_traded: int = 0,
    cache_folder: Path | None = None,
    run: Run | None = None,
) -> LookAheadResult:
    """Run a plan with the future cut off at random bars of traded sessions.

    The first `cuts` of a seed are also the first of a larger number. `run` is the engine to
    test, by default the one that trades. Raises BadInput when there is no bar to cut at.
    """

    def run_whole(panel: Panel, plan: RunPlan) -> Outcome:
        return run_backtest(
            panel, plan, first_traded=first_traded, keep="all", cache_folder=cache_folder
        )

    run = run or run_whole
    grid = panel.grid
    first_row = int(grid.first_row[min(first_traded, len(grid.sessions))])
    if cuts < 1 or grid.rows - first_row < 2:
        raise BadInput("there is no bar to cut the future off at", "Give at least 2 traded bars")
    whole, opening_bars = run(panel, plan), plan.rules().selection.opening_bars
    rng = np.random.default_rng(seed)
    compared = 0
    found: list[Difference] = []
    for _ in range(cuts):
        row = int(rng.integers(first_row + 1, grid.rows))
        part = run(cut_off(panel, row), plan)
        for table, whole_rows, part_rows in (
            ("decision", decisions_before(whole, grid, row), decisions_before(part, grid, row)),
            ("fill", fills_before(whole, grid, row), fills_before(part, grid, row)),
            (
                "symbol's place in the universe",
                universe_before(whole, grid, row, opening_bars),
                universe_before(part, grid, row, opening_bars),
            ),
        ):
            compared += len(whole_rows)
            at = _first_difference(whole_rows, part_rows)
            if at is not None:
                cut = from_microseconds(int(grid.start_us[row]))
                found.append(Difference(cut, table, from_microseconds(at)))
    return LookAheadResult(cuts, compared, tuple(found))


def cut_off(panel: Panel, row: int) -> Panel:
    """Return the panel up to the session of a row, every bar from that row on missing."""
    session = int(np.searchsorted(panel.grid.first_row, row, side="right")) - 1
    part = panel.until(session + 1)

    def hidden(values: Floats) -> Floats:
        kept = values.copy()
        kept[row:] = np.nan
        return kept

    return replace(
        part,
        open=hidden(part.open),
        high=hidden(part.high),
        low=hidden(part.low),
        close=hidden(part.close),
        volume=hidden(part.volume),
    )


def decisions_before(outcome: Outcome, grid: Grid, row: int) -> Floats:
    """Return the decisions at bars before a row of the grid."""
    decisions = outcome.decisions
    at: DecisionRow[Floats] = DecisionRow(*decisions.T)
    before: Floats = decisions[at.us < grid.start_us[row]]
    return before


def fills_before(outcome: Outcome, grid: Grid, row: int) -> Floats:
    """Return the fills in bars before a row, without the assumptions of the row's own session.

    An assumed close carries the START of the last bar but is made at the session's end.
    """
    fills = outcome.fills
    session = int(np.searchsorted(grid.first_row, row, side="right")) - 1
    session_us = grid.start_us[grid.first_row[session]]
    at: FillRow[Floats] = FillRow(*fills.T)
    assumed = (at.leg == LEG_ASSUMED_CLOSE) & (at.us >= session_us)
    before: Floats = fills[(at.us < grid.start_us[row]) & ~assumed]
    return before


def universe_before(outcome: Outcome, grid: Grid, row: int, opening_bars: int) -> Floats:
    """Return what selection judged before a row of the grid: a row a session and symbol.

    Columns: START of the opening's last bar, verdict, rank, and the values behind them.
    """
    universe = outcome.universe
    if universe is None:
        return np.zeros((0, 1))
    judged = grid.first_row[:-1] + opening_bars - 1
    sessions = np.flatnonzero((judged < row) & (judged < grid.first_row[1:]))
    values = (
        universe.reason,
        universe.rank,
        universe.price,
        universe.daily_atr,
        universe.daily_volume,
        universe.relative_opening_volume,
    )
    us = np.repeat(grid.start_us[judged[sessions]], universe.reason.shape[1])
    rows: Floats = np.column_stack(
        (us, *(column[sessions].reshape(-1) for column in values))
    ).astype(np.float64)
    return rows


def _first_difference(whole: Floats, part: Floats) -> int | None:
    """Return the START, in microseconds, of the first row that is not the same in both."""
    common = min(len(whole), len(part))
    left, right = whole[:common], part[:common]
    unequal = ((left != right) & ~(np.isnan(left) & np.isnan(right))).any(axis=1)
    if unequal.any():
        return int(left[int(np.argmax(unequal)), 0])
    longer = whole if len(whole) > common else part
    return int(longer[common, 0]) if len(longer) > common else None
