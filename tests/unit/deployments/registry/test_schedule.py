"""The schedule fires before each session's open, and at no other time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import islice

import exchange_calendars
import pandas as pd
import pytest
from dateutil.rrule import rrulestr

from deployments.registry.schedule import (
    ENOUGH_SESSIONS,
    SESSIONS_AHEAD,
    close_schedule,
    fire_times,
    is_good_enough,
    session_schedule,
)
from trading.market.calendar import next_session

PREFECT_LIMIT_CHARACTERS = 6_500
NOON = datetime(2025, 10, 20, 12, 0, tzinfo=UTC)

SPANS = [
    # exchange, the independent calendar, now, a date that the next 30 sessions must have or lack
    (
        "NYSE",
        "XNYS",
        datetime(2025, 2, 20, 12, 0, tzinfo=UTC),
        "2025-03-10",
        True,
    ),  # DST begins
    (
        "NYSE",
        "XNYS",
        datetime(2025, 10, 20, 12, 0, tzinfo=UTC),
        "2025-11-03",
        True,
    ),  # DST ends
    (
        "NYSE",
        "XNYS",
        datetime(2025, 10, 20, 12, 0, tzinfo=UTC),
        "2025-11-28",
        True,
    ),  # half-day
    (
        "NYSE",
        "XNYS",
        datetime(2025, 10, 20, 12, 0, tzinfo=UTC),
        "2025-11-27",
        False,
    ),  # holiday
    ("NYSE", "XNYS", datetime(2025, 12, 31, 23, 59, tzinfo=UTC), "2026-01-01", False),
    ("LSE", "XLON", datetime(2025, 3, 20, 12, 0, tzinfo=UTC), "2025-03-31", True),
]


@pytest.mark.parametrize(("exchange", "oracle", "now", "day", "is_session"), SPANS)
def test_the_next_30_times_are_the_opens_of_an_independent_calendar_less_the_warm_up(
    exchange: str, oracle: str, now: datetime, day: str, is_session: bool
) -> None:
    calendar = exchange_calendars.get_calendar(oracle, start="2024-01-01", end="2027-01-01")
    opens = calendar.opens[calendar.opens > pd.Timestamp(now)][:30]
    expected = [open_.to_pydatetime() - timedelta(minutes=5) for open_ in opens]

    rule = rrulestr(session_schedule(exchange, now, 5), dtstart=datetime(2020, 1, 1))

    assert list(islice(rule.xafter(now), 30)) == expected
    assert (day in {f"{fire:%Y-%m-%d}" for fire in expected}) == is_session


@pytest.mark.parametrize(("exchange", "oracle", "now", "day", "is_session"), SPANS)
def test_what_follows_a_session_fires_after_the_closes_of_an_independent_calendar(
    exchange: str, oracle: str, now: datetime, day: str, is_session: bool
) -> None:
    calendar = exchange_calendars.get_calendar(oracle, start="2024-01-01", end="2027-01-01")
    fires = [close.to_pydatetime() + timedelta(minutes=20) for close in calendar.closes]
    expected = [fire for fire in fires if fire > now][:30]

    rule = rrulestr(close_schedule(exchange, now, 20), dtstart=datetime(2020, 1, 1))

    assert list(islice(rule.xafter(now), 30)) == expected


def test_a_close_that_has_come_still_fires_afterwards_on_the_next_day_of_utc() -> None:
    # The close of the ninth is four hours ago, and five hours after it is yet to come.
    now = datetime(2025, 6, 10, 0, 0, tzinfo=UTC)
    late = close_schedule("NYSE", now, 300)
    assert late.startswith("RDATE:20250610T010000Z,")


def test_opens_in_utc_move_by_an_hour_at_both_changes_of_the_clock() -> None:
    spring = session_schedule("NYSE", datetime(2025, 3, 7, 0, 0, tzinfo=UTC), 5)
    autumn = session_schedule("NYSE", datetime(2025, 10, 31, 0, 0, tzinfo=UTC), 5)
    assert spring.startswith("RDATE:20250307T142500Z,20250310T132500Z,")
    assert autumn.startswith("RDATE:20251031T132500Z,20251103T142500Z,")


def test_where_nothing_closes_a_run_is_due_when_its_own_session_begins() -> None:
    rule = session_schedule("24/7", NOON, 10)
    times = fire_times(rule)
    assert times is not None
    midnight = datetime(2025, 10, 21, tzinfo=UTC)
    assert times[:3] == [midnight + timedelta(days=days) for days in range(3)]
    # Ten minutes earlier it would be of the day before, which another run trades.
    assert all(next_session("24/7", due).open == due for due in times[:3])


def test_a_year_fits_what_prefect_accepts() -> None:
    rule = session_schedule("NYSE", NOON, 5)
    times = fire_times(rule)
    assert times is not None
    assert len(times) == SESSIONS_AHEAD
    assert len(rule) <= PREFECT_LIMIT_CHARACTERS


def test_a_time_that_has_come_is_left_out() -> None:
    just_before = session_schedule("NYSE", datetime(2025, 10, 20, 13, 24, 59, tzinfo=UTC), 5)
    at_it = session_schedule("NYSE", datetime(2025, 10, 20, 13, 25, tzinfo=UTC), 5)
    assert just_before.startswith("RDATE:20251020T132500Z,")
    assert at_it.startswith("RDATE:20251021T132500Z,")


def test_a_rule_is_kept_while_it_is_right_and_long_and_replaced_otherwise() -> None:
    rule = session_schedule("NYSE", NOON, 5)
    with_start = f"DTSTART:20200101T000000\n{rule}"
    times = fire_times(rule)
    assert times is not None
    later = times[10]
    nearly_over = times[-ENOUGH_SESSIONS]
    assert is_good_enough(with_start, rule, NOON)
    assert is_good_enough(with_start, session_schedule("NYSE", later, 5), later)
    assert not is_good_enough(with_start, session_schedule("NYSE", nearly_over, 5), nearly_over)
    assert not is_good_enough(with_start, session_schedule("NYSE", NOON, 6), NOON)
    assert not is_good_enough(with_start, session_schedule("LSE", NOON, 5), NOON)
    assert not is_good_enough("FREQ=DAILY", rule, NOON)
    assert is_good_enough("DTSTART:20200101T000000\nFREQ=DAILY", "FREQ=DAILY", NOON)
