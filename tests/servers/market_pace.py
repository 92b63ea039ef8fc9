"""A market whose time is told by the client under test: it trades up to that, over the socket."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.servers.finnhub_server import TradeSocket, trades_of
from trading.market.bars import BarRows

PARTS = 7


class MarketPace:
    """Sends the trades of the rows as time goes on; `act` hears the time first and may fail it.

    While `is_silent` only pings go out, and what would have been traded is lost.
    """

    def __init__(
        self, socket: TradeSocket, rows: BarRows, symbols: Sequence[str], interval_minutes: int
    ) -> None:
        self.socket = socket
        self.act: Callable[[datetime], None] = lambda now: None
        self.is_silent = False
        self.is_connected: bool | None = True
        self._symbols = len(symbols)
        self._trades = trades_of(rows, symbols, interval_minutes, PARTS)
        self._next = 0
        self._sent = 0
        handler = type("Handler", (_Handler,), {"market": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/"

    @contextmanager
    def running(self) -> Iterator[MarketPace]:
        thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            self._server.server_close()
            thread.join(10)

    def connect(self, connections: int) -> None:
        """Wait until the client has come, for the so manieth time."""
        self.socket.wait_for_subscriptions(connections, self._symbols)
        self.is_connected = True

    def drop_symbol(self, symbol: str) -> None:
        """Trade a symbol no more."""
        rest = [trade for trade in self._trades[self._next :] if trade["s"] != symbol]
        self._trades = self._trades[: self._next] + rest

    def advance(self, now: datetime) -> dict[str, Any]:
        """Trade up to a time, itself left out; return what the client will have seen then."""
        if not self._next and self.is_connected:
            self.connect(1)
        self.act(now)
        first, stamp = self._next, now.timestamp() * 1000
        while self._next < len(self._trades) and self._trades[self._next]["t"] < stamp:
            self._next += 1
        if self.is_silent:
            self.socket.send({"type": "ping"})
        else:
            self.socket.send_trades(self._trades[first : self._next])
            self._sent += self._next - first
        return {
            "trades": self._sent,
            "connections": self.socket.connections,
            "is_connected": self.is_connected,
        }


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    market: MarketPace

    def do_POST(self) -> None:
        order = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        content = json.dumps(self.market.advance(datetime.fromisoformat(order["now"]))).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        """Write nothing to the test's output."""
