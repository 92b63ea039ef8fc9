"""Whoever opens a connection and asks for nothing whole is not waited for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import uvicorn

from api import impatient_protocol
from api.impatient_protocol import ImpatientProtocol

QUESTION = b"GET / HTTP/1.1\r\nHost: here\r\n\r\n"
# More than both sides' buffers of a connection take.
LONG = 20_000_000
Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@pytest.fixture
async def address(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[str, int]]:
    monkeypatch.setattr(impatient_protocol, "PATIENCE_S", 0.3)
    monkeypatch.setattr(impatient_protocol, "TAKING_S", 0.3)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["path"] == "/slow":
            # Longer than anybody is waited for who asks nothing.
            await asyncio.sleep(0.9)
        body = b"o" * LONG if scope["path"] == "/long" else b"ok"
        headers = [(b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    config = uvicorn.Config(
        app, port=0, http=ImpatientProtocol, ws="none", lifespan="off", log_config=None
    )
    server = uvicorn.Server(config)
    config.load()
    server.lifespan = config.lifespan_class(config)
    await server.startup()
    yield server.servers[0].sockets[0].getsockname()
    await server.shutdown()


@pytest.mark.parametrize(
    "sent",
    [b"", QUESTION[:20], b"GET / HTTP/1.1\r\nHost: here\r\nX: ", QUESTION + QUESTION[:9]],
)
async def test_who_sends_nothing_whole_is_hung_up_on(sent: bytes, address: tuple[str, int]) -> None:
    reader, writer = await asyncio.open_connection(*address)
    writer.write(sent)
    answered = await reader.read()
    assert answered.count(b"200 OK") == sent.count(QUESTION)
    writer.close()


async def test_who_sends_a_letter_now_and_then_is_hung_up_on_too(
    address: tuple[str, int],
) -> None:
    reader, writer = await asyncio.open_connection(*address)

    async def trickle() -> None:
        for letter in QUESTION * 100:
            writer.write(bytes([letter]))
            await asyncio.sleep(0.1)

    trickling = asyncio.create_task(trickle())
    assert await reader.read() == b""
    trickling.cancel()
    writer.close()


async def test_an_answer_that_takes_long_is_waited_for(address: tuple[str, int]) -> None:
    reader, writer = await asyncio.open_connection(*address)
    writer.write(QUESTION.replace(b"/ ", b"/slow "))
    assert (await reader.read()).endswith(b"ok")
    writer.close()


async def ask_on(writer: asyncio.StreamWriter) -> None:
    while True:
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(0.05)


async def test_who_does_not_take_an_answer_is_hung_up_on(address: tuple[str, int]) -> None:
    reader, writer = await asyncio.open_connection(*address, limit=1)
    writer.write(QUESTION.replace(b"/ ", b"/long "))
    # It reads the beginning, and then nothing until the other side has given up.
    await reader.read(1)
    with pytest.raises(ConnectionError):
        await ask_on(writer)
    writer.close()


async def test_who_takes_an_answer_piece_by_piece_gets_all_of_it(
    address: tuple[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    # As long as a busy machine may need for each piece.
    monkeypatch.setattr(impatient_protocol, "TAKING_S", 60.0)
    reader, writer = await asyncio.open_connection(*address)
    writer.write(QUESTION.replace(b"/ ", b"/long "))
    assert len(await reader.read()) > LONG
    writer.close()
