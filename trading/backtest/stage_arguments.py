"""One run over a panel: its arrays, and what the engine's stages are called with."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any, NamedTuple

import numpy as np

from trading.engine.book import new_book
from trading.engine.decision_tape import new_decision_tape
from trading.engine.trade_tape import Tape, new_tape
from trading.engine.workspace import Signals, new_scratch, new_signals, parts_of
from trading.gate.state import GateState, copied, new_gate
from trading.gate.verdicts import new_extremes, new_verdicts
from trading.indicators.daily_feed import feed_daily
from trading.indicators.past import Past, copied_past, new_past
from trading.market.bars import Floats, Integers, Panel, Prices
from trading.market.daily_bars import days_of, no_daily
from trading.plan import RunPlan
from trading.selection.universe import new_universe


class Remembered(NamedTuple):
    """Copies of what reading leaves to later sessions."""

    past: Past
    gate: GateState
    counts: Integers


class PanelRun:
    """The arguments of `read_sessions`, `settle_sessions` and `keep_sessions`.

    `keep` is one of KEEP_*; sessions before `first_traded` only warm the indicators. `tape_rows`
    is how many fills a tape has room for at least. With `is_own` the panel's arrays are nobody
    else's.
    """

    def __init__(
        self,
        panel: Panel,
        plan: RunPlan,
        keep: int,
        first_traded: int,
        tape_rows: int,
        *,
        is_own: bool = False,
    ) -> None:
        grid = panel.grid
        symbols = len(panel.symbols)
        self.first_row = grid.first_row
        self.symbols = symbols
        self.rules = plan.rules()
        self.first_traded = first_traded
        self.book = new_book(symbols, plan.capital)
        self.equity, self.worth = np.full(grid.rows, np.nan), np.full(grid.rows, np.nan)
        self._parts = parts_of(self.rules)
        self.decisions = new_decision_tape(grid.rows, symbols, is_wide=any(self._parts))
        longest = int(np.max(np.diff(grid.first_row), initial=0))
        self._tape_rows = max(tape_rows, 3 * longest * symbols)
        self.tapes: list[Tape] = [new_tape(self._tape_rows)]
        self.prices = Prices(*map(_by_row, panel.prices))
        # The panel's arrays, which others read too, until there is a bar to be cleared in them.
        self._is_own = is_own
        self.verdicts = new_verdicts(grid.rows, symbols)
        reading = plan.reading()
        self.universe = new_universe(
            len(grid.sessions), symbols, is_selected=self.rules.selection.opening_bars > 0
        )
        scratch = new_scratch(symbols, plan.strategy_module.MEMORY)
        self._scratch, self._keep = scratch, keep
        flatten_bars = _bars_by(panel, plan.strategy.flatten_minutes)
        cutoff_bars = _bars_by(panel, plan.strategy.entry_cutoff_minutes)
        entry_bars = np.minimum(cutoff_bars, flatten_bars - 1)
        self._past = new_past(reading.studies, symbols)
        self._gate = new_gate(symbols)
        if panel.daily is not None and grid.sessions:
            feed_daily(reading.studies, self._past.state, panel.daily, grid.sessions[0].date)
        self._before_room = (
            self.rules,
            plan.strategy.numbers(plan.interval_minutes),
            reading,
            self._past,
            self.universe,
            days_of(grid.sessions),
            no_daily(symbols) if panel.daily is None else panel.daily.of_sessions(grid.sessions),
            plan.thresholds(),
            self._gate,
            new_extremes(symbols),
            self.verdicts,
            scratch,
        )
        self._after_room = (
            self.decisions,
            keep,
            grid.first_row,
            entry_bars,
        )
        self._before_tape = (self.book, self.rules, scratch)
        self._of_sessions = (grid.first_row, flatten_bars, entry_bars, grid.start_us, self.verdicts)

    @property
    def close(self) -> Floats:
        """Return the closes as the run saw them, (bars, symbols)."""
        return self.prices.close

    def room(self, bars: int) -> Signals:
        """Return room for what the strategy says of so many bars."""
        return new_signals(bars, self.symbols, self._parts)

    def to_read(self, room: Signals, first: int, session: int, end: int) -> tuple[Any, ...]:
        """Return the arguments of `read_sessions`; the room begins at the session `first`."""
        bounds = (int(self.first_row[first]), session, end, self.first_traded)
        return (
            *self._before_room,
            room,
            *self._after_room,
            self.prices,
            self._is_own,
            *bounds,
        )

    def read(self, step: Callable[..., int], room: Signals, first: int, end: int) -> None:
        """Read sessions `[first, end)`; bars that the gate rejects are missing from then on."""
        session = step(*self.to_read(room, first, first, end))
        if session < end:
            # Whoever settles earlier sessions meanwhile may do so on either copy.
            self.prices = Prices(*(values.copy() for values in self.prices))
            self._is_own = True
            step(*self.to_read(room, first, session, end))

    def remembered(self) -> Remembered:
        """Return what reading leaves to later sessions, to go back to."""
        return Remembered(copied_past(self._past), copied(self._gate), self.decisions.counts.copy())

    def go_back(self, remembered: Remembered, rows: slice) -> None:
        """Make as if the sessions in these rows had not been read."""
        for one, other in zip(self._past, remembered.past, strict=True):
            one[:] = other
        for values, others in zip(self._gate, remembered.gate, strict=True):
            values[:] = others
        self.decisions.counts[:] = remembered.counts
        told = rows.start + np.flatnonzero(self.verdicts.is_told[rows])
        for each in self.verdicts:
            each[told] = 0

    def to_keep(self, room: Signals, session: int, end: int) -> tuple[Any, ...]:
        """Return the arguments of `keep_sessions` for sessions `[session, end)`."""
        bounds = (session, end, self.first_traded)
        return (self._scratch, room, self.decisions, self._keep, self.first_row, *bounds)

    def to_settle(self, room: Signals, first: int, session: int, end: int) -> tuple[Any, ...]:
        """Return the arguments of `settle_sessions`; the room begins at the session `first`."""
        bounds = (int(self.first_row[first]), session, end, self.first_traded)
        return (
            *self._before_tape,
            self.tapes[-1],
            room,
            *self._of_sessions,
            self.prices,
            self.equity,
            self.worth,
            *bounds,
        )

    def settle(self, step: Callable[..., int], room: Signals, first: int, end: int) -> None:
        """Settle sessions `[first, end)`, on as many tapes as it takes."""
        session = first
        while (session := step(*self.to_settle(room, first, session, end))) < end:
            self.tapes.append(new_tape(self._tape_rows))


def _by_row(values: Floats) -> Floats:
    # Machine code is for one layout; nearly every panel has it and is not copied.
    return np.require(values, np.float64, ("C", "W"))


def _bars_by(panel: Panel, minutes: int) -> Integers:
    interval = panel.grid.interval_minutes
    # Sessions are many and their lengths few.
    known: dict[timedelta, int] = {}
    for session in panel.grid.sessions:
        length = session.close - session.open
        if length not in known:
            known[length] = session.bars_ended_by(minutes, interval)
    bars = [known[session.close - session.open] for session in panel.grid.sessions]
    return np.array(bars, dtype=np.int64)
