"""How far this machine's clock is from others', by the Date of answers that are had anyway."""

from __future__ import annotations

import threading
from collections import deque
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

# The metric that a session writes of it, seconds; positive where our clock is ahead.
NOTED = "clock_offset_seconds"
# A Date has whole seconds, and an answer takes some to arrive.
SUSPECT, WRONG = 5.0, 30.0
SET_IT = "Let the machine keep its clock: sudo timedatectl set-ntp true"
LATELY = timedelta(minutes=10)
MOST_KEPT = 100

_LOCK = threading.Lock()
_SAMPLES: deque[tuple[datetime, float]] = deque(maxlen=MOST_KEPT)


def note_date(header: str | None, received: datetime) -> None:
    """Take note of an answer's Date header, received at an aware time; nonsense is left out."""
    if not header:
        return
    try:
        sent = parsedate_to_datetime(header)
    except (ValueError, TypeError, IndexError, OverflowError):
        return
    if sent.tzinfo is None:
        sent = sent.replace(tzinfo=UTC)
    with _LOCK:
        _SAMPLES.append((received, (received - sent).total_seconds()))


def clock_offset(now: datetime) -> float | None:
    """Return by how many seconds our clock is ahead, None while nobody has told the time lately.

    The least of all counts: an answer on its way or out of a cache only makes us look ahead.
    """
    with _LOCK:
        recent = [offset for at, offset in _SAMPLES if abs(now - at) <= LATELY]
    return min(recent, default=None)


def forget_dates() -> None:
    """Forget every answer."""
    with _LOCK:
        _SAMPLES.clear()


def is_wrong(offset: float) -> bool:
    """Return whether a clock that is so far off is to be mended."""
    return abs(offset) >= SUSPECT


def in_words(offset: float) -> str:
    """Return an offset as people say it."""
    return f"{abs(offset):.0f} s {'ahead of' if offset > 0 else 'behind'} that of web servers"
