"""Finnhub's trade stream as bars."""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from pydantic import SecretStr

from blocks.providers.bar_stream import BarStream
from blocks.providers.finnhub.socket import FinnhubSocket
from trading.market.calendar import Session
from trading.market.trade_bars import TickBars, Trade
from trading.session.ports import Clock

SILENCE_SECONDS = 60.0

log = logging.getLogger(__name__)


class FinnhubStream(BarStream[TickBars]):
    """Provider of bars made of streamed trades; `wait` and `jitter` are the connection's."""

    def __init__(
        self,
        key: SecretStr,
        symbols: Sequence[str],
        exchange: str,
        interval_minutes: int,
        clock: Clock,
        *,
        silence_s: float = SILENCE_SECONDS,
        wait: Callable[[float], bool] | None = None,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        name = "finnhub stream"
        super().__init__(name, name, symbols, exchange, interval_minutes, clock, silence_s)
        self._connection = FinnhubSocket(key, symbols, self, wait=wait, jitter=jitter)

    def _new_bars(self, session: Session) -> TickBars:
        return TickBars(session, self._interval_minutes, self._symbols)

    def _take(self, message: Any, now: datetime) -> None:
        kind = message.get("type") if isinstance(message, dict) else None
        if kind == "error":
            log.warning("finnhub stream says: %s", str(message.get("msg"))[:200])
        if kind != "trade":
            return
        bars = self._bars_at(now)
        for item in message.get("data") or ():
            try:
                trade = Trade(
                    str(item["s"]), float(item["p"]), float(item["v"]), int(item["t"]) * 1000
                )
            except (KeyError, TypeError, ValueError):
                continue
            self._note_traded(now)
            bars.add(trade)
