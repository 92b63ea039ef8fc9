"""The connection under Alpaca's bars stream.

The library tells a refusal to its log alone: what it hears is heard here.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Sequence
from typing import Any

from alpaca.data.enums import DataFeed
from alpaca.data.live.stock import StockDataStream
from websockets.exceptions import WebSocketException
from websockets.legacy.exceptions import InvalidStatusCode

from blocks.providers.access import AlpacaAccess
from blocks.providers.alpaca.failures import FeedNotInPlan
from blocks.providers.alpaca.library_connection import (
    WEBSOCKET_PARAMETERS,
    LibraryConnection,
    close_quietly,
    unused,
)
from blocks.providers.alpaca.names import name_of
from blocks.providers.errors import NotConnected, Unauthorized
from blocks.providers.stream_connection import (
    CONNECT_SECONDS,
    LONGEST_PAUSE_SECONDS,
    REFUSED_PAUSE_SECONDS,
    End,
    Listener,
)


class AlpacaSocket(LibraryConnection):
    """Keeps one connection for the listener between `start` and `close`.

    What the keys or the plan forbid waits for 5 minutes. `wait` and `jitter` are the connection's.
    """

    def __init__(
        self,
        access: AlpacaAccess,
        symbols: Sequence[str],
        listener: Listener,
        *,
        wait: Callable[[float], bool] | None = None,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        super().__init__(f"{access.source} stream", listener, wait=wait, jitter=jitter)
        self._access = access
        self._names = tuple(name_of(symbol) for symbol in symbols)

    def __repr__(self) -> str:
        return f"AlpacaSocket({', '.join(self._names)}, keys=**********)"

    async def _listen_once(self) -> End:
        stream = _Stream(self._access, self._listener)
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                await stream._start_ws()
                await stream.ask_for(self._names)
            return await self._read(stream)
        except TimeoutError:
            what = f"the {self._access.source} stream did not answer in time"
            return NotConnected(what, "It is connected again"), 0.0
        except InvalidStatusCode as error:
            return self._refusal(f"http {error.status_code}")
        except (_Refused, ValueError) as error:
            # So the library tells what it is refused; it quotes Alpaca's sentence alone.
            return self._refusal(str(error))
        except (OSError, WebSocketException, EOFError, LookupError) as error:
            what = f"the {self._access.source} stream ended ({type(error).__name__})"
            return NotConnected(what, "It is connected again"), 0.0
        finally:
            await close_quietly(stream)

    def _refusal(self, said: str) -> End:
        source, text = self._access.source, said.lower()
        if "auth" in text or text in ("http 401", "http 403"):
            return (
                Unauthorized(
                    f"alpaca refuses the keys of the {source} stream",
                    "Check ALPACA_API_KEY and ALPACA_SECRET_KEY",
                ),
                REFUSED_PAUSE_SECONDS,
            )
        if "insufficient subscription" in text:
            return (
                FeedNotInPlan(
                    f"the plan of this alpaca key does not cover the {source} stream",
                    "Set ALPACA_FEED=iex, or book the plan that covers it",
                ),
                REFUSED_PAUSE_SECONDS,
            )
        if "symbol limit" in text:
            return (
                FeedNotInPlan(
                    f"the plan of this alpaca key streams fewer than {len(self._names)} symbols"
                    " (30 without a paid plan): bars are asked for one by one",
                    "Trade fewer SYMBOLS, or book a plan that streams more",
                ),
                REFUSED_PAUSE_SECONDS,
            )
        if "connection limit" in text:
            return (
                NotConnected(
                    f"alpaca lets no other {source} stream be open with these keys",
                    "Stop what else listens with them; bars are asked for meanwhile",
                ),
                LONGEST_PAUSE_SECONDS,
            )
        return (
            NotConnected(f"the {source} stream says: {said[:120]}", "It is tried again"),
            LONGEST_PAUSE_SECONDS,
        )


class _Stream(StockDataStream):
    """One connection, of which the listener hears when it is subscribed and all that comes then."""

    def __init__(self, access: AlpacaAccess, listener: Listener) -> None:
        super().__init__(
            access.key.get_secret_value(),
            access.secret.get_secret_value(),
            raw_data=True,
            feed=DataFeed(access.feed),
            url_override=_address(access),
            websocket_params=WEBSOCKET_PARAMETERS,
        )
        self.is_confirmed = False
        self._listener = listener

    async def ask_for(self, names: Sequence[str]) -> None:
        """Subscribe to the bars of symbols, and to what they become when trades come late."""
        self.subscribe_bars(unused, *names)
        self.subscribe_updated_bars(unused, *names)
        await self._send_subscribe_msg()

    async def read(self) -> None:
        """Hear messages until the connection ends."""
        await self._consume()

    async def _dispatch(self, msg: dict[str, Any]) -> None:
        kind = msg.get("T")
        if kind == "error":
            raise _Refused(str(msg.get("msg")))
        if kind != "subscription":
            self._listener.heard(msg)
        elif not self.is_confirmed:
            self.is_confirmed = True
            self._listener.connected()


class _Refused(Exception):
    """Alpaca says no, after the connection was made."""


def _address(access: AlpacaAccess) -> str | None:
    if access.data_url is None:
        return None
    base = access.data_url.rstrip("/")
    return f"ws{base.removeprefix('http')}/v2/{access.feed}"
