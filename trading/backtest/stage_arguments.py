"""One run over a panel: its arrays, and what the engine's stages are called with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from trading.backtest.account import Account, Written
from trading.backtest.frame import Frame
from trading.backtest.reader import Reader, Remembered
from trading.engine.entering import new_entering
from trading.engine.tapes.decision_tape import new_decision_tape
from trading.engine.workspace import Signals, new_scratch, parts_of
from trading.market.bars import Floats, Integers
from trading.market.panel import Panel
from trading.parameters import StrategyParameters
from trading.plan import RunPlan


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
        frame = Frame(panel)
        self.first_row = frame.first_row
        self.symbols = frame.symbols
        self.rules = plan.rules()
        self.first_traded = first_traded
        self.decisions = new_decision_tape(
            frame.grid.rows, frame.symbols, is_wide=any(parts_of(self.rules))
        )
        hours = hours_of(frame, plan.strategy)
        self.reader = Reader(
            frame,
            plan,
            self.rules,
            plan.strategy.numbers(plan.interval_minutes),
            plan.reading(),
            hours[1],
            self.decisions,
            keep,
            first_traded,
            is_own=is_own,
        )
        self.written = Written(frame, tape_rows, has_decisions=True)
        self.account = Account(frame, plan, self.rules, hours, first_traded, self.written)
        self._keep, self._kept = keep, new_scratch(frame.symbols, 0)
        # Decisions are kept, or may be.
        self._no_entering = new_entering(0, frame.symbols)
        self.prices = self.reader.prices
        self.verdicts = self.reader.verdicts
        self.universe = self.reader.universe

    @property
    def close(self) -> Floats:
        """Return the closes as the run saw them, (bars, symbols)."""
        return self.prices.close

    def room(self, bars: int) -> Signals:
        """Return room for what the strategy says of so many bars."""
        return self.reader.room(bars)

    def to_read(self, room: Signals, first: int, session: int, end: int) -> tuple[Any, ...]:
        """Return the arguments of `read_sessions`; the room begins at the session `first`."""
        return self.reader.to_read(room, first, session, end)

    def read(self, step: Callable[..., int], room: Signals, first: int, end: int) -> None:
        """Read sessions `[first, end)`; bars that the gate rejects are missing from then on."""
        self.reader.read(step, room, first, end)
        self.prices = self.reader.prices

    def remembered(self) -> Remembered:
        """Return what reading leaves to later sessions, to go back to."""
        return self.reader.remembered()

    def go_back(self, remembered: Remembered, rows: slice) -> None:
        """Make as if the sessions in these rows had not been read."""
        self.reader.go_back(remembered, rows)

    def to_keep(self, room: Signals, session: int, end: int) -> tuple[Any, ...]:
        """Return the arguments of `keep_sessions` for sessions `[session, end)`."""
        bounds = (session, end, self.first_traded)
        return (self._kept, room, self.decisions, self._keep, self.first_row, *bounds)

    def to_settle(self, room: Signals, first: int, session: int, end: int) -> tuple[Any, ...]:
        """Return the arguments of `settle_sessions`; the room begins at the session `first`."""
        return self.account.to_settle(
            room, self._no_entering, self.verdicts, self.prices, first, session, end
        )

    def settle(self, step: Callable[..., int], room: Signals, first: int, end: int) -> None:
        """Settle sessions `[first, end)`, on as many tapes as it takes."""
        self.account.settle(step, room, self._no_entering, self.verdicts, self.prices, first, end)


def hours_of(frame: Frame, strategy: StrategyParameters) -> tuple[Integers, Integers]:
    """Return how many bars of each session end by the flatten time, and how many may enter."""
    flatten_bars = frame.bars_by(strategy.flatten_minutes)
    cutoff_bars = frame.bars_by(strategy.entry_cutoff_minutes)
    return flatten_bars, np.minimum(cutoff_bars, flatten_bars - 1)
