"""Clocks: the machine's, a replayed one that jumps, and a replayed one tied to the machine's."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

LONGEST_NAP_SECONDS = 1.0


class SystemClock:
    """The machine's time."""

    def now(self) -> datetime:
        """Return the present."""
        return datetime.now(UTC)

    async def sleep_until(self, moment: datetime) -> None:
        """Return when the moment has come; short naps, for a machine may sleep or be set."""
        while (left := (moment - self.now()).total_seconds()) > 0:
            await asyncio.sleep(min(left, LONGEST_NAP_SECONDS))


class ReplayClock:
    """Time that stands still while work is done, and jumps to where it is waited for."""

    def __init__(self, start: datetime) -> None:
        self._now = start

    def now(self) -> datetime:
        """Return the replayed present."""
        return self._now

    async def sleep_until(self, moment: datetime) -> None:
        """Be there at once."""
        self._now = max(self._now, moment)


class ScaledClock:
    """Replayed time that passes `speed` times as fast as the machine's, also while nobody runs."""

    def __init__(self, began: datetime, wall_began: datetime, speed: float) -> None:
        self._began = began
        self._wall_began = wall_began
        self._speed = speed

    def now(self) -> datetime:
        """Return the replayed present."""
        passed = (datetime.now(UTC) - self._wall_began).total_seconds()
        return self._began + timedelta(seconds=passed * self._speed)

    async def sleep_until(self, moment: datetime) -> None:
        """Return when the replayed moment has come."""
        while (left := (moment - self.now()).total_seconds()) > 0:
            await asyncio.sleep(min(left / self._speed, LONGEST_NAP_SECONDS))
