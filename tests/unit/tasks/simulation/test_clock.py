"""A simulated machine looks as often as a real one where a look may matter."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

from tasks.simulation.clock import PATIENT_LOOKS, MachineClock, WorldTime

BEGAN = datetime(2025, 6, 10, 13, 30, tzinfo=UTC)


def test_after_a_request_a_machine_that_looked_in_vain_looks_as_soon_as_before() -> None:
    time, requests = WorldTime(BEGAN), [1]
    clock = MachineClock(time, lambda: False, lambda: False, lambda: requests[0])

    def look() -> float:
        before = time.now
        asyncio.run(clock.sleep_until(BEGAN + timedelta(hours=6), 0.25))
        return (time.now - before).total_seconds()

    looks = [look() for _ in range(PATIENT_LOOKS + 6)]
    assert looks[0] == 0.25
    assert looks[-1] > 4.0
    requests[0] += 1
    assert look() == 0.25
