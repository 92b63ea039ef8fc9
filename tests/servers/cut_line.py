"""A line to a server that breaks, or stalls, after so many bytes in all."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from types import TracebackType
from typing import Self


class CutLine:
    """Passes bytes to and from a server on this machine, up to a limit in one direction.

    With `stall` the line stays open and silent then; without, it breaks.
    """

    def __init__(
        self,
        server_url: str,
        *,
        up_bytes: int | None = None,
        down_bytes: int | None = None,
        stall: bool = False,
    ) -> None:
        host, port = server_url.removeprefix("http://").split(":")
        self._server = (host, int(port))
        self._left = {"up": up_bytes, "down": down_bytes}
        self._stall = stall
        self._mutex = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self.cut = threading.Event()
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._listener.close()
        for line in self._open:
            _end(line)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
                server = socket.create_connection(self._server, 5)
            except OSError:
                return
            server.settimeout(None)
            self._open += [client, server]
            for source, target, way in ((client, server, "up"), (server, client, "down")):
                threading.Thread(target=self._pass, args=(source, target, way), daemon=True).start()

    def _pass(self, source: socket.socket, target: socket.socket, way: str) -> None:
        with suppress(OSError):
            while data := source.recv(16_384):
                allowed = self._take(way, len(data))
                target.sendall(data[:allowed])
                if allowed < len(data):
                    self.cut.set()
                    if self._stall:
                        return
                    break
        _end(source)
        _end(target)

    def _take(self, way: str, wanted: int) -> int:
        """Return how many bytes may still pass, over all connections together."""
        with self._mutex:
            left = self._left[way]
            if left is None:
                return wanted
            self._left[way] = left - min(left, wanted)
            return min(left, wanted)


def _end(line: socket.socket) -> None:
    with suppress(OSError):
        line.shutdown(socket.SHUT_RDWR)
    line.close()
