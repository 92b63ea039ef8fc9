"""Minute bars, as they come one by one, into longer bars on the calendar's grid."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite

from trading.market.calendar import MICROSECONDS_PER_MINUTE, Session
from trading.market.session_bars import MadeBar, SessionBars


@dataclass(frozen=True, slots=True)
class Minute:
    """One minute's bar: START in microseconds since 1970 UTC, prices in USD, volume in shares."""

    symbol: str
    us: int
    open: float
    high: float
    low: float
    close: float
    volume: float


class MinuteBars(SessionBars):
    """The bars of one session as its minutes make them; of the same minute the last one counts.

    A bar is whole once its last minute is there, for they come in their order. A minute without
    a trade has no bar: whether it is that or only late, somebody else has to say.
    """

    def __init__(self, session: Session, interval_minutes: int, symbols: Sequence[str]) -> None:
        super().__init__(session, interval_minutes, symbols)
        self._minutes: dict[tuple[int, int], dict[int, Minute]] = {}

    def add(self, minute: Minute) -> None:
        """Take one minute; one of a symbol that was not asked for is ignored."""
        symbol = self._number.get(minute.symbol)
        if symbol is None:
            return
        prices = (minute.open, minute.high, minute.low, minute.close)
        if not (all(isfinite(price) and price > 0 for price in prices) and minute.volume >= 0):
            self.invalid += 1
            return
        if not self._open_us <= minute.us < self._close_us:
            self.outside += 1
            return
        # It is sent because somebody traded in it.
        self._note_trade(minute.symbol, minute.us + MICROSECONDS_PER_MINUTE - 1)
        key = (self._number_at(minute.us), symbol)
        if key[0] < self._sealed and self._is_whole(key):
            self._note_late(minute.symbol)
            return
        minutes = self._minutes.setdefault(key, {})
        minutes[minute.us] = minute
        self._bars[key] = _together([minutes[us] for us in sorted(minutes)])

    def _is_whole(self, key: tuple[int, int]) -> bool:
        bar = self._bars.get(key)
        return bar is not None and bar.last_us + MICROSECONDS_PER_MINUTE >= self._end_us(key[0])


def _together(minutes: Sequence[Minute]) -> MadeBar:
    return MadeBar(
        minutes[0].us,
        minutes[-1].us,
        minutes[0].open,
        max(minute.high for minute in minutes),
        min(minute.low for minute in minutes),
        minutes[-1].close,
        sum(minute.volume for minute in minutes),
    )
