"""The levels that a strategy draws, bar by bar, under the names that its file gives them."""

from __future__ import annotations

import numpy as np

from blocks.report.html.packed_numbers import LARGEST, zigzag
from blocks.report.run import ReportRun
from trading.market.bars import Floats, Integers
from trading.plan import RunPlan
from trading.prices import UNITS_PER_DOLLAR
from trading.strategies.orb_parameters import OrbParameters


def range_minutes(plan: RunPlan) -> int:
    """Return how long the opening range is, which the page draws from its candles; 0 for none."""
    return plan.strategy.range_minutes if isinstance(plan.strategy, OrbParameters) else 0


def drawn_levels(plan: RunPlan) -> list[str]:
    """Return the names of the levels that the page is given; it knows the opening range itself."""
    return [] if range_minutes(plan) else list(plan.levels)


def levels_of_days(run: ReportRun, days: Integers) -> Integers:
    """Return the drawn levels of days, (session, symbol) a row, as one row of numbers.

    Day by day, level by level, bar by bar: 0 for none, else 1 + the change since the last, zigzag,
    in 0.0001 USD.
    """
    names, log, first_row = drawn_levels(run.plan), run.outcome.log, run.panel.grid.first_row
    if not names or not len(log):
        return np.zeros(0, dtype=np.int64)
    row_of_bar, decided = np.zeros((2, run.panel.grid.rows), dtype=np.int64)
    at_row = np.searchsorted(run.panel.grid.start_us, log.start_us)
    row_of_bar[at_row], decided[at_row] = log.tape.range_row, log.at_bar
    found = []
    for session, symbol in days[:, :2].tolist():
        bars = slice(first_row[session], first_row[session + 1])
        row = row_of_bar[bars]
        begin = int(np.argmax(decided[bars] > 0))
        # Of a bar in which nobody decided no levels are kept; the rows of the others only rise.
        is_kept = (row >= row[begin]) & (np.arange(len(row)) >= begin) & decided[bars].any()
        for level in range(len(names)):
            values = np.where(is_kept, log.tape.ranges[row, level, symbol], np.nan)
            found.append(_changes(values))
    return np.concatenate(found) if found else np.zeros(0, dtype=np.int64)


def _changes(values: Floats) -> Integers:
    units = np.floor(values * UNITS_PER_DOLLAR + 0.5)
    # A strategy's memory begins a session with zeros, and no price is zero.
    known = np.flatnonzero(np.isfinite(units) & (units != 0) & (abs(units) * 2 < LARGEST))
    numbers = np.zeros(len(values), dtype=np.int64)
    steps: Integers = np.diff(units[known].astype(np.int64), prepend=np.int64(0)).astype(np.int64)
    numbers[known] = 1 + zigzag(steps)
    return numbers
