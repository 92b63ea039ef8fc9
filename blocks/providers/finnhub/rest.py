"""Finnhub's REST: quotes, market status, and candles for keys whose plan has them.

The key travels in a header: in the address it would end up in logs and error messages.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import finnhub
import numpy as np
import requests
from finnhub.exceptions import FinnhubAPIException, FinnhubRequestException
from pydantic import SecretStr

from blocks.process.clock_offset import note_date
from blocks.providers.circuit_breaker import CircuitBreaker
from blocks.providers.errors import (
    BadAnswer,
    EmptyAnswer,
    NotConnected,
    NotInPlan,
    RateLimited,
    TimedOut,
    Unauthorized,
    UnknownSymbol,
)
from blocks.providers.fetched_bars import (
    FetchedBars,
    expected_starts,
    joined,
    no_bars,
    refuse_no_interval,
    rows_or_raise,
    sessions_before,
)
from blocks.providers.pauses import pause_of
from trading.errors import OpenbellError, SourceUnavailable
from trading.market.bars import BarRows
from trading.market.calendar import Session, from_microseconds, to_microseconds
from trading.session.ports import Clock

INTERVALS = (1, 5, 15, 30, 60)
COLUMNS = ("o", "h", "l", "c", "v")
SECOND = 1_000_000
PROBE_SYMBOL = "AAPL"
# The ATR of daily bars needs fifteen.
HISTORY_SESSIONS = 20


@dataclass(frozen=True, slots=True)
class Quote:
    """The last price in USD and its time, aware UTC."""

    symbol: str
    price: float
    at: datetime


@dataclass(frozen=True, slots=True)
class Abilities:
    """What a key may do; `text` says it in one line."""

    quotes: bool
    candles: bool
    text: str


class FinnhubMarket:
    """MarketData and provider over finnhub-python; `timeout_s` bounds each request."""

    name = "finnhub"

    def __init__(
        self,
        key: SecretStr,
        exchange: str,
        interval_minutes: int,
        clock: Clock,
        *,
        acquire: Callable[[], None] = lambda: None,
        timeout_s: float = 6.0,
        history_sessions: int = HISTORY_SESSIONS,
    ) -> None:
        refuse_no_interval(interval_minutes, INTERVALS, "finnhub")
        self._exchange = exchange
        self._interval_minutes = interval_minutes
        self._clock = clock
        self._acquire = acquire
        self._history_sessions = history_sessions
        self._client = finnhub.Client(api_key=None)
        self._client.DEFAULT_TIMEOUT = timeout_s
        self._client._session.headers["X-Finnhub-Token"] = key.get_secret_value()
        self._client._session.hooks["response"].append(self._note_date)
        self._abilities: Abilities | None = None
        self.breaker = CircuitBreaker("finnhub", clock.now)

    def probe(self) -> Abilities:
        """Return what the key may do, asked once in the life of this object.

        Raises SourceUnavailable when that cannot be found out, Unauthorized for a bad key.
        """
        if self._abilities is None:
            self.quote(PROBE_SYMBOL)
            now = int(self._clock.now().timestamp())
            try:
                self._ask(lambda: self._client.stock_candles(PROBE_SYMBOL, "60", now - 86400, now))
            except NotInPlan:
                text = (
                    "finnhub: quotes, market status and the trade stream; this key has no candles"
                )
                self._abilities = Abilities(True, False, text)
            else:
                text = "finnhub: quotes, market status, the trade stream and candles"
                self._abilities = Abilities(True, True, text)
        return self._abilities

    def quote(self, symbol: str) -> Quote:
        """Return the last price. Raises UnknownSymbol when Finnhub answers with zeros."""
        answer = self._ask(lambda: self._client.quote(symbol))
        try:
            price, at_s = float(answer["c"]), int(answer["t"])
        except (KeyError, TypeError, ValueError) as error:
            raise _another_shape("a quote") from error
        if not price or not at_s:
            raise UnknownSymbol(f"finnhub knows no symbol {symbol}", "Check its spelling")
        return Quote(symbol, price, from_microseconds(at_s * SECOND))

    def is_open(self) -> bool:
        """Return whether Finnhub says that the US market trades now."""
        answer = self._ask(lambda: self._client.market_status(exchange="US"))
        try:
            return bool(answer["isOpen"])
        except (KeyError, TypeError) as error:
            raise _another_shape("a market status") from error

    def history(self, symbols: Sequence[str], before: Session) -> BarRows | None:
        """Return the rows of the sessions before; None when the key has no candles."""
        found = sessions_before(self._exchange, before, self._history_sessions)
        if not found or not self.probe().candles:
            return None
        rows = rows_or_raise(self.fetch(symbols, found[0].open, found[-1].close), self.name)
        return rows if len(rows) else None

    def fetch(self, symbols: Sequence[str], start: datetime, end: datetime) -> FetchedBars:
        """Return the closed bars that start in [start, end)."""
        now = self._clock.now()
        wanted = expected_starts(self._exchange, start, end, now, self._interval_minutes)
        if not len(wanted):
            return no_bars(symbols, {})
        pieces = []
        for symbol in symbols:
            try:
                if not self.probe().candles:
                    raise NotInPlan(
                        "this finnhub key has no candles, as free keys do not",
                        "Use the trade stream, or yahoo, for bars",
                    )
                pieces.append(self._candles(symbol, wanted))
            except OpenbellError as error:
                pieces.append(no_bars([symbol], {symbol: error}))
        return joined(symbols, pieces, self._interval_minutes)

    def newest_prices(self, session: Session) -> dict[str, float]:
        """Return nothing: it is asked for bars, and an exit does not wait for its answer."""
        return {}

    def start(self) -> None:
        """Begin nothing: it is asked."""

    def close(self) -> None:
        """Let go of the connections."""
        self._client.close()

    def __repr__(self) -> str:
        return "FinnhubMarket(key=**********)"

    def _candles(self, symbol: str, wanted: np.typing.NDArray[np.int64]) -> FetchedBars:
        begin = int(wanted[0]) // SECOND
        end = int(wanted[-1]) // SECOND + self._interval_minutes * 60 - 1
        answer = self._ask(
            lambda: self._client.stock_candles(symbol, str(self._interval_minutes), begin, end)
        )
        try:
            if answer["s"] != "ok":
                raise EmptyAnswer(
                    f"finnhub answered for {symbol} without any bar",
                    "Bars were due by the calendar: try again, or use another provider",
                )
            starts = np.array(answer["t"], dtype=np.int64) * SECOND
            columns = [np.array(answer[name], dtype=np.float64) for name in COLUMNS]
            if {len(column) for column in columns} != {len(starts)}:
                raise _another_shape(f"candles of {symbol}")
            # A null becomes no number; a bar without prices is no bar.
            kept = np.isin(starts, wanted) & np.isfinite(sum(columns[:4]))
            columns = [column[kept] for column in columns]
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise _another_shape(f"candles of {symbol}") from error
        if not kept.any():
            raise EmptyAnswer(
                f"finnhub gave the bars of {symbol} without prices, or others than were due",
                "It is late, halted, or was not traded",
            )
        opened, high, low, close, volume = columns
        nothing = np.zeros(int(kept.sum()), dtype=np.int64)
        fetched_us = np.full(len(nothing), to_microseconds(self._clock.now()), dtype=np.int64)
        rows = BarRows(
            nothing, starts[kept], opened, high, low, close, volume, self._interval_minutes
        )
        return FetchedBars((symbol,), rows, (self.name,), nothing, fetched_us)

    def _note_date(self, response: requests.Response, *_: object, **__: object) -> None:
        note_date(response.headers.get("Date"), self._clock.now())

    def _ask(self, request: Callable[[], Any]) -> Any:
        self.breaker.check()
        self._acquire()
        failure: OpenbellError
        try:
            answer = request()
        except FinnhubAPIException as error:
            failure = _named(int(error.status_code), error.response.headers)
        except FinnhubRequestException:
            failure = _another_shape("data")
        except requests.Timeout:
            failure = TimedOut(
                "finnhub did not answer in time", "It is asked again at the next bar"
            )
        except requests.RequestException as error:
            failure = NotConnected(
                f"the connection to finnhub failed ({type(error).__name__})",
                "Check the network, the proxy and its certificates",
            )
        else:
            self.breaker.succeeded()
            return answer
        # Raised out here, so that no request with its headers hangs on to the error.
        if isinstance(failure, NotInPlan):
            self.breaker.succeeded()
        elif isinstance(failure, SourceUnavailable):
            self.breaker.failed(failure)
        raise failure


def _named(status: int, headers: Any) -> OpenbellError:
    if status == 401:
        return Unauthorized("finnhub refuses the key (HTTP 401)", "Check FINNHUB_API_KEY")
    if status == 403:
        return NotInPlan(
            "this finnhub key may not ask for that (HTTP 403)", "A paid plan of Finnhub may"
        )
    if status == 429:
        return RateLimited(
            "finnhub answers HTTP 429, too many requests",
            "Wait, or ask for fewer symbols",
            pause_of(headers, time.time()),
        )
    return BadAnswer(f"finnhub answers HTTP {status}", "Its servers have trouble; try again later")


def _another_shape(of_what: str) -> BadAnswer:
    return BadAnswer(
        f"finnhub sent something else than {of_what}", "Try again later, or update finnhub-python"
    )
