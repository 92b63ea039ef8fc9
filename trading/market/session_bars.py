"""Bars of one session as a stream makes them; what came late or fell into a gap is never hidden."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from trading.market.bars import BarRows
from trading.market.calendar import MICROSECONDS_PER_MINUTE, Session, to_microseconds


@dataclass(slots=True)
class MadeBar:
    """A bar in the making; the times are those of the first and last thing in it, microseconds."""

    first_us: int
    last_us: int
    open: float
    high: float
    low: float
    close: float
    volume: float


class SessionBars:
    """The bars of one session, by the number of a bar and of its symbol.

    What comes for a bar that is sealed already is counted in `late` and changes nothing.
    `outside` counts what lies outside the session, `invalid` what has no price or size.
    """

    def __init__(self, session: Session, interval_minutes: int, symbols: Sequence[str]) -> None:
        self.session = session
        self.symbols = tuple(symbols)
        self.late: dict[str, int] = {}
        self.outside = 0
        self.invalid = 0
        self.last_trade_us: dict[str, int] = {}
        self._interval_minutes = interval_minutes
        self._step_us = interval_minutes * MICROSECONDS_PER_MINUTE
        self._open_us = to_microseconds(session.open)
        self._close_us = to_microseconds(session.close)
        self._number = {symbol: index for index, symbol in enumerate(self.symbols)}
        self._bars: dict[tuple[int, int], MadeBar] = {}
        self._sealed = 0
        self._gaps: list[tuple[int, int]] = []

    def last_prices(self) -> dict[str, float]:
        """Return the price of each symbol's newest trade, USD."""
        newest: dict[int, tuple[int, float]] = {}
        for (_, symbol), bar in self._bars.items():
            if symbol not in newest or newest[symbol][0] <= bar.last_us:
                newest[symbol] = (bar.last_us, bar.close)
        return {self.symbols[symbol]: price for symbol, (_, price) in newest.items()}

    def interrupt(self, begin_us: int, end_us: int) -> None:
        """Say that trades may be missing in [begin, end): bars that touch it are not whole.

        A break is never without length, for between two moments that look the same a trade
        can be lost; one that ends before it begins is none.
        """
        if end_us < begin_us:
            return
        end_us = max(end_us, begin_us + 1)
        if self._gaps and self._gaps[-1][0] == begin_us:
            end_us = max(end_us, self._gaps.pop()[1])
        self._gaps.append((begin_us, end_us))

    def gap_in(self, begin_us: int, end_us: int) -> tuple[int, int] | None:
        """Return the first gap that touches [begin, end), in microseconds, or None."""
        touching = [gap for gap in self._gaps if gap[0] < end_us and gap[1] > begin_us]
        return min(touching) if touching else None

    def seal(self, us: int) -> None:
        """Close every bar whose END is at or before a time."""
        if us >= self._close_us:
            self._sealed = self.session.bar_count(self._interval_minutes)
        else:
            self._sealed = max(self._sealed, (us - self._open_us) // self._step_us)

    def rows(self, begin_us: int, end_us: int) -> BarRows:
        """Return the sealed bars without a gap that start in [begin, end), by time and symbol."""
        found = sorted(
            key
            for key in self._bars
            if key[0] < self._sealed
            and self._is_whole(key)
            and begin_us <= self._start_us(key[0]) < end_us
            and self.gap_in(self._start_us(key[0]), self._end_us(key[0])) is None
        )
        bars = [self._bars[key] for key in found]
        return BarRows(
            np.array([symbol for _, symbol in found], dtype=np.int64),
            np.array([self._start_us(number) for number, _ in found], dtype=np.int64),
            np.array([bar.open for bar in bars], dtype=np.float64),
            np.array([bar.high for bar in bars], dtype=np.float64),
            np.array([bar.low for bar in bars], dtype=np.float64),
            np.array([bar.close for bar in bars], dtype=np.float64),
            np.array([bar.volume for bar in bars], dtype=np.float64),
            self._interval_minutes,
        )

    def _is_whole(self, key: tuple[int, int]) -> bool:
        """Return whether a sealed bar lacks nothing but what gaps may have swallowed."""
        return True

    def _note_late(self, symbol: str) -> None:
        self.late[symbol] = self.late.get(symbol, 0) + 1

    def _note_trade(self, symbol: str, us: int) -> None:
        self.last_trade_us[symbol] = max(us, self.last_trade_us.get(symbol, us))

    def _number_at(self, us: int) -> int:
        return (us - self._open_us) // self._step_us

    def _start_us(self, number: int) -> int:
        return self._open_us + number * self._step_us

    def _end_us(self, number: int) -> int:
        return min(self._start_us(number + 1), self._close_us)
