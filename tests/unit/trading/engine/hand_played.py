"""Bars and a strategy's words written by hand, and what the account makes of them.

The account is settled as a backtest does it, whole sessions in a row of bars; or bar by bar, as a
live session does it. A bar is (open, high, low, close) or has a volume as its fifth element, None
is a missing one. A day has as many bars as are written; its last but one is the flatten bar, and
the last of which the end is before the cut-off is `cutoff` bars before its end.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from trading.engine import settle as engine
from trading.engine.book import OPEN_POSITIONS, PENDING_ENTRIES, WAITING_EXITS, Book, new_book
from trading.engine.book_changes import begin_session
from trading.engine.entering import new_entering
from trading.engine.matching import assume_close, match_bar
from trading.engine.tapes.trade_tape import FILLS, TRADES, FillRow, Tape, TradeRow, new_tape
from trading.engine.workspace import Parts, Signals, new_scratch, new_signals
from trading.entries import Entry
from trading.gate.verdicts import Verdicts, new_verdicts
from trading.market.bars import Floats, Prices, bar_of
from trading.plan import make_plan
from trading.reasons import NO_BREAKOUT, ExitReason, FillLeg, Reason
from trading.rules import Rules

Bar = tuple[float, ...]
Says = Mapping[tuple[int, int], Entry]

BAR_US = 300_000_000
FIRST_US = 1_000 * BAR_US
VOLUME = 1_000_000.0
PLAIN: dict[str, Any] = {"slippage_bps": 0.0, "max_participation": 0.0}


@dataclass(frozen=True)
class Play:
    """Days of bars of each symbol, and what is said by (bar, symbol), bars counted through."""

    days: Sequence[Sequence[Sequence[Bar | None]]]
    says: Says = field(default_factory=dict)
    leaves: Mapping[tuple[int, int], int] = field(default_factory=dict)
    gates: Mapping[tuple[int, int], int] = field(default_factory=dict)
    atr: float | Sequence[float] = math.nan  # at every close, or bar by bar
    cutoff: int = 2
    settings: Mapping[str, Any] = field(default_factory=dict)
    capital: float = 10_000.0

    @property
    def symbols(self) -> int:
        """Return how many symbols there are."""
        return len(self.days[0])

    @cached_property
    def first_row(self) -> Any:
        """Return each day's first row, and how many rows there are."""
        lengths = [len(day[0]) for day in self.days]
        return np.concatenate(([0], np.cumsum(lengths))).astype(np.int64)

    @property
    def rules(self) -> Rules:
        """Return the rules with everything that a strategy may ask for turned on."""
        names = [f"S{number}" for number in range(self.symbols)]
        rules = make_plan(names, {**PLAIN, **self.settings}).rules()
        return rules._replace(has_orders=True, has_leave=True)

    def prices(self) -> Prices:
        """Return the bars as arrays of (bars, symbols)."""
        columns = np.full((5, self.first_row[-1], self.symbols), np.nan)
        for first, day in zip(self.first_row[:-1], self.days, strict=True):
            for s, bars in enumerate(day):
                for k, bar in enumerate(bars):
                    if bar is not None:
                        columns[:, first + k, s] = (*bar, VOLUME)[:5]
        return Prices(*columns)

    def signals(self) -> Signals:
        """Return what the strategy says of every bar."""
        signals = new_signals(int(self.first_row[-1]), self.symbols, Parts(True, True, True))
        signals.reason[:] = NO_BREAKOUT
        signals.atr[:] = np.broadcast_to(self.atr, signals.atr.shape[:1])[:, np.newaxis]
        for at, said in self.says.items():
            signals.reason[at], signals.stop[at] = said.reason, said.stop
            signals.target[at], signals.target_kind[at] = said.target, said.target_kind
            signals.order[at], signals.level[at] = said.order, said.level
            signals.lifetime[at] = said.lifetime_bars
        for at, bits in self.leaves.items():
            signals.leaves[at] = bits
        return signals

    def verdicts(self) -> Verdicts:
        """Return which bars forbid entries."""
        verdicts = new_verdicts(int(self.first_row[-1]), self.symbols)
        for (row, s), reason in self.gates.items():
            verdicts.reason[row, s], verdicts.is_told[row] = reason, 1
        return verdicts


@dataclass
class Played:
    """What came of it: the tape, the signals with the account's reasons, the equity, the book."""

    tape: Tape
    signals: Signals
    equity: Floats
    book: Book

    @property
    def fills(self) -> list[str]:
        """Return fills such as `2 entry +19 102`, with the symbol's number before all but 0."""
        rows = [FillRow(*row) for row in self.tape.fills[: self.tape.counts[FILLS]].tolist()]
        return [
            f"{f'S{int(row.symbol)} ' if row.symbol else ''}{_bar(row.us)}"
            f" {FillLeg(int(row.leg)).word} {int(row.quantity):+d} {row.price:g}"
            for row in rows
        ]

    @property
    def trades(self) -> list[TradeRow[float]]:
        """Return the trades."""
        return [TradeRow(*row) for row in self.tape.trades[: self.tape.counts[TRADES]].tolist()]

    @property
    def left_by(self) -> list[str]:
        """Return the exit reasons of the trades."""
        return [ExitReason(int(trade.exit_reason)).word for trade in self.trades]

    def reasons(self, s: int = 0) -> list[str]:
        """Return the reasons of a symbol's decisions, bar by bar."""
        return [Reason(int(reason)).word for reason in self.signals.reason[:, s]]

    def as_bytes(self) -> tuple[bytes, ...]:
        """Return everything to the last bit."""
        tape, signals = self.tape, self.signals
        fills, trades = tape.fills[: tape.counts[FILLS]], tape.trades[: tape.counts[TRADES]]
        rows = (fills, trades, self.equity, signals.reason, signals.shares, *self.book[:2])
        return tuple(np.ascontiguousarray(row).tobytes() for row in rows)


def _bar(us: float) -> int:
    return int(us - FIRST_US) // BAR_US


def play(made: Play, settle_sessions: Callable[..., int] = engine.settle_sessions) -> Played:
    """Settle the days as a backtest does."""
    rows, symbols = int(made.first_row[-1]), made.symbols
    lengths = np.diff(made.first_row)
    played = Played(
        new_tape(4 * rows * symbols + 100),
        made.signals(),
        np.full(rows, np.nan),
        new_book(symbols, made.capital),
    )
    settle_sessions(
        played.book,
        made.rules,
        new_scratch(symbols, 2),
        played.tape,
        played.signals,
        new_entering(0, symbols),
        made.first_row,
        lengths - 1,
        lengths - made.cutoff,
        FIRST_US + BAR_US * np.arange(rows, dtype=np.int64),
        made.verdicts(),
        made.prices(),
        played.equity,
        np.full(rows, np.nan),
        0,
        0,
        len(made.days),
        0,
    )
    return played


def play_live(
    made: Play, at_close: Callable[[Book, Rules], None] = lambda book, rules: None
) -> Played:
    """Settle the days bar by bar, as a live session does; `at_close` looks on at each close."""
    rows, symbols = int(made.first_row[-1]), made.symbols
    rules, prices, verdicts, said = made.rules, made.prices(), made.verdicts(), made.signals()
    book, scratch = new_book(symbols, made.capital), new_scratch(symbols, 2)
    played = Played(new_tape(4 * rows * symbols + 100), said, np.full(rows, np.nan), book)
    for begin, end in zip(made.first_row[:-1], made.first_row[1:], strict=True):
        begin_session(book)
        last = end - begin - 1
        for row in range(begin, end):
            us, seen = FIRST_US + BAR_US * int(row), bar_of(prices, row)
            match_bar(book, rules, played.tape, seen, us)
            one_row = Signals(*(part[row : row + 1] for part in said))
            played.equity[row] = engine.close_bar(
                book,
                rules,
                scratch,
                one_row,
                verdicts.reason[row],
                row - begin >= last - 1,
                row - begin >= end - begin - made.cutoff,
                seen,
                us,
                us + BAR_US,
            )
            at_close(book, rules)
        assume_close(book, rules, played.tape)
        played.equity[end - 1] = engine.equity(book)
    assert book.flags[[OPEN_POSITIONS, PENDING_ENTRIES, WAITING_EXITS]].tolist() == [0, 0, 0]
    return played
