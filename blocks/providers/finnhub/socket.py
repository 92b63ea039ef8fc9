"""The connection under Finnhub's trade stream.

It has a loop of its own in a thread. The library's blocking client reads and writes in two
threads, and its first write was measured to hang until its limit, probably on what a TLS 1.3
server sends first (its session tickets).
"""

from __future__ import annotations

import asyncio
import json
import logging
import random
import ssl
from collections.abc import Callable, Sequence

from pydantic import SecretStr
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus, WebSocketException

from blocks.providers.errors import NotConnected, Unauthorized
from blocks.providers.stream_connection import (
    CONNECT_SECONDS,
    LONGEST_PAUSE_SECONDS,
    MUTE,
    POLL_SECONDS,
    QUEUED_FRAMES,
    REFUSED_PAUSE_SECONDS,
    End,
    Listener,
    StreamConnection,
)
from trading.errors import OpenbellError

ADDRESS = "wss://ws.finnhub.io"

log = logging.getLogger(__name__)


class FinnhubSocket(StreamConnection):
    """Keeps one connection for the listener between `start` and `close`.

    A refused key waits for 5 minutes. Frames wait in a queue of bounded length, and Finnhub
    behind it. `wait` and `jitter` are the connection's.
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
        super().__init__("finnhub stream", listener, wait=wait, jitter=jitter)
        self._key = key
        self._symbols = tuple(symbols)

    def __repr__(self) -> str:
        return f"FinnhubSocket({', '.join(self._symbols)}, key=**********)"

    async def _listen_once(self) -> End:
        try:
            async with connect(
                f"{ADDRESS}?token={self._key.get_secret_value()}",
                ssl=ssl.create_default_context(),
                open_timeout=CONNECT_SECONDS,
                max_queue=QUEUED_FRAMES,
                close_timeout=1,
                logger=MUTE,
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
        while not self.is_stopping:
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
        return self.closed


def _refusal(status: int) -> End:
    if status in (401, 403):
        what = f"finnhub refuses the key (HTTP {status})"
        return Unauthorized(what, "Check FINNHUB_API_KEY"), REFUSED_PAUSE_SECONDS
    what = f"the finnhub stream answers HTTP {status}"
    return NotConnected(what, "It is tried again, less often"), LONGEST_PAUSE_SECONDS
