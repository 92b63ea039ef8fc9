"""A session's phases follow one another by its own hours and its plan's minutes."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from blocks.account.day.phase import DayLimits, Phase, next_bar_end, phase_at
from trading.market.calendar import Session

DAY = date(2025, 7, 3)
# An early close: nothing may count on the usual one.
SESSION = Session(
    DAY, datetime(2025, 7, 3, 13, 30, tzinfo=UTC), datetime(2025, 7, 3, 17, 0, tzinfo=UTC)
)
LIMITS = DayLimits(range_minutes=15, cutoff_minutes=60, flatten_minutes=5)
SCENARIOS = [
    ("13:29:59", Phase.BEFORE_OPEN),
    ("13:30:00", Phase.RANGE_BUILDING),
    ("13:44:59", Phase.RANGE_BUILDING),
    ("13:45:00", Phase.TRADING),
    # A decision at the cut-off itself may enter.
    ("16:00:00", Phase.TRADING),
    ("16:00:01", Phase.NO_ENTRIES),
    ("16:55:00", Phase.CLOSING),
    ("17:00:00", Phase.CLOSED),
]


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"{DAY}T{text}+00:00")


@pytest.mark.parametrize(("time", "phase"), SCENARIOS)
def test_each_phase_begins_when_the_plan_says(time: str, phase: Phase) -> None:
    assert phase_at(SESSION, at(time), LIMITS) == phase


def test_a_day_without_a_session_and_a_journal_that_is_closed_are_told_apart() -> None:
    assert phase_at(None, at("15:00"), LIMITS) == Phase.NO_SESSION
    assert phase_at(SESSION, at("15:00"), LIMITS, is_closed=True) == Phase.CLOSED


def test_a_strategy_without_a_range_trades_from_the_open() -> None:
    assert phase_at(SESSION, SESSION.open, DayLimits.of({})) == Phase.TRADING


@pytest.mark.parametrize(
    ("time", "minutes", "end"),
    [
        ("13:30:00", 5, "13:35:00"),
        ("13:34:59", 5, "13:35:00"),
        ("13:35:00", 5, "13:40:00"),
        ("16:59:30", 1, "17:00:00"),
        # The last bar is shorter: it ends with the session.
        ("16:40:00", 60, "17:00:00"),
        ("17:00:00", 5, None),
        ("13:00:00", 5, None),
    ],
)
def test_the_next_bar_ends_on_the_grid_of_the_session(
    time: str, minutes: int, end: str | None
) -> None:
    found = next_bar_end(SESSION, at(time), timedelta(minutes=minutes))
    assert found == (None if end is None else at(end))
