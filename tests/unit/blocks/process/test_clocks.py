"""Waiting for a moment while the machine's clock is set."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from blocks.process.clocks import ReplayClock, ScaledClock, SystemClock
from trading.session.ports import Clock

BEGAN = datetime(2026, 3, 2, 14, 30, tzinfo=UTC)
PATIENCE_SECONDS = 60.0


class SetClock(SystemClock):
    """The machine's clock, set by some hours after it was read for the first time."""

    def __init__(self, hours: float) -> None:
        self._set_by = timedelta(hours=hours)
        self._is_read = False

    def now(self) -> datetime:
        moment = super().now() + self._set_by * self._is_read
        self._is_read = True
        return moment


@pytest.mark.parametrize("hours", [-24.0, -1.0, 1.0])
def test_a_clock_that_is_set_keeps_no_operators_word_waiting(hours: float) -> None:
    clock = SetClock(hours)
    bar_end = clock.now() + timedelta(minutes=1)

    async def wait() -> None:
        async with asyncio.timeout(PATIENCE_SECONDS):
            await clock.sleep_until(bar_end, at_most_seconds=0.05)

    asyncio.run(wait())
    assert (clock.now() < bar_end) == (hours < 0)


@pytest.mark.parametrize(
    "clock",
    [
        ReplayClock(BEGAN),
        ScaledClock(BEGAN, wall_began=datetime.now(UTC), speed=1e5),
    ],
)
def test_a_replayed_wait_ends_with_its_seconds_or_with_its_moment(clock: Clock) -> None:
    async def wait(seconds: float, at_most_seconds: float) -> float:
        before = clock.now()
        await clock.sleep_until(before + timedelta(seconds=seconds), at_most_seconds)
        return (clock.now() - before).total_seconds()

    async def waits() -> tuple[float, float]:
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await wait(1e9, 60), await wait(60, 1e9)

    # The two clocks of a machine do not run equally fast.
    assert min(asyncio.run(waits())) > 59
