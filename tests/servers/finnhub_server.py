"""Finnhub as far as bars need it: REST for quotes, status and candles, and the trade socket."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from socket import SHUT_RDWR
from typing import Any

import numpy as np
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request as SocketRequest
from websockets.http11 import Response
from websockets.sync.server import Server, ServerConnection, serve

from tests.servers.https_server import Answer, HttpsServer, Request, as_json
from tests.servers.tls import Authority
from trading.market.bars import BarRows

REST_HOST = "api.finnhub.io"
SOCKET_HOST = "ws.finnhub.io"
SECOND = 1_000_000
LIMIT_SECONDS = 20.0

NOT_IN_PLAN = as_json({"error": "You don't have access to this resource."}, 403)
BAD_KEY = as_json({"error": "Invalid API key"}, 401)
TOO_MANY = as_json({"error": "API limit reached. Please try again later."}, 429)


class FinnhubServer:
    """Serves the rows to holders of the key; keys of `server.script` are the last path parts."""

    def __init__(
        self,
        authority: Authority,
        rows: BarRows,
        symbols: Sequence[str],
        key: str,
        *,
        has_candles: bool = False,
    ) -> None:
        self._rows = rows
        self._symbols = tuple(symbols)
        self._key = key
        self.has_candles = has_candles
        self.server = HttpsServer(authority.server_context([REST_HOST]), self._respond, _key_of)
        self.socket = TradeSocket(authority, key)

    @property
    def ports(self) -> dict[str, int]:
        """Return the port of each host, for the tunnel."""
        return {REST_HOST: self.server.port, SOCKET_HOST: self.socket.port}

    @contextmanager
    def running(self) -> Iterator[FinnhubServer]:
        """Serve until the block ends."""
        with ExitStack() as stack:
            stack.enter_context(self.server.running())
            stack.enter_context(self.socket.running())
            yield self

    def _respond(self, request: Request) -> Answer:
        if self._key not in (request.headers.get("x-finnhub-token"), request.query.get("token")):
            return BAD_KEY
        symbol = request.query.get("symbol", "")
        match _key_of(request):
            case "quote":
                return as_json(self._quote(symbol))
            case "market-status":
                return as_json({"exchange": "US", "holiday": None, "isOpen": True, "t": 1})
            case "candle":
                return self._candles(symbol, request.query)
        return as_json({"error": "Not found"}, 404)

    def _quote(self, symbol: str) -> dict[str, Any]:
        if symbol not in self._symbols:
            return {"c": 0, "d": None, "dp": None, "h": 0, "l": 0, "o": 0, "pc": 0, "t": 0}
        rows = self._rows.take(self._rows.symbol == self._symbols.index(symbol))
        last = int(np.argmax(rows.start_us))
        return {
            "c": float(rows.close[last]), "h": float(rows.high.max()), "l": float(rows.low.min()),
            "o": float(rows.open[0]), "pc": float(rows.open[0]),
            "t": int(rows.start_us[last]) // SECOND,
        }  # fmt: skip

    def _candles(self, symbol: str, query: dict[str, str]) -> Answer:
        if not self.has_candles:
            return NOT_IN_PLAN
        rows = self._rows
        if symbol not in self._symbols:
            return as_json({"s": "no_data"})
        inside = (
            (rows.symbol == self._symbols.index(symbol))
            & (rows.start_us >= int(query["from"]) * SECOND)
            & (rows.start_us <= int(query["to"]) * SECOND)
        )
        rows = rows.take(inside)
        if not len(rows):
            return as_json({"s": "no_data"})
        return as_json(
            {
                "s": "ok",
                "t": (rows.start_us // SECOND).tolist(),
                "o": rows.open.tolist(),
                "h": rows.high.tolist(),
                "l": rows.low.tolist(),
                "c": rows.close.tolist(),
                "v": rows.volume.tolist(),
            }
        )


class TradeSocket:
    """The trade socket: sends what it is told to, to whoever subscribed; can drop and refuse."""

    def __init__(self, authority: Authority, key: str) -> None:
        self._key = key
        self._changed = threading.Condition()
        self._open: dict[ServerConnection, set[str]] = {}
        self.paths: list[str] = []
        self.refusal: int | None = None
        self.connections = 0
        self._server: Server = serve(
            self._handle, "127.0.0.1", 0, ssl=authority.server_context([SOCKET_HOST]),
            process_request=self._check, ping_interval=None, close_timeout=1,
        )  # fmt: skip

    @property
    def port(self) -> int:
        """Return the port on 127.0.0.1."""
        return int(self._server.socket.getsockname()[1])

    @contextmanager
    def running(self) -> Iterator[None]:
        """Serve until the block ends."""
        thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        thread.start()
        try:
            yield
        finally:
            self.drop()
            self._server.shutdown()
            thread.join(10)

    def wait_for_subscriptions(self, connections: int, symbols: int) -> None:
        """Return when so many connections were made and the open one has these many symbols."""
        self._wait(
            lambda: (
                self.connections >= connections
                and any(len(names) >= symbols for names in self._open.values())
            )
        )

    def send(self, message: dict[str, Any] | str) -> None:
        """Send a message to all, trades to those who subscribed to their symbol."""
        with self._changed:
            receivers = list(self._open.items())
        for connection, symbols in receivers:
            document = message
            if isinstance(message, dict) and message.get("type") == "trade":
                mine = [item for item in message["data"] if item["s"] in symbols]
                document = {"type": "trade", "data": mine}
            # A client that has just gone gets nothing.
            with suppress(ConnectionClosed):
                connection.send(document if isinstance(document, str) else json.dumps(document))

    def send_trades(self, trades: list[dict[str, Any]], each: int = 50) -> None:
        """Send trades, some in a message, as Finnhub does."""
        for begin in range(0, len(trades), each):
            self.send({"type": "trade", "data": trades[begin : begin + each]})

    def drop(self) -> None:
        """Cut every connection without a goodbye."""
        with self._changed:
            connections = list(self._open)
        for connection in connections:
            with suppress(OSError):
                connection.socket.shutdown(SHUT_RDWR)

    def _wait(self, condition: Callable[[], bool]) -> None:
        with self._changed:
            assert self._changed.wait_for(condition, LIMIT_SECONDS), "the client did not come"

    def _check(self, connection: ServerConnection, request: SocketRequest) -> Response | None:
        with self._changed:
            self.paths.append(request.path)
            self._changed.notify_all()
        if self.refusal is not None:
            return connection.respond(self.refusal, "refused\n")
        if not request.path.endswith(f"?token={self._key}"):
            return connection.respond(401, "Invalid API key\n")
        return None

    def _handle(self, connection: ServerConnection) -> None:
        with self._changed:
            self.connections += 1
            self._open[connection] = set()
            self._changed.notify_all()
        try:
            for text in connection:
                message = json.loads(text)
                with self._changed:
                    if message.get("type") == "subscribe":
                        self._open[connection].add(message["symbol"])
                    self._changed.notify_all()
        except ConnectionClosed:
            pass
        finally:
            with self._changed:
                self._open.pop(connection, None)
                self._changed.notify_all()


def trades_of(
    rows: BarRows, symbols: Sequence[str], interval_minutes: int, parts: int = 4
) -> list[dict[str, Any]]:
    """Return trades, in order of time, that make exactly these bars: `parts` for each."""
    trades = []
    step_ms = interval_minutes * 60_000
    for row in range(len(rows)):
        start_ms = int(rows.start_us[row]) // 1000
        shares = float(rows.volume[row])
        share = shares // parts
        between = [rows.low[row]] * (parts - 3)
        prices = (rows.open[row], rows.high[row], *between, rows.close[row])
        sizes = (shares - (parts - 1) * share, *[share] * (parts - 1))
        for part, (price, size) in enumerate(zip(prices, sizes, strict=True)):
            at_ms = start_ms + part * (step_ms - 1) // (parts - 1)
            symbol = symbols[int(rows.symbol[row])]
            trades.append({"p": float(price), "s": symbol, "t": at_ms, "v": size, "c": ["1"]})
    return sorted(trades, key=lambda trade: int(trade["t"]))


def _key_of(request: Request) -> str:
    return request.path.rpartition("/")[2]
