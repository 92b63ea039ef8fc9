"""The settling side of a run: one account, and what it writes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from trading.backtest.frame import Frame
from trading.engine.book import Book, new_book
from trading.engine.entering import Entering
from trading.engine.tapes.trade_tape import FILLS, TRADES, Tape, new_tape
from trading.engine.workspace import Signals, new_scratch
from trading.gate.verdicts import Verdicts
from trading.market.bars import Floats, Integers, Prices
from trading.plan import RunPlan
from trading.rules import Rules


class Written:
    """Where an account writes: its equity by bar, and its fills and trades on tapes.

    `worth` is the equity that decisions saw, of no bars in a run that has none. `tape_rows` is how
    many fills a tape has room for at least. Another account may write over it all, which takes no
    memory anew.
    """

    def __init__(self, frame: Frame, tape_rows: int, *, has_decisions: bool) -> None:
        self.equity = np.full(frame.grid.rows, np.nan)
        self.worth = np.full(frame.grid.rows if has_decisions else 0, np.nan)
        self._tape_rows = max(tape_rows, 3 * frame.longest * frame.symbols)
        self.tapes: list[Tape] = [new_tape(self._tape_rows)]

    def begin_anew(self) -> None:
        """Forget what was written."""
        del self.tapes[1:]
        self.tapes[0].counts[:] = 0

    def begin_tape(self) -> None:
        """Go on with another tape."""
        self.tapes.append(new_tape(self._tape_rows))

    @property
    def fills(self) -> Floats:
        """Return the fills, one row each as `FillRow` names its columns."""
        return np.concatenate([tape.fills[: tape.counts[FILLS]] for tape in self.tapes])

    @property
    def trades(self) -> Floats:
        """Return the trades, one row each as `TradeRow` names its columns."""
        return np.concatenate([tape.trades[: tape.counts[TRADES]] for tape in self.tapes])


class Account:
    """The arguments of `settle_sessions`; `hours` are flatten and entry bars of each session."""

    def __init__(
        self,
        frame: Frame,
        plan: RunPlan,
        rules: Rules,
        hours: tuple[Integers, Integers],
        first_traded: int,
        written: Written,
    ) -> None:
        self.book: Book = new_book(frame.symbols, plan.capital)
        self.written = written
        self._first_row, self._first_traded = frame.first_row, first_traded
        # Of its scratch settling uses nothing that a strategy remembers.
        self._before_tape = (self.book, rules, new_scratch(frame.symbols, 0))
        self._of_sessions = (frame.first_row, *hours, frame.grid.start_us)

    def to_settle(
        self,
        room: Signals,
        entering: Entering,
        verdicts: Verdicts,
        prices: Prices,
        first: int,
        session: int,
        end: int,
    ) -> tuple[Any, ...]:
        """Return the arguments of `settle_sessions`; the room begins at the session `first`."""
        bounds = (int(self._first_row[first]), session, end, self._first_traded)
        return (
            *self._before_tape,
            self.written.tapes[-1],
            room,
            entering,
            *self._of_sessions,
            verdicts,
            prices,
            self.written.equity,
            self.written.worth,
            *bounds,
        )

    def settle(
        self,
        step: Callable[..., int],
        room: Signals,
        entering: Entering,
        verdicts: Verdicts,
        prices: Prices,
        first: int,
        end: int,
    ) -> None:
        """Settle sessions `[first, end)` that were read, on as many tapes as it takes."""
        session = first
        while session < end:
            session = step(*self.to_settle(room, entering, verdicts, prices, first, session, end))
            if session < end:
                self.written.begin_tape()
