"""HTTP for a port that strangers may reach: who asks for nothing is not waited for."""

from __future__ import annotations

import asyncio

from uvicorn.protocols.http.h11_impl import H11Protocol

PATIENCE_S = 10.0


class ImpatientProtocol(H11Protocol):
    """Closes a connection on which no whole request came for a while, however slowly it comes.

    Uvicorn itself waits for ever for a first request, and for the rest of one that has begun.
    """

    _patience: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait."""
        super().connection_made(transport)
        self._mind()

    def data_received(self, data: bytes) -> None:
        """Wait no longer once a request is whole."""
        super().data_received(data)
        self._mind()

    def on_response_complete(self) -> None:
        """Wait for the next one."""
        super().on_response_complete()
        self._mind()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing more."""
        if self._patience is not None:
            self._patience.cancel()
        super().connection_lost(exc)

    def _mind(self) -> None:
        is_answering = self.cycle is not None and not self.cycle.response_complete
        if is_answering and self._patience is not None:
            self._patience.cancel()
            self._patience = None
        elif not is_answering and self._patience is None:
            self._patience = self.loop.call_later(PATIENCE_S, self._give_up)

    def _give_up(self) -> None:
        self._patience = None
        if not self.transport.is_closing():
            self.transport.close()
