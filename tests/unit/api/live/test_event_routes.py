"""So many may look at once, however many come at one moment, and a place becomes free again."""

from __future__ import annotations

import asyncio

import pytest

from api.live import event_routes
from api.live.event_routes import MOST_CLIENTS, EventStream
from api.live.watcher import Watcher
from blocks.process.web.door import Message


async def test_of_a_crowd_that_comes_at_one_moment_no_more_are_let_in() -> None:
    watcher = Watcher(list)
    answered: list[int] = []
    told = b""
    crowd = MOST_CLIENTS + 20
    everybody = asyncio.Event()

    async def send(message: Message) -> None:
        nonlocal told
        told += message.get("body", b"")
        if message["type"] == "http.response.start":
            answered.append(message["status"])
            if len(answered) == crowd:
                everybody.set()
        await asyncio.sleep(0)

    async def receive() -> Message:
        await asyncio.Event().wait()
        raise AssertionError

    scope = {"type": "http", "asgi": {"spec_version": "2.3"}}
    streams = [
        asyncio.create_task(EventStream(watcher)(scope, receive, send)) for _ in range(crowd)
    ]
    await everybody.wait()
    assert answered.count(200) == MOST_CLIENTS
    assert answered.count(503) == 20
    assert told.count(b"pages are open already. Close one, and try again") == 20

    for stream in streams:
        stream.cancel()
    await asyncio.gather(*streams, return_exceptions=True)
    assert watcher.waiting == 0


async def test_a_stream_ends_after_a_while_so_that_nobody_keeps_a_place_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(event_routes, "HEARTBEAT_SECONDS", 0.01)
    monkeypatch.setattr(event_routes, "LONGEST_SECONDS", 0.05)
    watcher, sent = Watcher(list), list[Message]()

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        # It never goes away by itself.
        await asyncio.Event().wait()
        raise AssertionError

    await EventStream(watcher)({"type": "http", "asgi": {"spec_version": "2.3"}}, receive, send)
    assert watcher.waiting == 0
    assert sent[-1].get("more_body") is False
    # A page that is there comes again by itself, soon.
    assert sent[1]["body"].startswith(b"retry: 2000")
