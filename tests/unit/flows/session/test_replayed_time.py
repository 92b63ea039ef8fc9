"""A replayed session and the double that takes its orders are at the same time of the day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from flows.session.replayed_time import beginning_of
from trading.market.calendar import Session
from trading.session.broker_facts import BrokerClock

OPEN = datetime(2025, 6, 10, 13, 30, tzinfo=UTC)
SESSION = Session(date(2025, 6, 10), OPEN, OPEN + timedelta(hours=6.5))
SPEED = 60.0


@dataclass
class Clocked:
    now: datetime

    def clock(self) -> BrokerClock:
        return BrokerClock(self.now, True)


def began(broker: Any) -> timedelta:
    """Return how long ago, by the machine's clock, the session is said to have begun."""
    before = datetime.now(UTC)
    found = beginning_of(SESSION, SPEED, broker, 300.0)
    assert found <= datetime.now(UTC)
    return before - found


def test_a_session_begins_when_its_double_s_day_did() -> None:
    before = datetime.now(UTC)
    found = beginning_of(SESSION, SPEED, Clocked(OPEN + timedelta(seconds=120)), 300.0)
    # Two minutes of the session are two seconds at this speed.
    assert before <= found + timedelta(seconds=2) <= datetime.now(UTC)


@pytest.mark.parametrize(
    "broker",
    [
        None,
        Clocked(datetime(2026, 1, 5, 12, tzinfo=UTC)),
        Clocked(OPEN - timedelta(hours=1)),
        Clocked(OPEN + timedelta(hours=3)),
    ],
    ids=["no broker", "of today", "before the open", "in the middle of the day"],
)
def test_a_double_with_another_clock_is_not_followed(broker: Any) -> None:
    assert began(broker) <= timedelta(0)
