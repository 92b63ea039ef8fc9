"""Aggregate: turn a bar's rows into the one bar that the session consumes."""

from __future__ import annotations

import math

import numpy as np

from tasks.session.fetched_rows import FetchedRows
from tasks.session.runtime import SessionRuntime
from trading.market.bars import BarRows, Floats
from trading.market.calendar import to_microseconds
from trading.market.panel_loading import make_panel
from trading.reasons import Reason
from trading.session.events import BarClosed


def aggregate(runtime: SessionRuntime, bar: int, fetched: FetchedRows) -> BarClosed:
    """Return the bar that is consumed; a symbol without rows has none."""
    rows = fetched.rows if fetched.rows is not None else no_rows()
    symbols, gate = runtime.plan.symbols, runtime.state.gate
    panel = make_panel(rows, runtime.grid, symbols)
    given = {symbols[s] for s in set(rows.symbol.tolist())}
    feeds = [fetched.feeds.get(symbol, "") if symbol in given else "" for symbol in symbols]
    # Prices of feeds differ by nothing that matters; their volumes by a factor of thirty.
    reads_volume = runtime.plan.strategy.reads_volume()

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
        feeds,
        [reads_volume and gate.is_another_feed(*pair) for pair in zip(symbols, feeds, strict=True)],
        [symbol in fetched.late for symbol in symbols],
    )


def gates_of(runtime: SessionRuntime, bar: int) -> list[str]:
    """Return by symbol why no entry may be decided at this bar, "" where nothing forbids it."""
    gates = []
    for symbol in runtime.plan.symbols:
        if runtime.state.halt.is_halted:
            gates.append(Reason.HALTED.word)
        elif objection := runtime.desk.objection_to(symbol):
            gates.append(objection.word)
        elif runtime.is_missed(bar):
            gates.append(Reason.MISSED.word)
        elif symbol in runtime.plan.held:
            gates.append(Reason.NOT_TRADED.word)
        else:
            gates.append("")
    return gates


def no_rows() -> BarRows:
    """Return no rows at all."""
    whole, real = np.zeros(0, dtype=np.int64), np.zeros(0)
    return BarRows(whole, whole, real, real, real, real, real)
