"""Aggregate: turn a bar's rows into the one bar that the session consumes."""

from __future__ import annotations

import math

import numpy as np

from tasks.session.fetched_rows import FetchedRows
from tasks.session.runtime import SessionRuntime
from trading.market.bars import BarRows, Floats
from trading.market.calendar import to_microseconds
from trading.market.panel_loading import make_panel
from trading.reasons import HALTED, MISSED, NOT_TRADED, RECONCILIATION
from trading.session.events import BarClosed


def aggregate(runtime: SessionRuntime, bar: int, fetched: FetchedRows) -> BarClosed:
    """Return the bar that is consumed; a symbol without rows has none."""
    rows = fetched.rows if fetched.rows is not None else no_rows()
    panel = make_panel(rows, runtime.grid, runtime.plan.symbols)

    def values(column: Floats) -> list[float | None]:
        return [None if math.isnan(value) else value for value in column[bar].tolist()]

    return BarClosed(
        runtime.name,
        bar,
        int(runtime.grid.start_us[bar]),
        values(panel.open),
        values(panel.high),
        values(panel.low),
        values(panel.close),
        values(panel.volume),
        gates_of(runtime, bar),
        [runtime.market.name],
        to_microseconds(runtime.clock.now()),
    )


def gates_of(runtime: SessionRuntime, bar: int) -> list[int]:
    """Return by symbol why no entry may be decided at this bar, 0 where nothing forbids it."""
    gates = []
    for symbol in runtime.plan.symbols:
        if runtime.state.halt.is_halted:
            gates.append(HALTED)
        elif runtime.desk.is_blocked(symbol):
            gates.append(RECONCILIATION)
        elif runtime.is_missed(bar):
            gates.append(MISSED)
        elif symbol in runtime.plan.held:
            gates.append(NOT_TRADED)
        else:
            gates.append(0)
    return gates


def no_rows() -> BarRows:
    """Return no rows at all."""
    whole, real = np.zeros(0, dtype=np.int64), np.zeros(0)
    return BarRows(whole, whole, real, real, real, real, real)
