"""Wrong tokens are answered late and few at once, so that nobody finds the right one by trying."""

from __future__ import annotations

import asyncio
import ipaddress
from collections import Counter
from collections.abc import Awaitable, Callable

from blocks.process.web.door import Scope

# So long a wrong token waits for its answer. Whoever has the right one never waits.
LATE_SECONDS = 1.0
# So many wait at once: of one address, and of all. More are not even looked at.
MOST_OF_ONE, MOST_OF_ALL = 4, 32
# Who has one address of the sixth version of the protocol has all of its network.
NETWORK_BITS = 64


class Guesses:
    """Counts the wrong tokens that wait for their answer, by the address that they came from.

    It remembers nothing else: a moment after the last of them everybody is looked at again.
    """

    def __init__(self, pause: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        self._pause = pause
        self._waiting: Counter[str] = Counter()

    def are_many(self, scope: Scope) -> bool:
        """Return whether a token is not to be looked at now: so many wrong ones wait already."""
        is_crowd = self._waiting[_address(scope)] >= MOST_OF_ONE
        return is_crowd or self._waiting.total() >= MOST_OF_ALL

    async def keep_waiting(self, scope: Scope) -> None:
        """Wait as long as a wrong token's answer has to."""
        address = _address(scope)
        self._waiting[address] += 1
        try:
            await self._pause(LATE_SECONDS)
        finally:
            self._waiting[address] -= 1
            if self._waiting[address] <= 0:
                del self._waiting[address]


def _address(scope: Scope) -> str:
    client = scope.get("client")
    host = str(client[0]) if client else ""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    if isinstance(address, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((address, NETWORK_BITS), strict=False))
    return host
