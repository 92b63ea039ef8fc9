"""Sessions and bars against other calendars, and against what the exchange itself announced."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import exchange_calendars
import numpy as np
import pandas_market_calendars
import pytest

from tests.oracle.shared_data import shared_file
from trading.errors import BadInput
from trading.market import calendar as market_calendar
from trading.market.calendar import (
    COMMON_EXCHANGES,
    INTERVALS_MINUTES,
    Session,
    exchange_named,
    from_microseconds,
    make_grid,
    next_session,
    refuse_untradable_exchange,
    sessions_between,
    to_microseconds,
)

NEW_YORK = ZoneInfo("America/New_York")
HALF_DAY = date(2025, 11, 28)


def hours(session: Session) -> tuple[time, time]:
    """Return a session's open and close on the clocks of New York."""
    return session.open.astimezone(NEW_YORK).time(), session.close.astimezone(NEW_YORK).time()


def on(day: date, exchange: str = "NYSE") -> Session:
    """Return the one session of a day."""
    (session,) = sessions_between(exchange, day, day)
    return session


@pytest.mark.parametrize(
    ("ours", "theirs", "first", "last"),
    [
        ("NYSE", "XNYS", 2010, 2030),
        ("NASDAQ", "XNYS", 2010, 2030),
        ("LSE", "XLON", 2015, 2027),
        ("TSX", "XTSE", 2015, 2027),
    ],
)
def test_sessions_equal_an_independent_calendars(
    ours: str, theirs: str, first: int, last: int
) -> None:
    expected = exchange_calendars.get_calendar(theirs, f"{first}-01-01", f"{last}-12-31").schedule
    sessions = sessions_between(ours, date(first, 1, 1), date(last, 12, 31))
    assert len(sessions) > 250 * (last - first)
    assert [session.date for session in sessions] == [day.date() for day in expected.index]
    for session, opened, closed in zip(sessions, expected["open"], expected["close"], strict=True):
        assert (session.open, session.close) == (opened, closed), session.date


@pytest.mark.parametrize("year", [2026, 2027, 2028])
def test_sessions_are_those_that_the_exchange_announced(year: int) -> None:
    announced = json.loads(shared_file("fixtures/nyse_holidays_2026_2028.json").read_text())
    closed = {date.fromisoformat(day) for day in announced["closed"][str(year)]}
    early = {date.fromisoformat(day) for day in announced["early_close_1300_ET"][str(year)]}
    days = [date(year, 1, 1) + timedelta(days=n) for n in range(366)]
    weekdays = {day for day in days if day.year == year and day.weekday() < 5}
    sessions = {s.date: s for s in sessions_between("NYSE", date(year, 1, 1), date(year, 12, 31))}
    assert set(sessions) == weekdays - closed
    for day, session in sessions.items():
        assert hours(session) == (time(9, 30), time(13) if day in early else time(16)), day


@pytest.mark.parametrize(
    ("friday", "monday"),
    [
        (date(2025, 3, 7), date(2025, 3, 10)),
        (date(2025, 10, 31), date(2025, 11, 3)),
        (date(2026, 3, 6), date(2026, 3, 9)),
        (date(2026, 10, 30), date(2026, 11, 2)),
    ],
)
def test_the_open_moves_in_utc_and_stays_in_new_york_when_the_clocks_change(
    friday: date, monday: date
) -> None:
    before, after = on(friday), on(monday)
    assert hours(before) == hours(after) == (time(9, 30), time(16))
    moved = after.open.time().hour - before.open.time().hour
    assert moved == (-1 if friday.month == 3 else 1)
    assert before.close - before.open == after.close - after.open == timedelta(hours=6.5)


def test_clocks_of_london_and_new_york_change_in_different_weeks() -> None:
    between = date(2025, 3, 12)
    assert on(between).open == datetime(2025, 3, 12, 13, 30, tzinfo=UTC)
    assert on(between, "LSE").open == datetime(2025, 3, 12, 8, 0, tzinfo=UTC)


def test_a_half_day_has_fewer_bars_and_its_own_close() -> None:
    session = on(HALF_DAY)
    assert hours(session) == (time(9, 30), time(13))
    assert [session.bar_count(minutes) for minutes in INTERVALS_MINUTES] == [210, 42, 14, 7, 4]
    assert session.bar_end(3, 60) == session.close
    assert session.bars_ended_by(5, 5) == 41
    assert session.bars_ended_by(60, 5) == 30


def test_a_full_day_has_these_bars() -> None:
    session = on(date(2025, 6, 4))
    assert [session.bar_count(minutes) for minutes in INTERVALS_MINUTES] == [390, 78, 26, 13, 7]
    london = on(date(2025, 6, 4), "LSE")
    assert [london.bar_count(minutes) for minutes in INTERVALS_MINUTES] == [510, 102, 34, 17, 9]


@pytest.mark.parametrize("interval", INTERVALS_MINUTES)
@pytest.mark.parametrize("day", [date(2025, 6, 4), HALF_DAY])
def test_bars_cover_a_session_without_gap_or_overlap(interval: int, day: date) -> None:
    session = on(day)
    bars = session.bar_count(interval)
    assert session.bar_start(0, interval) == session.open
    assert session.bar_end(bars - 1, interval) == session.close
    for k in range(1, bars):
        assert session.bar_start(k, interval) == session.bar_end(k - 1, interval)
        assert session.bar_start(k, interval) < session.bar_end(k, interval)


@pytest.mark.parametrize("interval", INTERVALS_MINUTES)
@pytest.mark.parametrize("day", [date(2025, 6, 4), HALF_DAY])
def test_bars_ended_by_counts_ends_one_by_one(interval: int, day: date) -> None:
    session = on(day)
    bars = range(session.bar_count(interval))
    for minutes in range(500):
        limit = session.close - timedelta(minutes=minutes)
        ended = sum(session.bar_end(k, interval) <= limit for k in bars)
        assert session.bars_ended_by(minutes, interval) == ended, minutes


@pytest.mark.parametrize("exchange", ["JPX", "HKEX", "SSE"])
def test_a_calendar_with_a_lunch_break_is_refused_clearly(exchange: str) -> None:
    with pytest.raises(BadInput, match=f"{exchange}.*lunch") as refused:
        sessions_between(exchange, date(2025, 6, 2), date(2025, 6, 6))
    assert "NYSE" in refused.value.hint


def test_an_unknown_exchange_is_refused_by_name() -> None:
    with pytest.raises(BadInput, match="NOWHERE"):
        sessions_between("NOWHERE", date(2025, 6, 2), date(2025, 6, 6))


def test_an_end_before_the_start_is_refused() -> None:
    with pytest.raises(BadInput, match="before"):
        sessions_between("NYSE", date(2025, 6, 6), date(2025, 6, 2))


def test_a_weekend_has_no_session() -> None:
    assert sessions_between("NYSE", date(2025, 6, 7), date(2025, 6, 8)) == []


def test_the_next_session_is_the_first_that_has_not_closed() -> None:
    friday, monday = on(date(2025, 6, 6)), on(date(2025, 6, 9))
    assert next_session("NYSE", friday.open - timedelta(hours=3)) == friday
    assert next_session("NYSE", friday.close - timedelta(microseconds=1)) == friday
    assert next_session("NYSE", friday.close) == monday
    assert next_session("NYSE", monday.open) == monday


def test_a_grid_holds_every_bar_of_every_session_in_order() -> None:
    sessions = sessions_between("NYSE", date(2025, 11, 26), date(2025, 12, 1))
    grid = make_grid(sessions, 60)
    assert grid.first_row.tolist() == [0, 7, 11, 18]
    assert grid.rows == 18
    assert (np.diff(grid.start_us) > 0).all()
    ends = [s.bar_end(k, 60) for s in sessions for k in range(s.bar_count(60))]
    starts = [s.bar_start(k, 60) for s in sessions for k in range(s.bar_count(60))]
    assert [from_microseconds(us) for us in grid.start_us] == starts
    assert [from_microseconds(us) for us in grid.end_us] == ends


def test_microseconds_go_there_and_back() -> None:
    moment = datetime(2025, 6, 4, 13, 30, 0, 123457, tzinfo=UTC)
    assert from_microseconds(to_microseconds(moment)) == moment
    assert to_microseconds(datetime(1970, 1, 1, tzinfo=UTC)) == 0
    new_york = moment.astimezone(NEW_YORK)
    assert to_microseconds(new_york) == to_microseconds(moment)


def test_an_exchange_that_is_taken_unasked_is_one_that_the_library_knows() -> None:
    known = set(pandas_market_calendars.get_calendar_names())
    assert set(COMMON_EXCHANGES) <= known
    year = date(2025, 1, 1), date(2025, 12, 31)
    for name in (*COMMON_EXCHANGES, "XETR"):
        refuse_untradable_exchange(name, *year)
    with pytest.raises(BadInput, match="'NARNIA' is not known"):
        refuse_untradable_exchange("NARNIA", *year)
    for name, words in (("HKEX", "closes for lunch"), ("XBEL", "has no sessions of")):
        with pytest.raises(BadInput, match=words):
            refuse_untradable_exchange(name, *year)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("nyse", "NYSE"),
        (" Lse ", "LSE"),
        ("24/7", "24/7"),
        ("cme_equity", "CME_Equity"),
        ("CMEGlobex_Grains", "CMEGlobex_Grains"),
        ("xetr", "XETR"),
        ("narnia", "narnia"),
    ],
)
def test_an_exchange_is_known_in_any_case(text: str, expected: str) -> None:
    assert exchange_named(text) == expected


def test_a_year_is_asked_for_once_whatever_part_of_it_is_wanted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A schedule of a day takes the library as long as one of a year."""
    asked: list[tuple[str, str]] = []
    calendar = market_calendar._calendar("NYSE")
    schedule = calendar.schedule

    def noted(start_date: str, end_date: str, tz: str) -> object:
        asked.append((start_date, end_date))
        return schedule(start_date=start_date, end_date=end_date, tz=tz)

    monkeypatch.setattr(calendar, "schedule", noted)
    market_calendar._sessions.cache_clear()
    market_calendar._schedule.cache_clear()
    day = sessions_between("NYSE", date(2019, 7, 3), date(2019, 7, 3))
    weeks = sessions_between("NYSE", date(2019, 6, 24), date(2019, 7, 5))
    assert asked == [("2019-01-01", "2019-12-31")]
    assert [session.date.day for session in weeks] == [24, 25, 26, 27, 28, 1, 2, 3, 5]
    assert day == [session for session in weeks if session.date == date(2019, 7, 3)]
    assert day[0].close == datetime(2019, 7, 3, 17, 0, tzinfo=UTC)


def test_of_a_year_that_the_library_knows_in_part_the_known_days_are_sessions() -> None:
    # Its times end in April 2262.
    assert len(sessions_between("NYSE", date(2262, 1, 6), date(2262, 1, 10))) == 5
