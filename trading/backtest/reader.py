"""The reading side of a run: what the gate and the strategy see, whatever the account."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from trading.backtest.frame import Frame
from trading.engine.reading import Reading
from trading.engine.tapes.decision_tape import DecisionTape
from trading.engine.workspace import Signals, new_scratch, new_signals, parts_of
from trading.gate.state import GateState, copied, new_gate
from trading.gate.thresholds import GateThresholds
from trading.gate.verdicts import Verdicts, new_extremes, new_verdicts
from trading.indicators.daily_feed import feed_daily
from trading.indicators.past import Past, copied_past, new_past
from trading.market.bars import Integers, Prices
from trading.plan import RunPlan
from trading.rules import Rules
from trading.selection.universe import new_universe


class Remembered(NamedTuple):
    """Copies of what reading leaves to later sessions."""

    past: Past
    gate: GateState
    counts: Integers


class Judged(NamedTuple):
    """What the gate made of all bars of a frame: another reading may begin from it.

    `prices` are without the bars that `verdicts` reject, `restored` (sessions, symbols) is what
    the gate restores at each session's end.
    """

    prices: Prices
    verdicts: Verdicts
    restored: NDArray[np.bool_]


class Reader:
    """The arguments of `read_sessions`.

    `numbers` are what the strategy reads of the plan, `entry_bars` is how many bars of each session
    may decide to enter; sessions before `first_traded` only warm the indicators. With `is_own` the
    frame's prices are nobody else's. `judged` is what another reading left whose gate has the same
    thresholds.
    """

    def __init__(
        self,
        frame: Frame,
        plan: RunPlan,
        rules: Rules,
        numbers: NamedTuple,
        reading: Reading,
        entry_bars: Integers,
        decisions: DecisionTape,
        keep: int,
        first_traded: int,
        *,
        is_own: bool,
        judged: Judged | None = None,
    ) -> None:
        sessions, symbols = frame.grid.sessions, frame.symbols
        self.prices = frame.prices
        # The panel's arrays, which others read too, until there is a bar to be cleared in them.
        self._is_own = is_own
        if judged is None:
            self.verdicts = new_verdicts(frame.grid.rows, symbols)
            self._restored = np.zeros((len(sessions), symbols), dtype=np.bool_)
        else:
            self.prices, self.verdicts, self._restored = judged
        self.universe = new_universe(
            len(sessions), symbols, is_selected=rules.selection.opening_bars > 0
        )
        self._symbols, self._parts = symbols, parts_of(rules)
        self._decisions, self._first_row = decisions, frame.first_row
        self._first_traded = first_traded
        self._past = new_past(reading.studies, symbols)
        self._gate = new_gate(symbols)
        if frame.panel.daily is not None and sessions:
            feed_daily(reading.studies, self._past.state, frame.panel.daily, sessions[0].date)
        self._before_room = (
            rules,
            numbers,
            reading,
            self._past,
            self.universe,
            frame.days,
            frame.daily,
            _thresholds_for(frame, plan),
            self._gate,
            new_extremes(symbols),
            self.verdicts,
            self._restored,
            judged is not None,
            new_scratch(symbols, plan.strategy_module.MEMORY),
        )
        self._after_room = (decisions, keep, frame.first_row, entry_bars)

    @property
    def judged(self) -> Judged:
        """Return what the gate made of the bars, once all sessions were read."""
        return Judged(self.prices, self.verdicts, self._restored)

    def room(self, bars: int) -> Signals:
        """Return room for what the strategy says of so many bars."""
        return new_signals(bars, self._symbols, self._parts)

    def to_read(self, room: Signals, first: int, session: int, end: int) -> tuple[Any, ...]:
        """Return the arguments of `read_sessions`; the room begins at the session `first`."""
        bounds = (int(self._first_row[first]), session, end, self._first_traded)
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
        return Remembered(
            copied_past(self._past), copied(self._gate), self._decisions.counts.copy()
        )

    def go_back(self, remembered: Remembered, rows: slice) -> None:
        """Make as if the sessions in these rows had not been read."""
        for one, other in zip(self._past, remembered.past, strict=True):
            one[:] = other
        for values, others in zip(self._gate, remembered.gate, strict=True):
            values[:] = others
        self._decisions.counts[:] = remembered.counts
        told = rows.start + np.flatnonzero(self.verdicts.is_told[rows])
        for each in self.verdicts:
            each[told] = 0


def _thresholds_for(frame: Frame, plan: RunPlan) -> GateThresholds:
    """Return a plan's thresholds, without the check that no bar of the frame can fail.

    Volumes that nobody reads need not come from memory: they are a fifth of all that does.
    """
    thresholds = plan.thresholds()
    is_looked_at = thresholds.zero_volume and frame.panel.has_zero_volume
    return thresholds._replace(zero_volume=is_looked_at)
