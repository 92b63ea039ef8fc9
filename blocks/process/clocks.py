"""Clocks: the machine's, a replayed one that jumps, and a replayed one tied to the machine's."""

from __future__ import annotations

import asyncio
import math
import time
from datetime import UTC, datetime, timedelta

LONGEST_NAP_SECONDS = 1.0


class SystemClock:
    """The machine's time."""

    def now(self) -> datetime:
        """Return the present."""
        return datetime.now(UTC)

    async def sleep_until(self, moment: datetime, at_most_seconds: float = math.inf) -> None:
        """Return when the moment has come, or so many seconds have passed.

        Naps are short, for a machine may sleep or be set.
        """
        # By a clock that nobody sets: one set back must not keep an operator's word waiting.
        until = time.monotonic() + at_most_seconds
        while (left := _left(moment, self.now(), until)) > 0:
            await asyncio.sleep(min(left, LONGEST_NAP_SECONDS))


class ReplayClock:
    """Time that stands still while work is done, and jumps to where it is waited for."""

    def __init__(self, start: datetime) -> None:
        self._now = start

    def now(self) -> datetime:
        """Return the replayed present."""
        return self._now

    async def sleep_until(self, moment: datetime, at_most_seconds: float = math.inf) -> None:
        """Be there at once."""
        if (moment - self._now).total_seconds() > at_most_seconds:
            moment = self._now + timedelta(seconds=at_most_seconds)
        self._now = max(self._now, moment)


class ScaledClock:
    """Replayed time that passes `speed` times as fast as the machine's, also while nobody runs."""

    def __init__(self, began: datetime, wall_began: datetime, speed: float) -> None:
        self._began = began
        self._wall_began = wall_began
        self._speed = speed

    def now(self) -> datetime:
        """Return the replayed present."""
        return self.replayed(datetime.now(UTC))

    def replayed(self, moment: datetime) -> datetime:
        """Return what the replayed time was at a moment of the machine's."""
        passed = (moment - self._wall_began).total_seconds()
        return self._began + timedelta(seconds=passed * self._speed)

    async def sleep_until(self, moment: datetime, at_most_seconds: float = math.inf) -> None:
        """Return when the replayed moment has come, or so many replayed seconds have passed."""
        until = time.monotonic() + at_most_seconds / self._speed
        while (left := _left(moment, self.now(), until, self._speed)) > 0:
            await asyncio.sleep(min(left, LONGEST_NAP_SECONDS))


def _left(moment: datetime, now: datetime, until: float, speed: float = 1.0) -> float:
    """Return the machine's seconds until a moment, or until its monotonic clock says `until`."""
    return min((moment - now).total_seconds() / speed, until - time.monotonic())
