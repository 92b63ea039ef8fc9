"""Sessions of an exchange: the only source of opening and closing times."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple
from zoneinfo import ZoneInfo

from trading.errors import BadInput

if TYPE_CHECKING:
    import numpy as np
    import pandas_market_calendars
    from numpy.typing import NDArray

MICROSECONDS_PER_MINUTE = 60_000_000
INTERVALS_MINUTES = (1, 5, 15, 30, 60)
SATURDAY = 5
_SINCE = re.compile(r"\s+(?:starting at\s+)?\d{4}.*$", re.IGNORECASE)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Known without asking the library, whose import costs more than most commands.
COMMON_EXCHANGES = ("NYSE", "NASDAQ", "LSE", "TSX")


def to_microseconds(moment: datetime) -> int:
    """Return an aware time as whole microseconds since 1970 UTC."""
    return (moment - EPOCH) // timedelta(microseconds=1)


def from_microseconds(microseconds: int) -> datetime:
    """Return microseconds since 1970 as an aware UTC time."""
    return EPOCH + timedelta(microseconds=int(microseconds))


@dataclass(frozen=True, slots=True, order=True)
class Session:
    """One day of regular trading: its date and its aware UTC open and close."""

    date: date
    open: datetime
    close: datetime

    def bar_count(self, interval_minutes: int) -> int:
        """Return how many bars cover the session, the last one possibly shorter."""
        length = to_microseconds(self.close) - to_microseconds(self.open)
        return -(-length // (interval_minutes * MICROSECONDS_PER_MINUTE))

    def bar_start(self, bar: int, interval_minutes: int) -> datetime:
        """Return the START of a bar, which is its name."""
        return self.open + timedelta(minutes=bar * interval_minutes)

    def bar_end(self, bar: int, interval_minutes: int) -> datetime:
        """Return the END of a bar: the next bar's start, or the close."""
        return min(self.bar_start(bar + 1, interval_minutes), self.close)

    def bars_ended_by(self, minutes_before_close: float, interval_minutes: int) -> int:
        """Return how many bars have an END at or before the close minus these minutes."""
        length = to_microseconds(self.close) - to_microseconds(self.open)
        limit = length - round(minutes_before_close * MICROSECONDS_PER_MINUTE)
        if limit < 0:
            return 0
        if limit >= length:
            return self.bar_count(interval_minutes)
        return min(
            limit // (interval_minutes * MICROSECONDS_PER_MINUTE), self.bar_count(interval_minutes)
        )


@lru_cache(maxsize=16)
def _calendar(exchange: str) -> pandas_market_calendars.MarketCalendar:
    # It brings pandas, which most commands do without.
    import pandas_market_calendars

    try:
        calendar = pandas_market_calendars.get_calendar(exchange)
    except RuntimeError as error:
        raise BadInput(
            f"exchange {exchange!r} is not known to pandas-market-calendars",
            "Use a calendar name such as NYSE, NASDAQ, LSE or TSX",
        ) from error
    return calendar


def _has_a_break(exchange: str) -> BadInput:
    return BadInput(
        f"exchange {exchange!r} closes for lunch in mid-session",
        "Openbell trades sessions without a break, such as NYSE, NASDAQ, LSE or TSX",
    )


def exchange_named(text: str) -> str:
    """Return the calendar's own name of an exchange that is written in any case, else the text."""
    name = text.strip()
    if name.upper() in COMMON_EXCHANGES or name == name.upper():
        return name.upper()
    import pandas_market_calendars

    known = pandas_market_calendars.get_calendar_names()
    if name in known:
        return name
    return next((each for each in known if each.upper() == name.upper()), name)


def refuse_untradable_exchange(exchange: str, first: date, last: date) -> None:
    """Raise BadInput for an exchange without a calendar, or without sessions that are traded."""
    if exchange not in COMMON_EXCHANGES:
        sessions_between(exchange, first, last)


def exchange_timezone(exchange: str) -> ZoneInfo:
    """Return the time zone of the exchange's own clock, for showing times to people."""
    return ZoneInfo(str(_calendar(exchange).tz))


def regular_hours(exchange: str) -> tuple[time, time]:
    """Return when a session that is no half-day opens and closes, by the exchange's own clock."""
    calendar = _calendar(exchange)
    opens, closes = calendar.open_time, calendar.close_time
    return time(opens.hour, opens.minute), time(closes.hour, closes.minute)


def sessions_between(exchange: str, start: date, end: date) -> list[Session]:
    """Return the sessions of an exchange from start to end, both dates included, in order."""
    return list(_sessions(exchange, start, end))


def closures_between(exchange: str, start: date, end: date) -> dict[date, str]:
    """Return the weekdays without a session from start to end, and why: a holiday's name."""
    traded = {session.date for session in sessions_between(exchange, start, end)}
    holidays = _calendar(exchange).regular_holidays
    named = {} if holidays is None else holidays.holidays(str(start), str(end), return_name=True)
    # The library's names say since when, such as "Good Friday 1908+".
    names = {day.date(): _SINCE.sub("", str(name)) for day, name in dict(named).items()}
    days = (start + timedelta(days=n) for n in range((end - start).days + 1))
    return {
        day: names.get(day, "a closure of the exchange")
        for day in days
        if day not in traded and day.weekday() < SATURDAY
    }


@lru_cache(maxsize=64)
def _sessions(exchange: str, start: date, end: date) -> tuple[Session, ...]:
    if end < start:
        raise BadInput(f"end {end} is before start {start}", "Swap the two dates")
    # A schedule of a week takes the library as long as one of a year, which answers more questions.
    try:
        scheduled = _schedule(exchange, date(start.year, 1, 1), date(end.year, 12, 31))
    except BadInput:
        # It may know some days of a year and not all.
        scheduled = _schedule(exchange, start, end)
    dates = [session.date for session in scheduled.sessions]
    asked = slice(bisect_left(dates, start), bisect_right(dates, end))
    if any(scheduled.has_break[asked]):
        raise _has_a_break(exchange)
    return scheduled.sessions[asked]


class _Schedule(NamedTuple):
    """Sessions of an exchange in order, and of each whether it is interrupted."""

    sessions: tuple[Session, ...]
    has_break: tuple[bool, ...]


@lru_cache(maxsize=16)
def _schedule(exchange: str, start: date, end: date) -> _Schedule:
    calendar = _calendar(exchange)
    try:
        found = calendar.schedule(start_date=str(start), end_date=str(end), tz="UTC")
    except (NotImplementedError, ValueError, TypeError, OverflowError) as error:
        raise BadInput(
            f"pandas-market-calendars has no sessions of {exchange!r} from {start} to {end}:"
            f" {str(error) or type(error).__name__}",
            "Choose other dates, or another exchange such as NYSE, NASDAQ, LSE or TSX",
        ) from error
    times = zip(found.index, found["market_open"], found["market_close"], strict=True)
    sessions = tuple(
        Session(
            day.date(),
            row_open.to_pydatetime().astimezone(UTC),
            row_close.to_pydatetime().astimezone(UTC),
        )
        for day, row_open, row_close in times
    )
    if "break_start" not in found:
        return _Schedule(sessions, (False,) * len(sessions))
    return _Schedule(sessions, tuple(found["break_start"].notna().tolist()))


def next_session(exchange: str, after: datetime) -> Session:
    """Return the first session whose close is later than an aware UTC time."""
    for span_days in (10, 40, 400):
        first = after.date() - timedelta(days=1)
        for session in sessions_between(exchange, first, first + timedelta(days=span_days)):
            if session.close > after:
                return session
    raise BadInput(
        f"exchange {exchange!r} has no session within 400 days after {after:%Y-%m-%d}",
        "Update pandas-market-calendars",
    )


@dataclass(frozen=True, slots=True)
class Grid:
    """Rows of bars: every bar of every session, in order of time.

    `first_row` (sessions + 1) marks where each session's rows begin; `start_us` and `end_us`
    (rows) are the START and END of each bar in microseconds since 1970 UTC.
    """

    sessions: tuple[Session, ...]
    interval_minutes: int
    first_row: NDArray[np.int64]
    start_us: NDArray[np.int64]
    end_us: NDArray[np.int64]

    @property
    def rows(self) -> int:
        """Return the number of bars in all sessions."""
        return int(self.first_row[-1])

    def until(self, end: int) -> Grid:
        """Return the grid of the first `end` sessions, as views."""
        rows = int(self.first_row[end])
        return Grid(
            self.sessions[:end],
            self.interval_minutes,
            self.first_row[: end + 1],
            self.start_us[:rows],
            self.end_us[:rows],
        )

    def since(self, first: int) -> Grid:
        """Return the grid of the sessions from `first` on."""
        begin = int(self.first_row[first])
        return Grid(
            self.sessions[first:],
            self.interval_minutes,
            self.first_row[first:] - begin,
            self.start_us[begin:],
            self.end_us[begin:],
        )


def refuse_interval(interval_minutes: int) -> None:
    """Raise BadInput for minutes that are no bar's length."""
    if interval_minutes not in INTERVALS_MINUTES:
        raise BadInput(
            f"interval {interval_minutes} is no bar length",
            f"Use one of {', '.join(map(str, INTERVALS_MINUTES))} minutes",
        )


def make_grid(sessions: list[Session] | tuple[Session, ...], interval_minutes: int) -> Grid:
    """Return the grid of bars that covers the sessions.

    Raises BadInput when the interval is no bar length.
    """
    refuse_interval(interval_minutes)
    step = interval_minutes * MICROSECONDS_PER_MINUTE
    # Imported here: who only asks when a session is, as a supervisor does for months, has no grid.
    import numpy as np

    first_row = np.zeros(len(sessions) + 1, dtype=np.int64)
    starts: list[NDArray[np.int64]] = []
    ends: list[NDArray[np.int64]] = []
    for index, session in enumerate(sessions):
        open_us, close_us = to_microseconds(session.open), to_microseconds(session.close)
        start = np.arange(open_us, close_us, step, dtype=np.int64)
        starts.append(start)
        ends.append(np.minimum(start + step, close_us))
        first_row[index + 1] = first_row[index] + len(start)
    nothing = np.zeros(0, dtype=np.int64)
    return Grid(
        tuple(sessions),
        interval_minutes,
        first_row,
        np.concatenate(starts) if starts else nothing,
        np.concatenate(ends) if ends else nothing,
    )
