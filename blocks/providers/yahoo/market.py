"""Bars of Yahoo Finance through yfinance: best effort, every failure under its own name.

Yahoo's intraday prices are adjusted for splits as of the time of fetch, never for dividends;
they are taken as they come (auto_adjust off), and splits are reported beside them.
"""

from __future__ import annotations

import logging
import random
import time
import warnings
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import yfinance
from yfinance.data import YfData

from blocks.providers.access import US_EXCHANGES
from blocks.providers.circuit_breaker import CircuitBreaker
from blocks.providers.errors import (
    CircuitOpen,
    EmptyAnswer,
    RangeTooLong,
    RateLimited,
    Unauthorized,
    UnknownSymbol,
)
from blocks.providers.fetched_bars import (
    DAY_MINUTES,
    FetchedBars,
    Spans,
    expected_bars,
    joined,
    no_bars,
    refuse_no_interval,
    rows_or_raise,
    sessions_before,
)
from blocks.providers.yahoo.failures import FAILURES, named_failure
from blocks.providers.yahoo.frames import bars_of
from blocks.providers.yahoo.session import YahooSession
from trading.errors import OpenbellError, SourceUnavailable
from trading.market.bars import BarRows
from trading.market.calendar import Session, from_microseconds, sessions_between, to_microseconds
from trading.session.ports import Clock

INTERVALS = {1: "1m", 5: "5m", 15: "15m", 30: "30m", 60: "60m", DAY_MINUTES: "1d"}
# Of days it keeps all.
KEPT_DAYS = {1: 7, 5: 60, 15: 60, 30: 60, 60: 730, DAY_MINUTES: 100 * 365}
# The ATR of daily bars needs fifteen.
HISTORY_SESSIONS = 20
FIRST_PAUSE_SECONDS = 1.0

# Its complaints come back as errors of ours; its pandas warnings are not the user's to mend.
logging.getLogger("yfinance").addHandler(logging.NullHandler())
logging.getLogger("yfinance").propagate = False
warnings.filterwarnings("ignore", module=r"yfinance\..*")


class YahooMarket:
    """MarketData and provider over yfinance's `Ticker.history`.

    `acquire` is called before every HTTP request. `timeout_s` bounds one request, `budget_s` a
    symbol with all its requests. `wait` takes seconds. Safe between threads.
    """

    name = "yahoo"

    def __init__(
        self,
        exchange: str,
        interval_minutes: int,
        clock: Clock,
        *,
        acquire: Callable[[], None] = lambda: None,
        timeout_s: float = 6.0,
        budget_s: float = 12.0,
        attempts: int = 2,
        workers: int = 4,
        history_sessions: int = HISTORY_SESSIONS,
        wait: Callable[[float], None] = time.sleep,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        refuse_no_interval(interval_minutes, tuple(INTERVALS), "yahoo")
        self._exchange = exchange
        self._interval_minutes = interval_minutes
        self._clock = clock
        self._budget_s = budget_s
        self._attempts = attempts
        self._history_sessions = history_sessions
        self._wait = wait
        self._jitter = jitter
        self.breaker = CircuitBreaker("yahoo", clock.now, jitter=jitter)
        self._session = YahooSession(timeout_s, acquire)
        self._workers = ThreadPoolExecutor(workers, thread_name_prefix="yahoo")
        self._tickers: dict[str, Any] = {}
        yfinance.config.debug.hide_exceptions = False

    def history(self, symbols: Sequence[str], before: Session) -> BarRows | None:
        """Return the rows of the sessions before, as many as `history_sessions` and Yahoo keep."""
        earliest = self._clock.now() - timedelta(days=KEPT_DAYS[self._interval_minutes])
        found = sessions_before(self._exchange, before, self._history_sessions)
        kept = [session for session in found if session.open >= earliest]
        if not kept:
            return None
        rows = rows_or_raise(self.fetch(symbols, kept[0].open, kept[-1].close), self.name)
        return rows if len(rows) else None

    def fetch(self, symbols: Sequence[str], start: datetime, end: datetime) -> FetchedBars:
        """Return the closed bars that start in [start, end).

        Raises RangeTooLong when Yahoo does not keep bars for so long.
        """
        self._refuse_range(start)
        now = self._clock.now()
        wanted = expected_bars(self._exchange, start, end, now, self._interval_minutes)
        if not len(wanted.start_us):
            return no_bars(symbols, {})
        # From the session's open on, so that an empty answer cannot be mistaken for a quiet bar.
        first_us = int(wanted.start_us[0])
        day = from_microseconds(first_us).date()
        begin = sessions_between(self._exchange, day, day)[0].open
        last = from_microseconds(int(wanted.end_us[-1]))
        if self._interval_minutes == DAY_MINUTES:
            # Their rows bear midnight.
            begin -= timedelta(days=1)

        def one(symbol: str) -> FetchedBars:
            try:
                return self._with_retries(symbol, begin, last, wanted)
            except OpenbellError as error:
                return no_bars([symbol], {symbol: error})

        pieces = list(self._workers.map(one, symbols))
        return joined(symbols, pieces, self._interval_minutes)

    def newest_prices(self, session: Session) -> dict[str, float]:
        """Return nothing: it is asked for bars, and an exit does not wait for its answer."""
        return {}

    def start(self) -> None:
        """Begin nothing: it is asked."""

    def close(self) -> None:
        """Let go of threads and connections."""
        self._workers.shutdown(cancel_futures=True)
        self._session.close()

    def _refuse_range(self, start: datetime) -> None:
        days = KEPT_DAYS[self._interval_minutes]
        earliest = self._clock.now() - timedelta(days=days)
        if start < earliest:
            raise RangeTooLong(
                f"yahoo keeps {self._interval_minutes}-minute bars for {days} days, and"
                f" {start:%Y-%m-%d} is longer ago",
                f"Begin on {earliest + timedelta(days=1):%Y-%m-%d} or later, or bring older bars"
                " in a file of your own",
            )

    def _with_retries(
        self, symbol: str, start: datetime, end: datetime, wanted: Spans
    ) -> FetchedBars:
        for attempt in range(1, self._attempts + 1):
            self.breaker.check()
            try:
                found = self._ask(symbol, start, end, wanted)
            except SourceUnavailable as error:
                self._mend()
                if not isinstance(error, EmptyAnswer):
                    self.breaker.failed(error)
                final = (RateLimited, Unauthorized, CircuitOpen)
                if isinstance(error, final) or attempt == self._attempts:
                    raise
                self._wait(FIRST_PAUSE_SECONDS * 2 ** (attempt - 1) * (0.5 + self._jitter()))
            else:
                self.breaker.succeeded()
                return found
        raise AssertionError("attempts is at least 1")

    def _ask(self, symbol: str, start: datetime, end: datetime, wanted: Spans) -> FetchedBars:
        self._session.begin(self._budget_s)
        # yfinance keeps answers about the past for the life of the process, failures as well.
        YfData.cache_get.cache_clear()
        try:
            ticker = self._ticker(symbol)
            frame = ticker.history(
                start=start, end=end, interval=INTERVALS[self._interval_minutes],
                prepost=False, auto_adjust=False, actions=True, keepna=True,
            )  # fmt: skip
        except FAILURES as error:
            failure = named_failure(error, symbol, self._session.last_answer())
        else:
            seen = ticker.history_metadata.get("regularMarketTime")
            return bars_of(
                frame, symbol, wanted, self._interval_minutes,
                to_microseconds(self._clock.now()),
                None if seen is None else int(seen.timestamp()) * 1_000_000,
            )  # fmt: skip
        if isinstance(failure, UnknownSymbol):
            self.breaker.succeeded()
        raise failure

    def _ticker(self, symbol: str) -> Any:
        ticker = self._tickers.get(symbol)
        if ticker is None:
            name = symbol.replace(".", "-") if self._exchange in US_EXCHANGES else symbol
            ticker = yfinance.Ticker(name, session=self._session)
            # Spares a second request for each symbol, whose failure would read 'delisted'; the
            # times asked for are aware, so the zone has no say in the answer.
            ticker._tz = "UTC"
            self._tickers[symbol] = ticker
        return ticker

    def _mend(self) -> None:
        """Throw away cookie and crumb: yfinance keeps a refusal's text as its crumb."""
        data = YfData()
        data._cookie, data._crumb = None, None
