"""Discord's side of a webhook: takes posts, enforces 5 in 2 s, and fails in every way it can."""

from __future__ import annotations

import json
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.parser import BytesParser
from email.policy import HTTP
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

TOKEN = "Zx9-SeCrEt_tOkEn_of_sixty_eight_characters_that_nobody_may_ever_see_00"
LIMIT_SECONDS = 60.0


@dataclass(frozen=True)
class Post:
    """A message that is in the channel."""

    body: dict[str, Any]
    pictures: dict[str, bytes] = field(default_factory=dict)

    @property
    def embed(self) -> dict[str, Any]:
        return self.body["embeds"][0]

    @property
    def footer(self) -> str:
        return str(self.embed["footer"]["text"])

    @property
    def id(self) -> str:
        return self.footer.split(" | ")[0]

    def value(self, name: str) -> str | None:
        return next((f["value"] for f in self.embed["fields"] if f["name"] == name), None)


@dataclass(frozen=True)
class Fault:
    """What happens to a request instead: an answer, a hang, or a lost line.

    `keeps` puts the message into the channel all the same.
    """

    status: int = 0
    body: dict[str, Any] | str = ""
    headers: dict[str, str] = field(default_factory=dict)
    hangs: bool = False
    drops: bool = False
    keeps: bool = False


class DiscordServer:
    """One webhook; `script` holds faults for the coming requests, None for an ordinary answer."""

    def __init__(
        self,
        most: int = 5,
        window_s: float = 2.0,
        tells: bool = True,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self.most, self.window_s, self.tells = most, window_s, tells
        self.now = now
        # By the message's id: what Discord does not take, whatever comes with it.
        self.bad_ids: set[str] = set()
        self.times: list[float] = []
        self.posts: list[Post] = []
        self.requests: list[str] = []
        self.answers: list[int] = []
        self.violations = 0
        self.script: deque[Fault | None] = deque()
        self.always: Fault | None = None
        self._arrived: deque[float] = deque()
        self._changed = threading.Condition()
        self._released = threading.Event()
        handler = type("Handler", (_Handler,), {"discord": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/api/webhooks/1234567890/{TOKEN}"

    @contextmanager
    def running(self) -> Iterator[DiscordServer]:
        thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._released.set()
            self._server.shutdown()
            self._server.server_close()
            thread.join(10)

    def wait_for(self, requests: int) -> None:
        """Return when so many requests have arrived."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.requests) >= requests, LIMIT_SECONDS)

    def release(self) -> None:
        """Let what hangs go on."""
        self._released.set()

    def arrive(self, path: str) -> Fault | None:
        """Note a request and say what is to become of it."""
        with self._changed:
            self.requests.append(path)
            self.times.append(self.now())
            self._changed.notify_all()
            return self.script.popleft() if self.script else self.always

    def admit(self) -> tuple[int, float]:
        """Return how many more may come in this window, -1 for one too many, and when it ends."""
        now = self.now()
        with self._changed:
            while self._arrived and now - self._arrived[0] >= self.window_s:
                self._arrived.popleft()
            if len(self._arrived) >= self.most:
                self.violations += 1
                return -1, self._arrived[0] + self.window_s - now
            self._arrived.append(now)
            return self.most - len(self._arrived), self._arrived[0] + self.window_s - now

    def keep(self, post: Post) -> None:
        with self._changed:
            # As people see it: messages that came together are one below the other.
            for embed in post.body["embeds"]:
                self.posts.append(Post({**post.body, "embeds": [embed]}, post.pictures))


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    discord: DiscordServer

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def do_POST(self) -> None:
        post = self._read()
        fault = self.discord.arrive(self.path)
        if fault is None:
            self._ordinary(post)
            return
        if fault.keeps:
            self.discord.keep(post)
        if fault.hangs:
            self.discord._released.wait(LIMIT_SECONDS)
        if fault.hangs or fault.drops:
            self.close_connection = True
            return
        self._answer(fault.status, fault.body, fault.headers)

    def _ordinary(self, post: Post) -> None:
        if TOKEN not in self.path:
            self._answer(401, {"message": "Invalid Webhook Token", "code": 50027})
            return
        is_bad = any(e["footer"]["text"].split(" | ")[0] in self.discord.bad_ids
                     for e in post.body["embeds"])  # fmt: skip
        refusal = "Invalid Form Body" if is_bad else _refusal(post)
        if refusal:
            self._answer(400, {"message": refusal, "code": 50035})
            return
        left, ends = self.discord.admit()
        headers = {
            "X-RateLimit-Limit": str(self.discord.most),
            "X-RateLimit-Remaining": str(max(left, 0)),
            "X-RateLimit-Reset-After": f"{ends:.3f}",
        }
        if left < 0:
            body = {
                "message": "You are being rate limited.",
                "retry_after": round(ends + 0.0005, 3),
                "global": False,
            }
            whole = {"Retry-After": str(int(ends) + 1), "X-RateLimit-Scope": "user"}
            self._answer(429, body, headers | whole)
            return
        self.discord.keep(post)
        self._answer(200, {"id": "1"}, headers if self.discord.tells else {})

    def _read(self) -> Post:
        content = self.rfile.read(int(self.headers["Content-Length"]))
        kind = self.headers["Content-Type"]
        if not kind.startswith("multipart/form-data"):
            return Post(json.loads(content))
        head = f"Content-Type: {kind}\r\n\r\n".encode()
        message = BytesParser(policy=HTTP).parsebytes(head + content)
        parts = {
            str(part.get_param("name", header="content-disposition")): part
            for part in message.iter_parts()  # type: ignore[attr-defined]
        }
        body = json.loads(parts.pop("payload_json").get_payload(decode=True))
        pictures = {
            str(part.get_filename()): bytes(part.get_payload(decode=True))
            for part in parts.values()
        }
        return Post(body, pictures)

    def _answer(
        self, status: int, body: dict[str, Any] | str, headers: dict[str, str] | None = None
    ) -> None:
        self.discord.answers.append(status)
        content = (body if isinstance(body, str) else json.dumps(body)).encode()
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


def _refusal(post: Post) -> str:
    """Say what Discord would not take of a message."""
    together = 0
    if len(post.body["embeds"]) > 10:
        return "Must be 10 or fewer in length"
    for embed in post.body["embeds"]:
        texts = [embed["title"], embed.get("description", ""), embed["footer"]["text"]]
        fields = embed["fields"]
        texts += [text for field in fields for text in (field["name"], field["value"])]
        together += sum(map(len, texts))
        if together > 6000 or len(fields) > 25 or len(texts[0]) > 256:
            return "Embed is too large"
        if any(not f["name"].strip() or not f["value"].strip() for f in fields):
            return "This field is required"
        if any(len(f["name"]) > 256 or len(f["value"]) > 1024 for f in fields):
            return "Must be 1024 or fewer in length"
        if len(texts[1]) > 4096 or len(texts[2]) > 2048:
            return "Must be fewer in length"
    return ""
