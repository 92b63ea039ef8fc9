"""HTTP for a port that strangers may reach: who asks or takes nothing is not waited for."""

from __future__ import annotations

import asyncio

from uvicorn.protocols.http.h11_impl import H11Protocol

PATIENCE_S = 10.0
TAKING_S = 60.0


class ImpatientProtocol(H11Protocol):
    """Closes a connection on which no whole request came for a while, however slowly it comes.

    So does one whose answer is not taken for a longer while. Uvicorn itself waits for ever for a
    first request, for the rest of one that has begun, and for who does not read.
    """

    _patience: asyncio.TimerHandle | None = None
    _taking: asyncio.TimerHandle | None = None

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
        for timer in (self._patience, self._taking):
            if timer is not None:
                timer.cancel()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """Wait for who is to take what was written."""
        super().pause_writing()
        self._taking = self.loop.call_later(TAKING_S, self.transport.abort)

    def resume_writing(self) -> None:
        """Wait no longer: it was taken."""
        super().resume_writing()
        if self._taking is not None:
            self._taking.cancel()
            self._taking = None

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
