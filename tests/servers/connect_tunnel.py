"""An HTTP CONNECT proxy that takes the providers' host names to servers of the test."""

from __future__ import annotations

import os
import selectors
import socket
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

CHUNK = 65536
LIMIT_SECONDS = 60.0


class ConnectTunnel:
    """Joins each CONNECT to the local port of its host; a host that is not mapped gets 403.

    `asked` holds every host that was asked for, in order. `refuse` holds hosts whose
    connections are cut at once.
    """

    def __init__(self, ports: dict[str, int]) -> None:
        self.ports = ports
        self.asked: list[str] = []
        self.refuse: set[str] = set()
        self._open: set[socket.socket] = set()
        self._server = _Server(self)

    @property
    def url(self) -> str:
        """Return the address for HTTPS_PROXY."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def environment(self, ca_file: Path) -> dict[str, str]:
        """Return this process's environment with the way into the tunnel, and no other."""
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.lower().endswith("_proxy") and not name.startswith("PREFECT_")
        }
        return kept | {
            "HTTPS_PROXY": self.url,
            "https_proxy": self.url,
            "HTTP_PROXY": self.url,
            "SSL_CERT_FILE": str(ca_file),
            "CURL_CA_BUNDLE": str(ca_file),
            "REQUESTS_CA_BUNDLE": str(ca_file),
        }

    def cut(self) -> None:
        """Drop every connection that goes through the tunnel now."""
        for connection in list(self._open):
            _shut(connection)

    @contextmanager
    def running(self) -> Iterator[ConnectTunnel]:
        """Serve until the block ends."""
        thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            self._server.server_close()
            self.cut()
            thread.join(10)

    def join(self, client: socket.socket) -> None:
        """Answer one CONNECT and carry bytes both ways until one side ends."""
        client.settimeout(LIMIT_SECONDS)
        head = _read_head(client)
        words = head.split()
        host, _, port = words[1].partition(":") if len(words) > 1 else ("", "", "")
        self.asked.append(host)
        target = self.ports.get(host)
        if not head.startswith("CONNECT ") or port != "443" or target is None:
            client.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
            return
        if host in self.refuse:
            return
        with socket.create_connection(("127.0.0.1", target), timeout=LIMIT_SECONDS) as server:
            client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            self._open.update((client, server))
            try:
                _carry(client, server)
            finally:
                self._open.difference_update((client, server))


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, tunnel: ConnectTunnel) -> None:
        self.tunnel = tunnel
        super().__init__(("127.0.0.1", 0), _Handler)


class _Handler(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        try:
            self.server.tunnel.join(self.request)  # type: ignore[attr-defined]
        except OSError:
            return


def _read_head(client: socket.socket) -> str:
    head = b""
    while b"\r\n\r\n" not in head and len(head) < CHUNK:
        # One byte at a time, so that nothing of what follows is taken.
        piece = client.recv(1)
        if not piece:
            break
        head += piece
    return head.decode("latin-1")


def _carry(one: socket.socket, other: socket.socket) -> None:
    with selectors.DefaultSelector() as selector:
        selector.register(one, selectors.EVENT_READ, other)
        selector.register(other, selectors.EVENT_READ, one)
        while True:
            for key, _ in selector.select(LIMIT_SECONDS):
                piece = key.fileobj.recv(CHUNK)  # type: ignore[union-attr]
                if not piece:
                    return
                key.data.sendall(piece)


def _shut(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return
