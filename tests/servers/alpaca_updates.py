"""Alpaca's websocket of trade updates: takes keys, and sends what a test tells it to."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import msgpack
from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection, serve

PATIENCE_SECONDS = 30.0


class AlpacaUpdates:
    """Keeps the connections that listen; `connections` counts those that ever did."""

    def __init__(self, keys: tuple[str, str]) -> None:
        self._keys = keys
        self._changed = threading.Condition()
        self._open: set[ServerConnection] = set()
        self.connections = 0
        self.is_in_msgpack = False
        self.paths: list[str] = []
        self._server = serve(self._handle, "127.0.0.1", 0, ping_interval=None, close_timeout=1)

    @property
    def url(self) -> str:
        """Return what ALPACA_STREAM_URL is set to."""
        return f"ws://127.0.0.1:{self._server.socket.getsockname()[1]}/stream"

    @contextmanager
    def running(self) -> Iterator[AlpacaUpdates]:
        """Serve until the block ends."""
        thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self.drop()
            self._server.shutdown()
            thread.join(10)

    def wait_for(self, connections: int) -> None:
        """Return when so many connections have listened."""
        with self._changed:
            assert self._changed.wait_for(lambda: self.connections >= connections, PATIENCE_SECONDS)

    def send(self, event: str, order: dict[str, Any]) -> None:
        """Send an update of an order to all who listen, as bytes, as paper trading does."""
        data = {"event": event, "order": order, "timestamp": order.get("updated_at")}
        frame = self._frame("trade_updates", data)
        with self._changed:
            for connection in self._open:
                connection.send(frame)

    def drop(self) -> None:
        """Hang up on everybody."""
        with self._changed:
            listening = list(self._open)
        for connection in listening:
            connection.close()

    def _frame(self, stream: str, data: dict[str, Any]) -> bytes:
        message = {"stream": stream, "data": data}
        if self.is_in_msgpack:
            return bytes(msgpack.packb(message))
        return json.dumps(message).encode()

    def _handle(self, connection: ServerConnection) -> None:
        self.paths.append(connection.request.path if connection.request else "")
        try:
            keys = json.loads(connection.recv())["data"]
            is_known = (keys["key_id"], keys["secret_key"]) == self._keys
            status = "authorized" if is_known else "unauthorized"
            said = {"status": status, "action": "authenticate"}
            connection.send(self._frame("authorization", said))
            if not is_known:
                return
            streams = json.loads(connection.recv())["data"]["streams"]
            connection.send(self._frame("listening", {"streams": streams}))
            with self._changed:
                self._open.add(connection)
                self.connections += 1
                self._changed.notify_all()
            for _ in connection:
                pass
        except ConnectionClosed:
            pass
        finally:
            with self._changed:
                self._open.discard(connection)
                self._changed.notify_all()
