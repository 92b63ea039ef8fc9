"""When an exchange's sessions are open, asked of the calendar in a process of its own.

The calendar brings pandas: 50 MB for as long as a process lives, and the one that answers health
lives for months.
"""

from __future__ import annotations

import sys
import threading
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import cast

from blocks.process.apart import NoAnswer, answer_of, tell
from trading.market.calendar import Session, sessions_between

# Asked for once in so many days, with as many behind and ahead as checks look at.
SPAN_DAYS = 30
MARGIN = timedelta(days=2)
_asking = threading.Lock()


def session_open_at(exchange: str, now: datetime) -> Session | None:
    """Return the session that is open, None outside session hours.

    Raises BadInput for an exchange that the calendar does not know.
    """
    today = now.date()
    if "pandas_market_calendars" in sys.modules:
        sessions = tuple(sessions_between(exchange, today - timedelta(days=1), today))
    else:
        number = today.toordinal() // SPAN_DAYS
        # Who asks while the other process is at work waits for its answer, and begins no second.
        with _asking:
            sessions = _asked(exchange, number)
    return next((session for session in sessions if session.open <= now < session.close), None)


@lru_cache(maxsize=8)
def _asked(exchange: str, number: int) -> tuple[Session, ...]:
    """Return the sessions around the span of days with a number."""
    first = date.fromordinal(number * SPAN_DAYS)
    start, end = first - MARGIN, first + timedelta(days=SPAN_DAYS) + MARGIN
    try:
        found = answer_of(__name__, exchange, start.isoformat(), end.isoformat())
    except NoAnswer:
        # Memory is worth less than an answer.
        return tuple(sessions_between(exchange, start, end))
    return tuple(
        Session(date.fromisoformat(day), *map(datetime.fromisoformat, hours))
        for day, *hours in cast("list[list[str]]", found)
    )


def _sessions(exchange: str, start: str, end: str) -> list[list[str]]:
    sessions = sessions_between(exchange, date.fromisoformat(start), date.fromisoformat(end))
    return [[str(s.date), s.open.isoformat(), s.close.isoformat()] for s in sessions]


if __name__ == "__main__":
    tell(_sessions)
