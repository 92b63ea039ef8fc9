"""Quiet time: when a session that is being traded leaves its ledger alone."""

from __future__ import annotations

from datetime import datetime, timedelta

from trading.market.calendar import next_session

# A bar's steps take a few seconds, more with many symbols.
BUSY = timedelta(seconds=15)
# A copy that begins so shortly before a bar has settled may still be at it then.
TOO_LATE = timedelta(seconds=10)


def until_quiet(
    exchange: str, interval_minutes: int, settle_seconds: float, now: datetime
) -> timedelta:
    """Return how long to wait for the middle of a bar; nothing where no session is open.

    `now` is aware UTC. A bar is worked on `settle_seconds` after its end.
    """
    session = next_session(exchange, now - BUSY - timedelta(seconds=settle_seconds))
    since = now - session.open - timedelta(seconds=settle_seconds)
    whole = session.close - session.open
    bar = timedelta(minutes=interval_minutes)
    # The last bar of a session may be a shorter one.
    last = whole if since >= whole else since // bar * bar
    coming = min(last + bar, whole)
    if last > timedelta(0) and since - last < BUSY:
        return BUSY - (since - last)
    if coming > timedelta(0) and timedelta(0) < coming - since < TOO_LATE:
        return coming - since + BUSY
    return timedelta(0)
