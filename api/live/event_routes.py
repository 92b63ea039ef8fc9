"""Server-sent events: a line to everybody who looks when the ledger changed, and nothing else."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from fastapi import APIRouter
from fastapi.responses import JSONResponse, Response, StreamingResponse

from api.live.watcher import Watcher
from blocks.account_files import LEDGER_FILE
from blocks.live.source import Source
from blocks.process.web.door import Receive, Scope, Send
from trading.errors import BadInput

# A page is one; more than these are no people.
MOST_CLIENTS = 32
# A proxy closes what is silent for longer, and a page knows that nobody is there.
HEARTBEAT_SECONDS = 10.0
# Then it ends, and a page that is there begins another: who went away without a word, or never
# reads, takes no place of others for longer.
LONGEST_SECONDS = 300.0
TOO_MANY = 503
RETRY_MS = 2000
HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


class Watchers:
    """Those of every account whose page is open; who stops the application closes them."""

    def __init__(self) -> None:
        self._all: list[Watcher] = []

    def of(self, source: Source) -> Watcher:
        """Return what watches the ledger of the account that a source names, and its folder."""

        def paths() -> list[Path]:
            try:
                return [source.data_dir / source.account() / LEDGER_FILE]
            except BadInput:
                return []

        watcher = Watcher(paths)
        self._all.append(watcher)
        return watcher

    async def close(self) -> None:
        """Let everybody who waits go at once."""
        for watcher in self._all:
            await watcher.close()


def event_routes(watcher: Watcher) -> APIRouter:
    """Return the route of the stream; it has no place in a schema of answers that end."""
    routes = APIRouter(prefix="/api", include_in_schema=False)

    @routes.get("/events")
    async def events() -> Response:
        return EventStream(watcher)

    return routes


class EventStream(StreamingResponse):
    """The stream of one who looks, or a refusal where too many do."""

    def __init__(self, watcher: Watcher) -> None:
        super().__init__(
            _stream(watcher, time.monotonic), media_type="text/event-stream", headers=HEADERS
        )
        self._watcher = watcher

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer until who looks goes away."""
        # Asked and counted at one go: of many who come at once none slips through.
        if self._watcher.waiting >= MOST_CLIENTS:
            body = {"error": f"{MOST_CLIENTS} pages are open already. Close one, and try again"}
            await JSONResponse(body, TOO_MANY, {"Retry-After": "30"})(scope, receive, send)
            return
        async with self._watcher:
            await super().__call__(scope, receive, send)


async def _stream(watcher: Watcher, clock: Callable[[], float]) -> AsyncIterator[str]:
    number, until = watcher.number, clock() + LONGEST_SECONDS
    # The first line opens the stream: whoever connects again reads anew.
    yield f"retry: {RETRY_MS}\nevent: changed\ndata: {number}\n\n"
    while not watcher.is_closed and clock() < until:
        newest = await watcher.change_after(number, HEARTBEAT_SECONDS)
        if watcher.is_closed:
            return
        if newest == number:
            yield "event: alive\ndata: \n\n"
        else:
            number = newest
            yield f"event: changed\ndata: {number}\n\n"
