"""The connection under a stream: a thread that connects again and again, for whoever listens."""

from __future__ import annotations

import asyncio
import logging
import random
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, Protocol

from blocks.providers.errors import NotConnected
from trading.errors import OpenbellError

FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 60.0
REFUSED_PAUSE_SECONDS = 300.0
POLL_SECONDS = 0.5
QUEUED_FRAMES = 1024
CONNECT_SECONDS = 10.0

# Why a connection ended, and the shortest pause before the next one, seconds.
End = tuple[OpenbellError, float]

log = logging.getLogger(__name__)
# Addresses and frames hold keys, and websockets logs both: its lines go nowhere, whatever the
# level.
MUTE = logging.Logger("mute", logging.CRITICAL + 1)
MUTE.addHandler(logging.NullHandler())


class Listener(Protocol):
    """What hears of the connection, always in its thread."""

    trades: int

    def connected(self) -> None:
        """Hear that all symbols are subscribed."""
        ...

    def heard(self, message: Any) -> None:
        """Hear a message, as JSON or its like says it."""
        ...

    def muteness(self) -> OpenbellError | None:
        """Say why a connection without messages is not to be trusted any more."""
        ...

    def ended(self, trouble: OpenbellError) -> None:
        """Hear that the connection is gone."""
        ...


class StreamConnection(ABC):
    """Keeps one connection for the listener between `start` and `close`.

    Pauses between attempts double from 2 s to 60 s, with jitter, and only what comes of trades
    shortens them. `wait` takes seconds and returns early, with True, when it is closed.
    """

    def __init__(
        self,
        name: str,
        listener: Listener,
        *,
        wait: Callable[[float], bool] | None = None,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._name = name
        self._listener = listener
        self._stopping = threading.Event()
        self._wait = wait or self._stopping.wait
        self._jitter = jitter
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    @property
    def is_stopping(self) -> bool:
        """Return whether it was closed."""
        return self._stopping.is_set()

    @property
    def closed(self) -> OpenbellError:
        """Return why a connection ends that was closed."""
        return NotConnected(f"the {self._name} was closed", "Start it again")

    def start(self) -> None:
        """Begin to connect."""
        self._thread.start()

    def close(self) -> None:
        """Stop; returns within some seconds."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(CONNECT_SECONDS + POLL_SECONDS)

    @abstractmethod
    async def _listen_once(self) -> End:
        """Connect and read until the end; return why it ended and the shortest pause, seconds."""

    def _run(self) -> None:
        pauses = 0
        while not self._stopping.is_set():
            heard_before = self._listener.trades
            trouble, pause = asyncio.run(self._listen_once())
            self._listener.ended(trouble)
            if not self._stopping.is_set():
                log.warning("%s", trouble)
            # Only trades prove that a connection is worth more than the one before.
            pauses = 0 if self._listener.trades > heard_before else pauses + 1
            backoff = min(FIRST_PAUSE_SECONDS * 2 ** min(pauses, 10), LONGEST_PAUSE_SECONDS)
            if self._stopping.is_set() or self._wait(max(pause, backoff) * (0.5 + self._jitter())):
                return
