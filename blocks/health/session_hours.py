"""When an exchange's sessions are open, asked of the calendar in a process of its own.

The calendar brings pandas: 50 MB for as long as a process lives, and the one that answers health
lives for months.
"""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import date, datetime, timedelta
from functools import lru_cache

from trading.errors import BadInput
from trading.market.calendar import Session, sessions_between

# Asked for once in so many days, with as many behind and ahead as checks look at.
SPAN_DAYS = 30
MARGIN = timedelta(days=2)
LIMIT_SECONDS = 60.0
EXIT_BAD_INPUT = 2


def session_open_at(exchange: str, now: datetime) -> Session | None:
    """Return the session that is open, None outside session hours.

    Raises BadInput for an exchange that the calendar does not know.
    """
    today = now.date()
    if "pandas_market_calendars" in sys.modules:
        sessions = tuple(sessions_between(exchange, today - timedelta(days=1), today))
    else:
        number = today.toordinal() // SPAN_DAYS
        sessions = _asked(exchange, number)
    return next((session for session in sessions if session.open <= now < session.close), None)


@lru_cache(maxsize=8)
def _asked(exchange: str, number: int) -> tuple[Session, ...]:
    """Return the sessions around the span of days with a number."""
    first = date.fromordinal(number * SPAN_DAYS)
    start, end = first - MARGIN, first + timedelta(days=SPAN_DAYS) + MARGIN
    command = [sys.executable, "-m", __name__, exchange, start.isoformat(), end.isoformat()]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=LIMIT_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        # Memory is worth less than an answer.
        return tuple(sessions_between(exchange, start, end))
    if done.returncode == EXIT_BAD_INPUT:
        what, hint = json.loads(done.stdout)
        raise BadInput(what, hint)
    if done.returncode:
        return tuple(sessions_between(exchange, start, end))
    return tuple(
        Session(date.fromisoformat(day), *map(datetime.fromisoformat, hours))
        for day, *hours in json.loads(done.stdout)
    )


def main(exchange: str, start: str, end: str) -> int:
    """Print the sessions between two dates, or what is wrong; return the exit code."""
    try:
        sessions = sessions_between(exchange, date.fromisoformat(start), date.fromisoformat(end))
    except BadInput as error:
        print(json.dumps([error.what, error.hint]))
        return EXIT_BAD_INPUT
    print(json.dumps([[str(s.date), s.open.isoformat(), s.close.isoformat()] for s in sessions]))
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
