"""Trades into bars on the calendar's grid."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite

from trading.market.session_bars import MadeBar, SessionBars


@dataclass(frozen=True, slots=True)
class Trade:
    """One trade: price in USD, size in shares, time in microseconds since 1970 UTC."""

    symbol: str
    price: float
    size: float
    us: int


class TickBars(SessionBars):
    """The bars of one session as its trades make them.

    Within a bar, open and close go by the trades' own times, and by arrival where times are
    equal.
    """

    def add(self, trade: Trade) -> None:
        """Take one trade; one of a symbol that was not asked for is ignored."""
        symbol = self._number.get(trade.symbol)
        if symbol is None:
            return
        if not (isfinite(trade.price) and trade.price > 0 and trade.size >= 0):
            self.invalid += 1
            return
        if not self._open_us <= trade.us < self._close_us:
            self.outside += 1
            return
        self._note_trade(trade.symbol, trade.us)
        number = self._number_at(trade.us)
        if number < self._sealed:
            self._note_late(trade.symbol)
            return
        bar = self._bars.get((number, symbol))
        if bar is None:
            self._bars[number, symbol] = MadeBar(
                trade.us, trade.us, trade.price, trade.price, trade.price, trade.price, trade.size
            )
            return
        bar.high = max(bar.high, trade.price)
        bar.low = min(bar.low, trade.price)
        bar.volume += trade.size
        if trade.us < bar.first_us:
            bar.first_us, bar.open = trade.us, trade.price
        if trade.us >= bar.last_us:
            bar.last_us, bar.close = trade.us, trade.price
