"""One of alpaca-py's connections at a time, read in a loop with time-outs of our own.

The library would connect again by itself, for ever and without a word to anybody, and waits
without a limit for the answer to its keys. So each of its connections is used once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any, Protocol

from websockets.exceptions import WebSocketException

from blocks.providers.stream_connection import (
    CONNECT_SECONDS,
    MUTE,
    POLL_SECONDS,
    QUEUED_FRAMES,
    End,
    StreamConnection,
)

WEBSOCKET_PARAMETERS: dict[str, Any] = {
    "open_timeout": CONNECT_SECONDS,
    "close_timeout": 1,
    "ping_interval": 10,
    "ping_timeout": 60,
    "max_queue": QUEUED_FRAMES,
    "logger": MUTE,
}


class LibraryStream(Protocol):
    """One connection of the library's; `is_confirmed` once Alpaca sends what was asked for."""

    is_confirmed: bool

    def read(self) -> Awaitable[None]:
        """Hear messages until the connection ends."""
        ...

    async def close(self) -> None:
        """End the connection."""
        ...


class LibraryConnection(StreamConnection):
    """Keeps one of the library's connections for the listener between `start` and `close`."""

    async def _read(self, stream: LibraryStream) -> End:
        """Hear a stream to its end; raises TimeoutError where it is not confirmed in time."""
        now = asyncio.get_running_loop().time
        confirmed_by = now() + CONNECT_SECONDS
        reading = asyncio.ensure_future(stream.read())
        try:
            while not self.is_stopping:
                await asyncio.wait({reading}, timeout=POLL_SECONDS)
                if reading.done():
                    reading.result()
                    break
                if not stream.is_confirmed and now() > confirmed_by:
                    raise TimeoutError
                muteness = self._listener.muteness()
                if muteness is not None:
                    return muteness, 0.0
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)
        return self.closed, 0.0


async def unused(_: Any) -> None:
    """Stand for what the library would call: a stream's `_dispatch` hears everything before."""


async def close_quietly(stream: LibraryStream) -> None:
    """End a connection, or find that it is gone, which is what was wanted."""
    try:
        await stream.close()
    except (OSError, WebSocketException):
        return
