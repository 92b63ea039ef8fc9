"""A replayed session and the double that takes its orders are at the same time of the day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from blocks.process.clocks import ScaledClock, SystemClock
from flows.session.account.replayed_time import ToldTime, beginning_of
from trading.market.calendar import Session, to_microseconds
from trading.session.broker.answers import NotOffered
from trading.session.broker.facts import BrokerClock

OPEN = datetime(2025, 6, 10, 13, 30, tzinfo=UTC)
SESSION = Session(date(2025, 6, 10), OPEN, OPEN + timedelta(hours=6.5))
SPEED = 60.0


@dataclass
class Clocked:
    now: datetime

    def clock(self) -> BrokerClock:
        return BrokerClock(self.now, True)


class WithoutClock:
    def clock(self) -> BrokerClock:
        raise NotOffered("it has no /clock", "")


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
        WithoutClock(),
    ],
    ids=["no broker", "of today", "before the open", "in the middle of the day", "no clock"],
)
def test_a_double_with_another_clock_is_not_followed(broker: Any) -> None:
    assert began(broker) <= timedelta(0)


def test_what_a_double_with_the_machines_clock_tells_is_of_the_session() -> None:
    began = datetime(2026, 3, 2, 9, tzinfo=UTC)
    told = ToldTime()
    today = to_microseconds(began + timedelta(seconds=10))
    # Before a session begins nobody knows whose the time is.
    assert told(today) == today
    told.begin(SESSION, ScaledClock(SESSION.open, began, SPEED))
    assert told(today) == to_microseconds(OPEN + timedelta(seconds=600))
    of_the_session = to_microseconds(OPEN + timedelta(minutes=7))
    assert told(of_the_session) == of_the_session
    assert told(0) == 0
    told.begin(SESSION, SystemClock())
    assert told(today) == today
