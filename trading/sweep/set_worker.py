"""One thread's work in a sweep: sets that are read alike, read once and settled each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from threading import Event
from typing import NamedTuple

import numpy as np

from trading.backtest.account import Account, Written
from trading.backtest.frame import Frame
from trading.backtest.performance import Summary, summarise
from trading.backtest.pipeline import parts_of_sessions
from trading.backtest.reader import Judged, Reader
from trading.backtest.run import strategy_explained
from trading.engine.compile import called_at_once
from trading.engine.entering import new_entering
from trading.engine.tapes.decision_tape import KEEP_NONE, new_decision_tape
from trading.engine.workspace import Parts, Signals
from trading.errors import BadInput
from trading.gate.thresholds import GateThresholds
from trading.market.bars import Floats, Integers
from trading.sweep.machine import Machine
from trading.sweep.readings import ReadAlike, ReadySet

# A thread settles so many sets on what was read while it is in the processor's cache, fewer where
# their equity by bar would take more than this.
MOST_SETS_AT_A_TIME = 16
_MOST_BYTES_OF_EQUITY = 24 << 20
# What an account looks at of so many is in the cache that a core has to itself: settling takes
# half the time that it takes with as many as a backtest hands from thread to thread.
BARS_AT_A_TIME = 16_384
# Of one tape; an account that needs more goes on with another.
_TAPE_ROWS = 16_384

Result = tuple[int, Summary | BadInput]


class SetCourse(NamedTuple):
    """What of a run its summary is made of, as an `Outcome` has it."""

    fills: Floats
    trades: Floats
    equity: Floats
    equity_us: Integers
    first_traded: int


def sets_at_a_time(frame: Frame) -> int:
    """Return how many sets that are read alike a thread has in hand at once."""
    bytes_a_set = max(1, frame.grid.rows * np.dtype(np.float64).itemsize)
    return max(1, min(MOST_SETS_AT_A_TIME, _MOST_BYTES_OF_EQUITY // bytes_a_set))


class SetWorker:
    """What a thread keeps from one piece of work to the next, so that no set takes memory anew."""

    def __init__(
        self,
        frame: Frame,
        machine: Machine,
        first_traded: int,
        stopped: Event,
    ) -> None:
        self._frame, self._machine = frame, machine
        self._first_traded, self._stopped = first_traded, stopped
        self._parts = list(
            parts_of_sessions(
                frame.first_row, frame.symbols, len(frame.grid.sessions), BARS_AT_A_TIME
            )
        )
        self._most_rows = max(
            (int(frame.first_row[end] - frame.first_row[first]) for first, end in self._parts),
            default=0,
        )
        self._rooms: dict[Parts, Signals] = {}
        self._entering = new_entering(self._most_rows, frame.symbols)
        self._written: list[Written] = []
        self._no_decisions = new_decision_tape(0, frame.symbols)
        # Of the thresholds that were met last: where bars are rejected it has prices of its own.
        self._judged: tuple[GateThresholds, Judged] | None = None

    def work(self, alike: ReadAlike) -> Iterator[Result]:
        """Yield the figures of each set, or why it has none."""
        sets = alike.sets
        accounts = self._accounts(sets)
        try:
            with strategy_explained(
                self._frame.panel, sets[0].plan, self._first_traded, self._machine.linked
            ):
                self._run(sets[0], accounts, alike.parts)
        except BadInput as why:
            for each in sets:
                yield each.place, why
            return
        if self._stopped.is_set():
            return
        for each, account in zip(sets, accounts, strict=True):
            yield each.place, self._summary(each, account.written)

    def _run(self, one: ReadySet, accounts: Sequence[Account], parts: Parts) -> None:
        """Read all sessions as the one set does, and settle each account, until it is stopped."""
        reader = self._reader(one)
        room = self._room(parts, reader)
        read, settle = self._machine.read, self._machine.settle
        for first, end in self._parts:
            if self._stopped.is_set():
                return
            reader.read(read, room, first, end)
            row = int(self._frame.first_row[first])
            bars = int(self._frame.first_row[end]) - row
            verdicts, prices = reader.verdicts, reader.prices
            self._machine.find_entering(room, verdicts, row, bars, self._entering)
            for account in accounts:
                account.settle(settle, room, self._entering, verdicts, prices, first, end)
            # From part to part the arguments are of the same types.
            read, settle = called_at_once(read), called_at_once(settle)
        self._judged = (one.thresholds, reader.judged)

    def _accounts(self, sets: Sequence[ReadySet]) -> list[Account]:
        while len(self._written) < len(sets):
            self._written.append(Written(self._frame, _TAPE_ROWS, has_decisions=False))
        accounts = []
        for each, written in zip(sets, self._written, strict=False):
            written.begin_anew()
            accounts.append(
                Account(self._frame, each.plan, each.rules, each.hours, self._first_traded, written)
            )
        return accounts

    def _reader(self, one: ReadySet) -> Reader:
        judged = None
        if self._judged is not None and self._judged[0] == one.thresholds:
            judged = self._judged[1]
        return Reader(
            self._frame,
            one.plan,
            one.rules,
            one.numbers,
            one.reading,
            one.hours[1],
            self._no_decisions,
            KEEP_NONE,
            self._first_traded,
            is_own=False,
            judged=judged,
        )

    def _room(self, parts: Parts, reader: Reader) -> Signals:
        if parts not in self._rooms:
            self._rooms[parts] = reader.room(self._most_rows)
        return self._rooms[parts]

    def _summary(self, one: ReadySet, written: Written) -> Summary:
        grid = self._frame.grid
        begin = int(grid.first_row[min(self._first_traded, len(grid.sessions))])
        course = SetCourse(
            written.fills,
            written.trades,
            written.equity[begin:],
            grid.start_us[begin:],
            self._first_traded,
        )
        return summarise(
            course,
            grid,
            one.plan.capital,
            resample=self._machine.resample,
            count_held=self._machine.count_held,
        )
