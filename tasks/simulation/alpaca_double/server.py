"""The double's two doors: the API over HTTP, and the stream of trade updates."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

import orjson
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from tasks.simulation.alpaca_double.bar_market import BarMarket
from tasks.simulation.alpaca_double.double_clock import DoubleClock
from tasks.simulation.alpaca_double.faults import Faults
from tasks.simulation.alpaca_double.journal import Journal, KeptRequest
from tasks.simulation.alpaca_model.answers import ApiAnswer, Json
from tasks.simulation.alpaca_model.model import AlpacaModel

LONGEST_NAP_SECONDS = 0.05
CLOCK = "/v2/clock"
UNAUTHORIZED = ApiAnswer(401, {"code": 40110000, "message": "request is not authorized"})
TOO_MANY = ApiAnswer(429, {"code": 42910000, "message": "too many requests."})
NO_JSON = ApiAnswer(400, {"code": 40010000, "message": "request body format is invalid"})
PAGE = b"<html><body><h1>502 Bad Gateway</h1></body></html>"


@dataclass(frozen=True, slots=True)
class Keys:
    """The pair of keys that the double knows; empty ones take any."""

    key: str = ""
    secret: str = ""

    def fit(self, key: str, secret: str) -> bool:
        """Return whether a client's keys are these."""
        if not self.key:
            return bool(key and secret)
        return (key, secret) == (self.key, self.secret)


@dataclass
class RateLimit:
    """So many requests in each minute of the machine, 0 for any number."""

    per_minute: int = 0
    left: int = 0
    resets: float = 0.0

    def takes(self) -> bool:
        """Count a request; return whether it is taken."""
        if time.time() >= self.resets:
            self.left, self.resets = self.per_minute, time.time() + 60
        self.left -= 1
        return self.per_minute == 0 or self.left >= 0

    def headers(self) -> dict[str, str]:
        """Return what the API says of its limit."""
        return {
            "X-Ratelimit-Limit": str(self.per_minute),
            "X-Ratelimit-Remaining": str(max(self.left, 0)),
            "X-Ratelimit-Reset": str(int(self.resets)),
        }


@dataclass
class Double:
    """The model with its clock, its market and the listeners of its stream."""

    model: AlpacaModel
    market: BarMarket
    clock: DoubleClock
    journal: Journal
    faults: Faults
    keys: Keys = field(default_factory=Keys)
    limit: RateLimit = field(default_factory=RateLimit)
    listeners: set[asyncio.Event] = field(default_factory=set)

    def go_on(self) -> None:
        """Take up what the journal holds: each request again, at its moment."""
        for request in self.journal.requests:
            self.market.catch_up(request.at)
            self.model.respond(request.method, request.path, {}, request.body, request.at)

    def respond(self, method: str, path: str, query: dict[str, str], body: Json) -> ApiAnswer:
        """Answer a request at the present; what changes anything is kept first."""
        if self.clock.began is None and path == CLOCK:
            self.journal.begin(self.clock.start())
        now = self.clock.now()
        self.market.catch_up(now)
        if method != "GET":
            if self.clock.began is None:
                self.journal.begin(self.clock.start())
                now = self.clock.now()
            self.journal.keep(KeptRequest(now, method, path, body))
        answer = self.model.respond(method, path, query, body, now)
        self.tell()
        return answer

    def tell(self) -> None:
        """Wake those who listen."""
        for listener in self.listeners:
            listener.set()

    async def let_market_pass(self) -> None:
        """Let the market trade at its moments, also while nobody asks."""
        while True:
            nap = LONGEST_NAP_SECONDS
            if self.clock.began is not None:
                if self.market.catch_up(self.clock.now()):
                    self.tell()
                following = self.market.next_at
                if following is not None:
                    nap = min(max(self.clock.machine_seconds_until(following), 0.0), nap)
            await asyncio.sleep(nap)


def create_app(double: Double) -> Starlette:
    """Return the double as an ASGI app."""

    async def api(request: Request) -> Response:
        headers = request.headers
        if not double.keys.fit(
            headers.get("APCA-API-KEY-ID", ""), headers.get("APCA-API-SECRET-KEY", "")
        ):
            return _json(UNAUTHORIZED, double)
        if not double.limit.takes():
            return _json(TOO_MANY, double)
        try:
            content, body = await request.body(), None
        except ClientDisconnect:
            # Who asked is gone, and what was asked never arrived whole.
            return _cut_off()
        if content:
            try:
                body = orjson.loads(content)
            except orjson.JSONDecodeError:
                return _json(NO_JSON, double)
        fault = double.faults.of_request()
        if fault == "lost":
            return _cut_off()
        if fault == "busy":
            return _json(TOO_MANY, double)
        if fault == "page":
            return Response(PAGE, 502, media_type="text/html")
        answer = double.respond(request.method, request.url.path, dict(request.query_params), body)
        if fault == "unanswered":
            return _cut_off()
        if fault == "gateway":
            return Response(PAGE, 504, media_type="text/html")
        return _json(answer, double)

    async def stream(socket: WebSocket) -> None:
        await socket.accept()
        with suppress(WebSocketDisconnect):
            if await _authorized(socket, double.keys):
                await _listen(socket, double)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        passing = asyncio.create_task(double.let_market_pass())
        yield
        passing.cancel()

    methods = ["GET", "POST", "PATCH", "DELETE", "PUT"]
    routes = [Route("/v2/{rest:path}", api, methods=methods), WebSocketRoute("/stream", stream)]
    return Starlette(routes=routes, lifespan=lifespan)


def _json(answer: ApiAnswer, double: Double) -> Response:
    headers = double.limit.headers() if double.limit.per_minute else {}
    if answer.body is None:
        return Response(None, answer.status, headers)
    return Response(orjson.dumps(answer.body), answer.status, headers, "application/json")


def _cut_off() -> Response:
    """Return an answer that breaks off: the client learns nothing of what became of it."""

    async def nothing() -> AsyncIterator[bytes]:
        yield b""

    return StreamingResponse(nothing(), headers={"Content-Length": "1000"})


async def _authorized(socket: WebSocket, keys: Keys) -> bool:
    said = await _message(socket)
    inner = said.get("data")
    data = inner if isinstance(inner, dict) else said
    key = str(data.get("key_id", data.get("key", "")))
    secret = str(data.get("secret_key", data.get("secret", "")))
    fits = said.get("action") in ("authenticate", "auth") and keys.fit(key, secret)
    status = "authorized" if fits else "unauthorized"
    answer: Json = {"status": status, "action": "authenticate"}
    await _send(socket, {"stream": "authorization", "data": answer})
    if not fits:
        await socket.close()
    return fits


async def _listen(socket: WebSocket, double: Double) -> None:
    """Send what is new from the first `listen` on; what came before nobody hears again."""
    said = await _message(socket)
    while said.get("action") != "listen":
        said = await _message(socket)
    await _send(socket, {"stream": "listening", "data": said.get("data", {})})
    sent, news = len(double.model.updates()), asyncio.Event()
    double.listeners.add(news)
    hearing = asyncio.create_task(_hear(socket))
    try:
        while not hearing.done():
            for update in double.model.updates(sent):
                sent += 1
                for _ in range(double.faults.copies_of_update()):
                    await _send(socket, update)
            waiting = asyncio.create_task(news.wait())
            await asyncio.wait({waiting, hearing}, return_when=asyncio.FIRST_COMPLETED)
            waiting.cancel()
            news.clear()
    finally:
        double.listeners.discard(news)
        hearing.cancel()


async def _hear(socket: WebSocket) -> None:
    """Wait for the client to go; what else it says changes nothing."""
    with suppress(WebSocketDisconnect):
        while True:
            await _message(socket)


async def _message(socket: WebSocket) -> dict[str, Json]:
    """Return a client's next message, whether it came as text or as bytes."""
    received = await socket.receive()
    if received["type"] == "websocket.disconnect":
        raise WebSocketDisconnect
    try:
        said = orjson.loads(received.get("text") or received.get("bytes") or b"{}")
    except orjson.JSONDecodeError:
        said = {}
    return said if isinstance(said, dict) else {}


async def _send(socket: WebSocket, message: Json) -> None:
    # The paper account's stream sends binary frames.
    await socket.send_bytes(orjson.dumps(message))
