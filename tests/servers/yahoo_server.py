"""Yahoo as far as bars need it: cookie, crumb, consent and the chart, from rows at hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from tests.servers.https_server import Answer, HttpsServer, Request, as_json
from tests.servers.tls import Authority
from trading.market.bars import BarRows
from trading.market.calendar import Session, from_microseconds, sessions_between

HOSTS = (
    "query1.finance.yahoo.com",
    "query2.finance.yahoo.com",
    "fc.yahoo.com",
    "guce.yahoo.com",
    "consent.yahoo.com",
    "finance.yahoo.com",
)
CRUMB = "cRumb.8/x"
SECOND = 1_000_000
DAY_MINUTES = 1440
KEPT_DAYS = {1: 30, 5: 60, 15: 60, 30: 60, 60: 730, DAY_MINUTES: 36_500}

NOT_FOUND = as_json(
    {
        "chart": {
            "result": None,
            "error": {
                "code": "Not Found",
                "description": "No data found, symbol may be delisted",
            },
        }
    },
    404,
)
UNAUTHORIZED = as_json(
    {
        "finance": {
            "result": None,
            "error": {
                "code": "Unauthorized",
                "description": "User is unable to access this feature"
                " - https://bit.ly/yahoo-finance-api-feedback",
            },
        }
    },
    401,
)
TOO_MANY = Answer(429, b"Too Many Requests\r\n", "text/plain")
TOO_MANY_FOR_A_WHILE = Answer(
    429, b"Too Many Requests\r\n", "text/plain", headers={"Retry-After": "120"}
)
BAD_GATEWAY = Answer(502, b"<html><body>502 Bad Gateway</body></html>", "text/html")
NOTHING = as_json({"chart": {"result": [], "error": None}})


class YahooServer:
    """Serves the given rows as Yahoo would at `now()`; without `now` all of them are past.

    A bar in progress comes as it is, and after it Yahoo's live row: the last price, stamped with
    the present second, volume 0.
    A price that is not a number comes as null. `server.script(symbol, ...)` changes answers;
    "crumb" and "cookie" are keys too.
    """

    def __init__(
        self,
        authority: Authority,
        rows: BarRows,
        symbols: Sequence[str],
        interval_minutes: int,
        now: Callable[[], datetime] | None = None,
    ) -> None:
        self._rows = rows
        self._symbols = tuple(symbols)
        self._interval_minutes = interval_minutes
        self._now = now
        self.splits: dict[str, list[tuple[datetime, int, int]]] = {}
        self.server = HttpsServer(authority.server_context(HOSTS), self._respond, _key_of)

    @property
    def ports(self) -> dict[str, int]:
        """Return the port of each host, for the tunnel."""
        return dict.fromkeys(HOSTS, self.server.port)

    @contextmanager
    def running(self) -> Iterator[YahooServer]:
        """Serve until the block ends."""
        with self.server.running():
            yield self

    def _respond(self, request: Request) -> Answer:
        key = _key_of(request)
        if key == "cookie":
            cookie = "A3=d=AQABBtest; Domain=.yahoo.com; Path=/; Secure; Max-Age=31557600"
            return Answer(404, b"", "text/html", {"Set-Cookie": cookie})
        if key == "crumb":
            return Answer(200, CRUMB.encode(), "text/plain")
        if request.path.startswith("/v8/finance/chart/"):
            return self._chart(key, request.query)
        return Answer(200, b"<html><body>nothing to consent to</body></html>", "text/html")

    def _chart(self, symbol: str, query: dict[str, str]) -> Answer:
        if symbol not in self._symbols:
            return NOT_FOUND
        step = {f"{n}m": n for n in (1, 5, 15, 30, 60)} | {"1h": 60, "1d": DAY_MINUTES}
        interval = step.get(query.get("interval", ""), 0)
        if interval != self._interval_minutes or "period1" not in query:
            return _unprocessable(f"the test serves {self._interval_minutes}-minute ranges only")
        begin, end = int(query["period1"]) * SECOND, int(query["period2"]) * SECOND
        now_us = None
        if self._now is not None:
            now = self._now()
            now_us = int(now.timestamp() * SECOND)
            if from_microseconds(begin) < now - timedelta(days=KEPT_DAYS[interval]):
                return _unprocessable(
                    f"{interval}m data not available for startTime={begin // SECOND}"
                    f" and endTime={end // SECOND}. The requested range must be within"
                    f" the last {KEPT_DAYS[interval]} days."
                )
        rows = self._rows
        inside = (
            (rows.symbol == self._symbols.index(symbol))
            & (rows.start_us >= begin)
            & (rows.start_us < end)
        )
        if now_us is not None:
            inside &= rows.start_us <= now_us
        return as_json(self._document(symbol, rows.take(inside), now_us))

    def _document(self, symbol: str, rows: BarRows, now_us: int | None) -> dict[str, Any]:
        rows = rows.take(np.argsort(rows.start_us, kind="stable"))
        stamps = [int(us) // SECOND for us in rows.start_us]
        columns = {
            name: [None if np.isnan(value) else float(value) for value in getattr(rows, name)]
            for name in ("open", "high", "low", "close")
        }
        columns["volume"] = [
            None if opened is None else int(shares)
            for opened, shares in zip(columns["open"], rows.volume, strict=True)
        ]
        # A day's row is over at the close, six and a half hours after the open whose time it has.
        minutes = 390 if self._interval_minutes == DAY_MINUTES else self._interval_minutes
        step = minutes * 60 * SECOND
        seen_until = int(rows.start_us[-1]) + step if len(rows) else 0
        if now_us is not None and len(rows) and seen_until > now_us:
            seen_until = now_us
            stamps.append(now_us // SECOND)
            last = columns["close"][-1]
            for name in ("open", "high", "low", "close"):
                columns[name].append(last)
            columns["volume"].append(0)
        periods = [[_period(session)] for session in _sessions_of(rows)]
        result: dict[str, Any] = {
            "meta": _meta(symbol, self._interval_minutes, periods)
            | {"regularMarketTime": seen_until // SECOND},
            "timestamp": stamps,
            "indicators": {"quote": [columns]},
        }
        if not stamps:
            del result["timestamp"]
            result["indicators"]["quote"] = [{}]
        if symbol in self.splits:
            result["events"] = {
                "splits": {
                    str(int(day.timestamp())): {
                        "date": int(day.timestamp()),
                        "numerator": top,
                        "denominator": bottom,
                        "splitRatio": f"{top}:{bottom}",
                    }
                    for day, top, bottom in self.splits[symbol]
                }
            }
        return {"chart": {"result": [result], "error": None}}


def _key_of(request: Request) -> str:
    if request.host == "fc.yahoo.com":
        return "cookie"
    if request.path.endswith("/getcrumb"):
        return "crumb"
    return request.path.rpartition("/")[2]


def _unprocessable(why: str) -> Answer:
    error = {"code": "Unprocessable Entity", "description": why}
    return as_json({"chart": {"result": None, "error": error}}, 422)


def _sessions_of(rows: BarRows) -> list[Session]:
    if not len(rows):
        return []
    first, last = (from_microseconds(int(us)).date() for us in rows.start_us[[0, -1]])
    return sessions_between("NYSE", first, last)


def _period(session: Session) -> dict[str, Any]:
    return {
        "timezone": "EST",
        "start": int(session.open.timestamp()),
        "end": int(session.close.timestamp()),
        "gmtoffset": -18000,
    }


def _meta(
    symbol: str, interval_minutes: int, periods: list[list[dict[str, Any]]]
) -> dict[str, Any]:
    meta: dict[str, Any] = {
        "currency": "USD",
        "symbol": symbol,
        "exchangeName": "NMS",
        "fullExchangeName": "NasdaqGS",
        "instrumentType": "EQUITY",
        "firstTradeDate": 345479400,
        "hasPrePostMarketData": True,
        "gmtoffset": -18000,
        "timezone": "EST",
        "exchangeTimezoneName": "America/New_York",
        "priceHint": 2,
        "dataGranularity": "1d" if interval_minutes == DAY_MINUTES else f"{interval_minutes}m",
        "range": "",
        "validRanges": ["1d", "5d", "1mo", "3mo", "6mo", "1y", "2y", "5y", "10y", "ytd", "max"],
    }
    if periods:
        last = periods[-1][0]
        meta["currentTradingPeriod"] = {name: dict(last) for name in ("pre", "regular", "post")}
        meta["tradingPeriods"] = periods
    return meta
