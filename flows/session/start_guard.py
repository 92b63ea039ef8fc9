"""Whether a scheduled run should trade at all: schedules outlive sessions, and runs come late."""

from __future__ import annotations

from datetime import datetime, timedelta

from trading.market.calendar import next_session

EARLIEST_START = timedelta(minutes=30)


def reason_not_to_start(exchange: str, scheduled: datetime, now: datetime) -> str:
    """Return why a run that was scheduled for a time is not to trade now, or an empty text.

    A run belongs to the first session that closes after its scheduled time.
    """
    session = next_session(exchange, scheduled)
    if session.close <= now:
        return (
            f"stale: this run was due at {scheduled:%Y-%m-%d %H:%M} UTC for the session of"
            f" {session.date}, which is over"
        )
    if session.open - now > EARLIEST_START:
        return (
            f"closed: {exchange} opens next on {session.date} at {session.open:%H:%M} UTC,"
            " more than half an hour from now"
        )
    return ""
