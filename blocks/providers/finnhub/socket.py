"""The connection under Finnhub's trade stream: a thread that connects again and again.

The thread has a loop of its own. The library's blocking client reads and writes in two threads,
and its first write was measured to hang until its limit, probably on what a TLS 1.3 server sends
first (its session tickets).
"""

from __future__ import annotations

import asyncio
import json
import logging
import random
import ssl
import threading
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from pydantic import SecretStr
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus, WebSocketException

from blocks.providers.errors import NotConnected, Unauthorized
from trading.errors import OpenbellError

ADDRESS = "wss://ws.finnhub.io"
FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 60.0
REFUSED_PAUSE_SECONDS = 300.0
POLL_SECONDS = 0.5
QUEUED_FRAMES = 1024
CONNECT_SECONDS = 10.0

log = logging.getLogger(__name__)
# The address holds the key, and websockets logs it: its lines go nowhere, whatever the level.
_MUTE = logging.Logger("mute", logging.CRITICAL + 1)
_MUTE.addHandler(logging.NullHandler())


class Listener(Protocol):
    """What hears of the connection, always in its thread."""

    trades: int

    def connected(self) -> None:
        """Hear that all symbols are subscribed."""
        ...

    def heard(self, message: Any) -> None:
        """Hear a message, as JSON says it."""
        ...

    def muteness(self) -> OpenbellError | None:
        """Say why a connection without messages is not to be trusted any more."""
        ...

    def ended(self, trouble: OpenbellError) -> None:
        """Hear that the connection is gone."""
        ...


class FinnhubSocket:
    """Keeps one connection for the listener between `start` and `close`.

    Pauses between attempts double from 2 s to 60 s, with jitter, and only a trade shortens them;
    a refused key waits for 5 minutes. Frames wait in a queue of bounded length, and Finnhub
    behind it. `wait` takes seconds and returns early, with True, when the socket is closed.
    """

    def __init__(
        self,
        key: SecretStr,
        symbols: Sequence[str],
        listener: Listener,
        *,
        wait: Callable[[float], bool] | None = None,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._key = key
        self._symbols = tuple(symbols)
        self._listener = listener
        self._stopping = threading.Event()
        self._wait = wait or self._stopping.wait
        self._jitter = jitter
        self._thread = threading.Thread(target=self._run, name="finnhub stream", daemon=True)

    def start(self) -> None:
        """Begin to connect."""
        self._thread.start()

    def close(self) -> None:
        """Stop; returns within some seconds."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(CONNECT_SECONDS + POLL_SECONDS)

    def __repr__(self) -> str:
        return f"FinnhubSocket({', '.join(self._symbols)}, key=**********)"

    def _run(self) -> None:
        pauses = 0
        while not self._stopping.is_set():
            heard_before = self._listener.trades
            trouble, pause = asyncio.run(self._listen_once())
            self._listener.ended(trouble)
            log.warning("%s", trouble)
            # Only trades prove that a connection is worth more than the one before.
            pauses = 0 if self._listener.trades > heard_before else pauses + 1
            backoff = min(FIRST_PAUSE_SECONDS * 2 ** min(pauses, 10), LONGEST_PAUSE_SECONDS)
            if self._stopping.is_set() or self._wait(max(pause, backoff) * (0.5 + self._jitter())):
                return

    async def _listen_once(self) -> tuple[OpenbellError, float]:
        """Connect and read until the end; return why it ended and the shortest pause, seconds."""
        try:
            async with connect(
                f"{ADDRESS}?token={self._key.get_secret_value()}",
                ssl=ssl.create_default_context(),
                open_timeout=CONNECT_SECONDS,
                max_queue=QUEUED_FRAMES,
                close_timeout=1,
                logger=_MUTE,
            ) as socket:
                for symbol in self._symbols:
                    await socket.send(json.dumps({"type": "subscribe", "symbol": symbol}))
                self._listener.connected()
                log.info("finnhub stream connected, %d symbols", len(self._symbols))
                return await self._read(socket), 0.0
        except InvalidStatus as error:
            return _refusal(error.response.status_code)
        except (OSError, WebSocketException, EOFError) as error:
            # The text of an error may hold the address: its name has to do.
            what = f"the finnhub stream ended ({type(error).__name__})"
            return NotConnected(what, "It is connected again"), 0.0

    async def _read(self, socket: ClientConnection) -> OpenbellError:
        while not self._stopping.is_set():
            try:
                async with asyncio.timeout(POLL_SECONDS):
                    message = json.loads(await socket.recv())
            except TimeoutError:
                pass
            except ValueError:
                log.warning("the finnhub stream sent something that is no JSON")
            else:
                self._listener.heard(message)
            # Asked after messages too, for pings may come faster than the poll runs out.
            muteness = self._listener.muteness()
            if muteness is not None:
                return muteness
        return NotConnected("the finnhub stream was closed", "Start it again")


def _refusal(status: int) -> tuple[OpenbellError, float]:
    if status in (401, 403):
        what = f"finnhub refuses the key (HTTP {status})"
        return Unauthorized(what, "Check FINNHUB_API_KEY"), REFUSED_PAUSE_SECONDS
    what = f"the finnhub stream answers HTTP {status}"
    return NotConnected(what, "It is tried again, less often"), LONGEST_PAUSE_SECONDS
