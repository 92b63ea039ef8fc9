"""An HTTPS server on 127.0.0.1 whose answers are scripted, and that can hang or hang up."""

from __future__ import annotations

import json
import ssl
import threading
from collections import defaultdict, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

LIMIT_SECONDS = 60.0


@dataclass(frozen=True)
class Request:
    """What a client asked for; header names in lower case."""

    host: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]


@dataclass(frozen=True)
class Answer:
    """What a client gets; `hangs` sends nothing until the server stops, `drops` hangs up."""

    status: int = 200
    body: bytes = b""
    kind: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)
    hangs: bool = False
    drops: bool = False


HANG = Answer(hangs=True)
DROP = Answer(drops=True)
HTML = Answer(200, b"<html><body>Sign in to continue</body></html>", "text/html")


def as_json(document: Any, status: int = 200, **headers: str) -> Answer:
    """Return a document as an answer."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(status, json.dumps(document).encode(), headers=named)


class Script:
    """What is answered instead of the usual, by the key of a request; keeps all requests."""

    def __init__(self, key_of: Callable[[Request], str]) -> None:
        self.requests: list[Request] = []
        self._key_of = key_of
        self._next: dict[str, deque[Answer | None]] = defaultdict(deque)
        self._always: dict[str, Answer] = {}

    def script(self, key: str, *answers: Answer | None) -> None:
        """Give these answers, once each, to the next requests of a key; None is the usual one."""
        self._next[key].extend(answers)

    def always(self, key: str, answer: Answer | None) -> None:
        """Give this answer to every request of a key; None takes that back."""
        if answer is None:
            self._always.pop(key, None)
        else:
            self._always[key] = answer

    def asked(self, key: str) -> list[Request]:
        """Return the requests of a key, in order."""
        return [request for request in self.requests if self._key_of(request) == key]

    def scripted(self, request: Request) -> Answer | None:
        """Keep a request, and return the answer of the script, None for the usual one."""
        self.requests.append(request)
        key = self._key_of(request)
        return self._next[key].popleft() if self._next[key] else self._always.get(key)


class HttpsServer(Script):
    """Serves what `respond` returns, unless the script says otherwise for the request's key."""

    def __init__(
        self,
        context: ssl.SSLContext,
        respond: Callable[[Request], Answer],
        key_of: Callable[[Request], str],
    ) -> None:
        super().__init__(key_of)
        self.stopping = threading.Event()
        self._respond = respond
        self._server = _Server(context, self)

    @property
    def port(self) -> int:
        """Return the port on 127.0.0.1."""
        return int(self._server.server_address[1])

    def answer(self, request: Request) -> Answer:
        """Return the answer of the script, else the server's own."""
        return self.scripted(request) or self._respond(request)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Serve until the block ends."""
        thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield
        finally:
            self.stopping.set()
            self._server.shutdown()
            self._server.server_close()
            thread.join(10)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, context: ssl.SSLContext, owner: HttpsServer) -> None:
        self.context = context
        self.owner = owner
        super().__init__(("127.0.0.1", 0), _Handler)

    def get_request(self) -> tuple[Any, Any]:
        connection, address = super().get_request()
        connection.settimeout(LIMIT_SECONDS)
        # The handshake is left to the connection's own thread.
        wrapped = self.context.wrap_socket(
            connection, server_side=True, do_handshake_on_connect=False
        )
        return wrapped, address

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of clients that went away."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def _serve(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        self.rfile.read(length)
        parts = urlsplit(self.path)
        answer = self.server.owner.answer(
            Request(
                self.headers.get("Host", "").partition(":")[0],
                parts.path,
                {name: values[-1] for name, values in parse_qs(parts.query).items()},
                {name.lower(): value for name, value in self.headers.items()},
            )
        )
        if answer.hangs:
            self.server.owner.stopping.wait(LIMIT_SECONDS)
        if answer.hangs or answer.drops:
            self.close_connection = True
            return
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.kind)
        self.send_header("Content-Length", str(len(answer.body)))
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer.body)

    do_GET = _serve  # noqa: N815
    do_POST = _serve  # noqa: N815

    def log_message(self, format: str, *args: object) -> None:
        """Write nothing to the test's output."""
