"""Nobody finds the token by trying, and nobody is kept out for long by who tries."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from api.guesses import MOST_OF_ALL, MOST_OF_ONE, Guesses
from api.token_gate import TokenGate

TOKEN = "letters-and-digits-4711"
Ask = Callable[..., Awaitable[httpx.Response]]


class Gate:
    """A gate at which wrong tokens wait until they are let go."""

    def __init__(self) -> None:
        self.go = asyncio.Event()
        self.waiting = 0
        self.app = TokenGate(self._answer, TOKEN, Guesses(self._pause))

    async def _pause(self, seconds: float) -> None:
        assert seconds > 0
        self.waiting += 1
        await self.go.wait()

    async def _answer(self, scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"equity"})

    @asynccontextmanager
    async def crowd(self, size: int, *addresses: str) -> AsyncIterator[None]:
        """Have so many wrong tokens of each address wait."""
        tries = [
            asyncio.create_task(self.ask(address, f"wrong-{number}"))
            for address in addresses
            for number in range(size)
        ]
        while self.waiting < len(tries):
            await asyncio.sleep(0)
        yield
        self.go.set()
        for answer in await asyncio.gather(*tries):
            assert answer.status_code == 401

    async def ask(self, address: str, token: str, *, in_form: bool = False) -> httpx.Response:
        transport = httpx.ASGITransport(self.app, client=(address, 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            if in_form:
                return await client.post("/sign-in", data={"token": token, "to": "/"})
            bearer = {"Authorization": f"Bearer {token}"}
            return await client.get("/api/account", headers=bearer)


@pytest.mark.parametrize("in_form", [False, True])
async def test_of_a_crowd_of_one_address_no_more_are_looked_at(in_form: bool) -> None:
    gate = Gate()
    async with gate.crowd(MOST_OF_ONE, "192.0.2.7"):
        # Not even the right one: who tries many at once would see which it is.
        crowded = await gate.ask("192.0.2.7", TOKEN, in_form=in_form)
        assert (crowded.status_code, crowded.headers["retry-after"]) == (429, "2")
        # Who comes from elsewhere is answered as ever, and at once.
        assert (await gate.ask("192.0.2.8", TOKEN, in_form=in_form)).status_code in (200, 303)
    assert (await gate.ask("192.0.2.7", TOKEN, in_form=in_form)).status_code in (200, 303)
    assert not gate.app._guesses._waiting


async def test_of_all_addresses_no_more_wait_than_there_is_room_for() -> None:
    gate = Gate()
    addresses = [f"192.0.2.{number}" for number in range(MOST_OF_ALL // MOST_OF_ONE)]
    async with gate.crowd(MOST_OF_ONE, *addresses):
        assert (await gate.ask("198.51.100.1", "wrong")).status_code == 429
        assert gate.waiting == MOST_OF_ALL


async def test_who_has_a_whole_network_is_one() -> None:
    gate = Gate()
    network = [f"2001:db8:1:2::{number}" for number in range(MOST_OF_ONE)]
    async with gate.crowd(1, *network):
        assert (await gate.ask("2001:db8:1:2:ffff::9", TOKEN)).status_code == 429
        assert (await gate.ask("2001:db8:1:3::9", TOKEN)).status_code == 200


async def test_who_is_signed_in_or_brings_no_token_never_waits() -> None:
    gate = Gate()
    signed_in = await gate.ask("192.0.2.7", TOKEN, in_form=True)
    kept = {"Cookie": signed_in.headers["set-cookie"].partition(";")[0]}
    async with gate.crowd(MOST_OF_ONE, "192.0.2.7"):
        transport = httpx.ASGITransport(gate.app, client=("192.0.2.7", 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            assert (await client.get("/api/account", headers=kept)).status_code == 200
            assert (await client.get("/api/account")).status_code == 401
            assert (await client.get("/health/live")).status_code == 200
