"""A market whose time is told by the client under test: it trades up to that, over the socket."""

from __future__ import annotations

import json
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

import numpy as np

from tests.servers.alpaca_server import BarSocket
from tests.servers.finnhub_server import TradeSocket, trades_of
from trading.market.bars import BarRows

# Of a bar of 15 minutes one every 50 seconds, so that no stream is taken for mute however slow the
# machine is.
PARTS = 19


class Pace(ABC):
    """Sends what happens as time goes on; `act` hears the time first and may fail it.

    While `is_silent` only pings go out, and what would have been sent is lost.
    """

    def __init__(self, socket: TradeSocket | BarSocket, symbols: int) -> None:
        self.socket = socket
        self.act: Callable[[datetime], None] = lambda now: None
        self.is_silent = False
        self.is_connected: bool | None = True
        self._symbols = symbols
        self._next = 0
        self._sent = 0
        handler = type("Handler", (_Handler,), {"market": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/"

    @contextmanager
    def running(self) -> Iterator[Self]:
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

    @abstractmethod
    def _until(self, now: datetime) -> int:
        """Return how many things have happened before a time."""

    @abstractmethod
    def _send(self, first: int, stop: int) -> None:
        """Send what happened."""

    @abstractmethod
    def _ping(self) -> None:
        """Send what proves nothing."""

    def advance(self, now: datetime) -> dict[str, Any]:
        """Let it be a time; return what the client will have seen then."""
        if not self._next and self.is_connected:
            self.connect(1)
        self.act(now)
        first, self._next = self._next, max(self._until(now), self._next)
        if self.is_silent:
            self._ping()
        else:
            self._send(first, self._next)
            self._sent += self._next - first
        return {
            "trades": self._sent,
            "connections": self.socket.connections,
            "is_connected": self.is_connected,
        }


class MarketPace(Pace):
    """Sends Finnhub's trades of the rows up to a time, itself left out."""

    socket: TradeSocket

    def __init__(
        self, socket: TradeSocket, rows: BarRows, symbols: Sequence[str], interval_minutes: int
    ) -> None:
        super().__init__(socket, len(symbols))
        self._trades = trades_of(rows, symbols, interval_minutes, PARTS)

    def drop_symbol(self, symbol: str) -> None:
        """Trade a symbol no more."""
        rest = [trade for trade in self._trades[self._next :] if trade["s"] != symbol]
        self._trades = self._trades[: self._next] + rest

    def _until(self, now: datetime) -> int:
        stamp = now.timestamp() * 1000
        return sum(trade["t"] < stamp for trade in self._trades)

    def _send(self, first: int, stop: int) -> None:
        self.socket.send_trades(self._trades[first:stop])

    def _ping(self) -> None:
        self.socket.send({"type": "ping"})


class MinutePace(Pace):
    """Sends Alpaca's bars of minutes that have ended by a time."""

    socket: BarSocket

    def __init__(self, socket: BarSocket, minutes: BarRows, symbols: Sequence[str]) -> None:
        super().__init__(socket, len(symbols))
        self._names = tuple(symbols)
        self._minutes = minutes.take(np.argsort(minutes.start_us, kind="stable"))

    def _until(self, now: datetime) -> int:
        last_us = round(now.timestamp() * 1e6) - 60_000_000
        return int(np.searchsorted(self._minutes.start_us, last_us, "right"))

    def _send(self, first: int, stop: int) -> None:
        self.socket.send_bars(self._minutes.take(slice(first, stop)), self._names)

    def _ping(self) -> None:
        self.socket.ping()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    market: Pace

    def do_POST(self) -> None:
        order = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        content = json.dumps(self.market.advance(datetime.fromisoformat(order["now"]))).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        """Write nothing to the test's output."""
