"""Alpaca's trade updates over a websocket, in a thread of their own."""

from __future__ import annotations

import asyncio
import json
import queue
import random
from collections.abc import Callable
from typing import Any

import msgpack
from alpaca.trading.stream import TradingStream
from websockets.exceptions import WebSocketException
from websockets.legacy.exceptions import InvalidStatusCode

from blocks.exchange.alpaca.line.access import BrokerAccess
from blocks.exchange.alpaca.line.replies import Json
from blocks.providers.alpaca.library_connection import (
    WEBSOCKET_PARAMETERS,
    LibraryConnection,
    close_quietly,
    unused,
)
from blocks.providers.errors import NotConnected, Unauthorized
from blocks.providers.stream_connection import (
    CONNECT_SECONDS,
    REFUSED_PAUSE_SECONDS,
    End,
    Listener,
)
from trading.errors import OpenbellError


class TradeUpdates:
    """Hears one account's trade updates in a thread, between `start` and `close`.

    `wait` and `jitter` are the connection's.
    """

    def __init__(
        self,
        access: BrokerAccess,
        *,
        wait: Callable[[float], bool] | None = None,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._connection = _Connection(access, self, wait, jitter)
        self._messages: queue.SimpleQueue[Json] = queue.SimpleQueue()
        self._given_up = ""
        self.trades = 0
        self.is_connected = False

    def start(self) -> None:
        """Begin to connect."""
        self._connection.start()

    def take(self) -> list[Json]:
        """Return the updates that came since this was asked last, oldest first."""
        found: list[Json] = []
        while True:
            try:
                found.append(self._messages.get_nowait())
            except queue.Empty:
                return found

    def renew(self, why: str) -> None:
        """Give this connection up for a new one."""
        self._given_up = why

    def close(self) -> None:
        """Stop; returns within some seconds."""
        self._connection.close()

    def connected(self) -> None:
        """Hear that updates are sent from now on: what was before is to be asked for."""
        self._given_up = ""
        self.is_connected = True
        self._messages.put({})

    def heard(self, message: Json) -> None:
        """Hear an update."""
        self.trades += 1
        self._messages.put(message)

    def muteness(self) -> OpenbellError | None:
        """Say why the connection is not to be trusted any more."""
        if not self._given_up:
            return None
        return NotConnected(
            f"alpaca's trade updates are connected and mute: {self._given_up}",
            "They are connected again; orders are asked for meanwhile",
        )

    def ended(self, trouble: OpenbellError) -> None:
        """Hear that the connection is gone."""
        self.is_connected = False


class _Connection(LibraryConnection):
    def __init__(
        self,
        access: BrokerAccess,
        listener: Listener,
        wait: Callable[[float], bool] | None,
        jitter: Callable[[], float],
    ) -> None:
        super().__init__(f"{access.name} trade updates", listener, wait=wait, jitter=jitter)
        self._access = access

    async def _listen_once(self) -> End:
        stream = _Stream(self._access, self._listener)
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                await stream.open()
            return await self._read(stream)
        except TimeoutError:
            return self._broken("did not answer in time")
        except InvalidStatusCode as error:
            if error.status_code in (401, 403):
                return self._refused()
            return self._broken(f"ended with HTTP {error.status_code}")
        except ValueError as error:
            # So the library says that the keys are refused, and json that a frame is none.
            is_refused = "authenticate" in str(error)
            return self._refused() if is_refused else self._broken("sent something else than JSON")
        except (OSError, WebSocketException, EOFError, LookupError, AttributeError) as error:
            return self._broken(f"ended ({type(error).__name__})")
        finally:
            await close_quietly(stream)

    def _broken(self, said: str) -> End:
        what = f"alpaca's trade updates: the connection {said}"
        return NotConnected(what, "It is made again; orders are asked for meanwhile"), 0.0

    def _refused(self) -> End:
        mode = self._access.mode
        return (
            Unauthorized(
                f"alpaca refuses the keys for its trade updates of {mode} trading",
                f"Set ALPACA_API_KEY and ALPACA_SECRET_KEY of the {mode} account",
            ),
            REFUSED_PAUSE_SECONDS,
        )


class _Stream(TradingStream):
    """One connection, of which the listener hears when it is listening and all that comes then."""

    def __init__(self, access: BrokerAccess, listener: Listener) -> None:
        super().__init__(
            access.key.get_secret_value(),
            access.secret.get_secret_value(),
            paper=not access.is_live,
            raw_data=True,
            url_override=access.stream_address,
            websocket_params=WEBSOCKET_PARAMETERS,
        )
        self.is_confirmed = False
        self._listener = listener
        # Without a handler it would not ask for updates; `_dispatch` hears everything before.
        self.subscribe_trade_updates(unused)

    async def open(self) -> None:
        """Connect, show the keys and ask for updates."""
        untyped: Any = self
        await untyped._start_ws()

    async def read(self) -> None:
        """Hear updates until the connection ends."""
        untyped: Any = self
        await untyped._consume()

    async def _connect(self) -> None:
        untyped: Any = super()
        await untyped._connect()
        connected: Any = self
        connected._ws = _InJson(connected._ws)

    async def _dispatch(self, msg: dict[str, Any]) -> None:
        kind = msg.get("stream")
        if kind in ("listening", "trade_updates") and not self.is_confirmed:
            self.is_confirmed = True
            self._listener.connected()
        if kind == "trade_updates":
            self._listener.heard(msg.get("data"))


class _InJson:
    """A connection that gives JSON, as the library reads it, also of frames in MessagePack."""

    def __init__(self, socket: Any) -> None:
        self._socket = socket

    async def recv(self) -> str | bytes:
        """Return the next frame. Raises ValueError for one that is neither."""
        frame: str | bytes = await self._socket.recv()
        if isinstance(frame, str) or frame.lstrip().startswith((b"{", b"[")):
            return frame
        return json.dumps(msgpack.unpackb(frame), default=str)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._socket, name)
