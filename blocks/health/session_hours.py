"""When an exchange's sessions are open, asked of the calendar in a process of its own.

The calendar brings pandas: 50 MB for as long as a process lives, and the one that answers health
lives for months.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any, cast
from zoneinfo import ZoneInfo

from blocks.process.apart import NoAnswer, answer_of, tell
from trading.market.calendar import (
    Session,
    closures_between,
    exchange_timezone,
    sessions_between,
)

# Asked for once in so many days, with as many behind and ahead as checks look at.
SPAN_DAYS = 30
# The longest closure of the exchanges that are known, and a weekend at either side of it.
MARGIN = timedelta(days=12)
_asking = threading.Lock()


@dataclass(frozen=True, slots=True)
class ExchangeDays:
    """Some weeks of an exchange: its sessions in order, its clock, and why it is closed on days.

    `closures` has a name for each weekday without a session.
    """

    sessions: tuple[Session, ...]
    zone: ZoneInfo
    closures: Mapping[date, str]

    def on(self, day: date) -> Session | None:
        """Return the session of a date, None where there is none."""
        return next((session for session in self.sessions if session.date == day), None)

    def after(self, moment: datetime) -> Session | None:
        """Return the session that opens next."""
        return next((session for session in self.sessions if session.open > moment), None)

    def open_at(self, moment: datetime) -> Session | None:
        """Return the session that is open."""
        return next((s for s in self.sessions if s.open <= moment < s.close), None)


def session_open_at(exchange: str, now: datetime) -> Session | None:
    """Return the session that is open, None outside session hours.

    Raises BadInput for an exchange that the calendar does not know.
    """
    today = now.date()
    if "pandas_market_calendars" in sys.modules:
        sessions = tuple(sessions_between(exchange, today - timedelta(days=1), today))
        return next((session for session in sessions if session.open <= now < session.close), None)
    return exchange_days(exchange, now).open_at(now)


def exchange_days(exchange: str, now: datetime) -> ExchangeDays:
    """Return the weeks around a moment.

    Raises BadInput for an exchange that the calendar does not know.
    """
    number = now.date().toordinal() // SPAN_DAYS
    # Who asks while the other process is at work waits for its answer, and begins no second.
    with _asking:
        return _asked(exchange, number)


@lru_cache(maxsize=8)
def _asked(exchange: str, number: int) -> ExchangeDays:
    """Return the weeks around the span of days with a number."""
    first = date.fromordinal(number * SPAN_DAYS)
    start, end = first - MARGIN, first + timedelta(days=SPAN_DAYS) + MARGIN
    question = (exchange, start.isoformat(), end.isoformat())
    try:
        # What is here already is asked here.
        is_here = "pandas_market_calendars" in sys.modules
        found = _days(*question) if is_here else answer_of(__name__, *question)
    except NoAnswer:
        # Memory is worth less than an answer.
        found = _days(*question)
    answer = cast("dict[str, Any]", found)
    return ExchangeDays(
        tuple(
            Session(date.fromisoformat(day), *map(datetime.fromisoformat, hours))
            for day, *hours in answer["sessions"]
        ),
        ZoneInfo(answer["zone"]),
        {date.fromisoformat(day): name for day, name in answer["closures"].items()},
    )


def _days(exchange: str, start: str, end: str) -> dict[str, object]:
    first, last = date.fromisoformat(start), date.fromisoformat(end)
    return {
        "sessions": [
            [str(s.date), s.open.isoformat(), s.close.isoformat()]
            for s in sessions_between(exchange, first, last)
        ],
        "zone": exchange_timezone(exchange).key,
        "closures": {
            day.isoformat(): name for day, name in closures_between(exchange, first, last).items()
        },
    }


if __name__ == "__main__":
    tell(_days)
