"""Alpaca's data API as far as bars need it: REST in pages, corporate actions, the bars socket.

One port serves all, plain or under TLS, as ALPACA_DATA_URL names one address. Bars of a day's
early and late trading are sent too, as Alpaca does, with prices that nobody should trade at.
"""

from __future__ import annotations

import base64
import ssl
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from socket import SHUT_RDWR
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

import msgpack
import numpy as np
from numpy.typing import NDArray
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request as SocketRequest
from websockets.http11 import Response
from websockets.sync.server import Server, ServerConnection, serve

from tests.servers.https_server import Answer, Request, Script, as_json
from trading.market.bars import BarRows, join_rows
from trading.market.calendar import from_microseconds

LIMIT_SECONDS = 20.0
MINUTE_US = 60_000_000
LENGTHS = {"1Min": 1, "5Min": 5, "15Min": 15, "30Min": 30, "1Hour": 60, "1Day": 1440}

BAD_KEY = as_json({"message": "forbidden."}, 403)
NOT_IN_PLAN = as_json({"message": "subscription does not permit querying sip data"}, 403)
RECENT_NOT_IN_PLAN = as_json(
    {"message": "subscription does not permit querying recent SIP data"}, 403
)
TOO_MANY = as_json({"message": "too many requests."}, 429)


class AlpacaServer:
    """Serves one-minute rows of some symbols to holders of the keys; scripted by path.

    `rows` are of one minute, or of `minutes`; longer bars are made of them on Alpaca's own grid,
    from the hour. `now` says what sip keeps from free plans. `answered` counts pages of bars by
    question and token; `tamper` gets each before it is sent, with the number of those before it.
    """

    def __init__(
        self,
        rows: BarRows,
        symbols: Sequence[str],
        keys: tuple[str, str],
        *,
        minutes: int = 1,
        page_rows: int = 10_000,
        is_regular: bool = False,
        context: ssl.SSLContext | None = None,
    ) -> None:
        order = np.lexsort((rows.start_us, rows.symbol))
        regular = rows.take(order)
        whole_days = regular if is_regular else _with_early_and_late(regular, minutes)
        # By length of bars: rows by symbol and time, and where each symbol begins.
        self._tables = {
            name: _Table.of(
                _longer(regular if length == 1440 else whole_days, length, minutes), len(symbols)
            )
            for name, length in LENGTHS.items()
            if length >= minutes
        }
        self._symbols = tuple(symbols)
        self._keys = keys
        self._page_rows = page_rows
        self._is_secure = context is not None
        self.feeds = {"sip", "iex"}
        self.now: Callable[[], datetime] | None = None
        self.actions: dict[str, list[dict[str, Any]]] = {}
        self.invalid: set[str] = set()
        self.server = Script(_key_of)
        self.tamper: Callable[[int, dict[str, Any]], None] = lambda number, page: None
        self.answered: Counter[tuple[str, str]] = Counter()
        self.stopping = threading.Event()
        self.socket = BarSocket(keys)
        self._server: Server = serve(
            self.socket.handle, "127.0.0.1", 0, ssl=context, process_request=self._process,
            ping_interval=None, close_timeout=1,
        )  # fmt: skip

    @property
    def url(self) -> str:
        """Return what ALPACA_DATA_URL is set to."""
        port = self._server.socket.getsockname()[1]
        return f"https://localhost:{port}" if self._is_secure else f"http://127.0.0.1:{port}"

    @contextmanager
    def running(self) -> Iterator[AlpacaServer]:
        """Serve until the block ends."""
        thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self.stopping.set()
            self.socket.drop()
            self._server.shutdown()
            thread.join(10)

    def _process(self, connection: ServerConnection, asked: SocketRequest) -> Response | None:
        parts = urlsplit(asked.path)
        if asked.headers.get("Upgrade", "").lower() == "websocket":
            return self.socket.check(connection, parts.path)
        request = Request(
            asked.headers.get("Host", "").partition(":")[0],
            parts.path,
            {name: values[-1] for name, values in parse_qs(parts.query).items()},
            {name.lower(): value for name, value in asked.headers.raw_items()},
        )
        answer = self.server.scripted(request) or self._respond(request)
        if answer.hangs:
            self.stopping.wait(LIMIT_SECONDS)
        if answer.hangs or answer.drops:
            with suppress(OSError):
                connection.socket.shutdown(SHUT_RDWR)
        headers = Headers(
            {"Content-Type": answer.kind, "Content-Length": str(len(answer.body))} | answer.headers
        )
        headers["Connection"] = "close"
        return Response(answer.status, "", headers, answer.body)

    def _respond(self, request: Request) -> Answer:
        keys = (
            request.headers.get("apca-api-key-id"),
            request.headers.get("apca-api-secret-key"),
        )
        if keys != self._keys:
            return BAD_KEY
        match request.path:
            case "/v2/stocks/bars":
                return self._bars(request)
            case "/v1/corporate-actions":
                return as_json({"corporate_actions": self.actions, "next_page_token": None})
        return as_json({"message": "Not Found"}, 404)

    def _bars(self, request: Request) -> Answer:
        query = request.query
        names = query["symbols"].split(",")
        start, end = (datetime.fromisoformat(query[name]) for name in ("start", "end"))
        refused = self._refusal(query, names, end)
        if refused is not None:
            return refused
        limit = min(int(query["limit"]), self._page_rows)
        done = int(base64.b64decode(query["page_token"])) if "page_token" in query else 0
        found = self._chosen(sorted(names), start, end, query["timeframe"])
        page = found.take(slice(done, done + limit))
        token = None
        if done + limit < len(found):
            token = base64.b64encode(str(done + limit).encode()).decode()
        bars: dict[str, list[dict[str, Any]]] = {}
        for row in range(len(page)):
            bars.setdefault(self._symbols[page.symbol[row]], []).append(bar_of(page, row))
        words = sorted(f"{name}={value}" for name, value in query.items() if name != "page_token")
        document: dict[str, Any] = {"bars": bars, "next_page_token": token}
        self.tamper(sum(self.answered.values()), document)
        self.answered["&".join(words), query.get("page_token", "")] += 1
        return as_json(document)

    def _refusal(self, query: dict[str, str], names: list[str], end: datetime) -> Answer | None:
        if query["feed"] not in self.feeds:
            return NOT_IN_PLAN
        is_free_sip = self.now is not None and query["feed"] == "sip"
        if is_free_sip and end > self.now() - timedelta(minutes=15):
            return RECENT_NOT_IN_PLAN
        bad = [name for name in names if name in self.invalid]
        if bad:
            return as_json({"message": f"invalid symbol(s): {', '.join(bad)}"}, 400)
        return None

    def _chosen(
        self, names: Sequence[str], start: datetime, end: datetime, timeframe: str
    ) -> BarRows:
        table = self._tables[timeframe]
        begin_us, end_us = (round(moment.timestamp()) * 1_000_000 for moment in (start, end))
        places = [np.zeros(0, dtype=np.int64)]
        for name in names:
            if name in self._symbols:
                number = self._symbols.index(name)
                first, stop = table.first[number], table.first[number + 1]
                times = table.rows.start_us[first:stop]
                places.append(
                    first
                    + np.arange(
                        np.searchsorted(times, begin_us), np.searchsorted(times, end_us, "right")
                    )
                )
        return table.rows.take(np.concatenate(places))


class BarSocket:
    """The bars socket: greets, takes keys and subscriptions, and sends what it is told to."""

    def __init__(self, keys: tuple[str, str]) -> None:
        self._keys = keys
        self._changed = threading.Condition()
        self._open: dict[ServerConnection, set[str]] = {}
        self.paths: list[str] = []
        self.connections = 0
        self.most_symbols: int | None = None
        self.refusal: tuple[int, str] | None = None

    def check(self, connection: ServerConnection, path: str) -> Response | None:
        """Note the path of a client that wants the socket."""
        with self._changed:
            self.paths.append(path)
        return None

    def handle(self, connection: ServerConnection) -> None:
        """Serve one client until it goes."""
        try:
            _send(connection, [{"T": "success", "msg": "connected"}])
            auth = msgpack.unpackb(connection.recv())
            if self.refusal is not None:
                code, said = self.refusal
                _send(connection, [{"T": "error", "code": code, "msg": said}])
                return
            if (auth.get("key"), auth.get("secret")) != self._keys:
                _send(connection, [{"T": "error", "code": 402, "msg": "auth failed"}])
                return
            _send(connection, [{"T": "success", "msg": "authenticated"}])
            for frame in connection:
                self._subscribe(connection, msgpack.unpackb(frame))
        except ConnectionClosed:
            pass
        finally:
            with self._changed:
                self._open.pop(connection, None)
                self._changed.notify_all()

    def _subscribe(self, connection: ServerConnection, message: dict[str, Any]) -> None:
        names = set(message.get("bars") or ())
        if self.most_symbols is not None and len(names) > self.most_symbols:
            _send(connection, [{"T": "error", "code": 405, "msg": "symbol limit exceeded"}])
            return
        channels = {name: message.get(name, []) for name in ("bars", "updatedBars", "trades")}
        _send(connection, [{"T": "subscription", **channels}])
        with self._changed:
            self.connections += 1
            self._open[connection] = names
            self._changed.notify_all()

    def wait_for_subscriptions(self, connections: int, symbols: int) -> None:
        """Return when so many connections were made and the open one has these many symbols."""
        with self._changed:
            assert self._changed.wait_for(
                lambda: (
                    self.connections >= connections
                    and any(len(names) >= symbols for names in self._open.values())
                ),
                LIMIT_SECONDS,
            ), "the client did not come"

    def send_bars(self, rows: BarRows, symbols: Sequence[str], kind: str = "b") -> None:
        """Send minute bars to those who subscribed to their symbols."""
        with self._changed:
            receivers = list(self._open.items())
        for connection, names in receivers:
            messages = [
                {"T": kind, "S": symbols[rows.symbol[row]], **bar_of(rows, row)}
                | {"t": _stamp(int(rows.start_us[row]))}
                for row in range(len(rows))
                if symbols[rows.symbol[row]] in names
            ]
            with suppress(ConnectionClosed):
                _send(connection, messages)

    def ping(self) -> None:
        """Send a ping, which proves nothing."""
        with self._changed:
            receivers = list(self._open)
        for connection in receivers:
            with suppress(ConnectionClosed):
                connection.ping()

    def drop(self) -> None:
        """Cut every connection without a goodbye."""
        with self._changed:
            receivers = list(self._open)
        for connection in receivers:
            with suppress(OSError):
                connection.socket.shutdown(SHUT_RDWR)


def bar_of(rows: BarRows, row: int) -> dict[str, Any]:
    """Return a row as Alpaca writes it."""
    return {
        "t": f"{from_microseconds(int(rows.start_us[row])):%Y-%m-%dT%H:%M:%SZ}",
        "o": float(rows.open[row]), "h": float(rows.high[row]), "l": float(rows.low[row]),
        "c": float(rows.close[row]), "v": float(rows.volume[row]), "n": 7,
        "vw": float(rows.close[row]),
    }  # fmt: skip


def _stamp(us: int) -> msgpack.Timestamp:
    return msgpack.Timestamp.from_datetime(datetime.fromtimestamp(us / 1e6, UTC))


def _send(connection: ServerConnection, messages: list[dict[str, Any]]) -> None:
    connection.send(msgpack.packb(messages))


class _Table(NamedTuple):
    """Rows by symbol and time, and the first row of each symbol."""

    rows: BarRows
    first: NDArray[np.int64]

    @classmethod
    def of(cls, rows: BarRows, symbols: int) -> _Table:
        return cls(rows, np.searchsorted(rows.symbol, np.arange(symbols + 1)))


def _with_early_and_late(rows: BarRows, minutes: int) -> BarRows:
    """Return rows with one before and one after each day's, at prices that nobody should see."""
    day = rows.start_us // (1440 * MINUTE_US)
    changes = np.flatnonzero((np.diff(day) != 0) | (np.diff(rows.symbol) != 0))
    firsts = rows.take(np.append(0, changes + 1) if len(rows) else slice(0, 0))
    lasts = rows.take(np.append(changes, len(rows) - 1) if len(rows) else slice(0, 0))
    step_us = minutes * MINUTE_US
    odd = [
        replace(
            each, start_us=each.start_us + shift_us, high=each.high * 100, low=each.low / 100,
            volume=each.volume * 1000,
        )
        for each, shift_us in ((firsts, -step_us), (lasts, step_us))
    ]  # fmt: skip
    whole = join_rows([rows, *odd], None)
    return whole.take(np.lexsort((whole.start_us, whole.symbol)))


def _longer(rows: BarRows, minutes: int, own_minutes: int) -> BarRows:
    """Return rows, by symbol and time, as longer bars that begin on the hour, or on the day."""
    if minutes == own_minutes or not len(rows):
        return rows
    length_us = minutes * MINUTE_US
    # New York's midnight, at that time of the year in which it is four hours behind.
    shift_us = 4 * 60 * MINUTE_US if minutes == 1440 else 0
    start_us = (rows.start_us - shift_us) // length_us * length_us + shift_us
    begins = np.ones(len(rows), dtype=np.bool_)
    begins[1:] = (np.diff(start_us) != 0) | (np.diff(rows.symbol) != 0)
    first = np.flatnonzero(begins)
    last = np.append(first[1:], len(rows)) - 1
    return BarRows(
        rows.symbol[first], start_us[first], rows.open[first],
        np.maximum.reduceat(rows.high, first), np.minimum.reduceat(rows.low, first),
        rows.close[last], np.add.reduceat(rows.volume, first), minutes,
    )  # fmt: skip


def _key_of(request: Request) -> str:
    return request.path.rpartition("/")[2]
