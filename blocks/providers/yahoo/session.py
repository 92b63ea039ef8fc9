"""The HTTP session under yfinance: bounded in time and rate, and it remembers what was answered.

yfinance turns most failures into 'possibly delisted'. It takes curl_cffi sessions of the caller,
so this one, of the same browser fingerprint as yfinance's own, keeps the last answer of each
thread, from which the failure gets its real name.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast

from curl_cffi.requests import Response, Session

from blocks.process.clock_offset import note_date
from blocks.providers.errors import TimedOut

CHART_PATH = "/v8/finance/chart/"


@dataclass(frozen=True, slots=True)
class LastAnswer:
    """Status and Retry-After (text) of a chart answer."""

    status: int
    retry_after: str | None


class YahooSession(Session[Response]):
    """A browser-like session; `acquire` is called before each request and may wait or raise."""

    def __init__(self, timeout_s: float, acquire: Callable[[], None]) -> None:
        super().__init__(impersonate="chrome")
        self._timeout_s = timeout_s
        self._acquire = acquire
        self._seen = threading.local()

    def request(self, method: Any, url: str, *args: Any, **kwargs: Any) -> Response:
        """Send a request in its share of time; yfinance would wait 30 s for a cookie."""
        self._acquire()
        left_s = min(self._timeout_s, self._seen.deadline - time.monotonic())
        if left_s <= 0:
            raise TimedOut(
                "yahoo used up the time for one symbol", "It is tried again at the next bar"
            )
        kwargs["timeout"] = left_s
        response = super().request(method, url, *args, **kwargs)
        note_date(response.headers.get("Date"), datetime.now(UTC))
        if CHART_PATH in url:
            self._seen.last = LastAnswer(
                response.status_code, cast("str | None", response.headers.get("Retry-After"))
            )
        return response

    def begin(self, budget_s: float) -> None:
        """Begin a symbol in this thread: forget the last answer, end all requests in time."""
        self._seen.last = None
        self._seen.deadline = time.monotonic() + budget_s

    def last_answer(self) -> LastAnswer | None:
        """Return the last chart answer that this thread received."""
        return cast("LastAnswer | None", getattr(self._seen, "last", None))
