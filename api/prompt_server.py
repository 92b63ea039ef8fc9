"""Uvicorn that lets streams end before it waits for them: they would never end by themselves."""

from __future__ import annotations

import socket
from collections.abc import Awaitable, Callable

import uvicorn


class PromptServer(uvicorn.Server):
    """Calls `on_exit` in its loop when it is told to end."""

    def __init__(self, config: uvicorn.Config, on_exit: Callable[[], Awaitable[None]]) -> None:
        super().__init__(config)
        self._on_exit = on_exit

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End the streams, then everything else as uvicorn does."""
        await self._on_exit()
        await super().shutdown(sockets)
