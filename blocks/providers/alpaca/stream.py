"""Alpaca's stream of minute bars as bars of a session.

A minute's bar comes right after the minute, and again when trades of it came late. A bar is given
out once its last minute has come; of others the REST of the same feed knows whether they are whole.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from blocks.providers.access import AlpacaAccess
from blocks.providers.alpaca.names import name_of
from blocks.providers.alpaca.socket import AlpacaSocket
from blocks.providers.bar_stream import BarStream
from trading.market.calendar import Session
from trading.market.minute_bars import Minute, MinuteBars
from trading.session.ports import Clock

# A minute that nobody traded in has no bar: two in a row, of all symbols, are no such chance.
SILENCE_SECONDS = 150.0
KINDS = ("b", "u")


class AlpacaStream(BarStream[MinuteBars]):
    """Provider of bars made of streamed minutes; `wait` and `jitter` are the connection's."""

    def __init__(
        self,
        access: AlpacaAccess,
        symbols: Sequence[str],
        exchange: str,
        interval_minutes: int,
        clock: Clock,
        *,
        silence_s: float = SILENCE_SECONDS,
        wait: Callable[[float], bool] | None = None,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        super().__init__(
            f"{access.source} stream", access.source, symbols, exchange, interval_minutes, clock,
            silence_s,
        )  # fmt: skip
        self._symbol_of = {name_of(symbol): symbol for symbol in symbols}
        self._connection = AlpacaSocket(access, symbols, self, wait=wait, jitter=jitter)

    def _new_bars(self, session: Session) -> MinuteBars:
        return MinuteBars(session, self._interval_minutes, self._symbols)

    def _take(self, message: Any, now: datetime) -> None:
        if not isinstance(message, dict) or message.get("T") not in KINDS:
            return
        try:
            stamp = message["t"]
            minute = Minute(
                self._symbol_of[message["S"]],
                int(stamp.seconds) * 1_000_000 + int(stamp.nanoseconds) // 1000,
                *(float(message[name]) for name in ("o", "h", "l", "c", "v")),
            )
        except (KeyError, TypeError, ValueError, AttributeError):
            return
        self._note_traded(now)
        self._bars_at(now).add(minute)
