"""How many requests may still be sent this minute, and who goes first when they run short."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime
from enum import IntEnum

from blocks.providers.pauses import retry_after_s

# What only orders may use of a full minute.
KEPT_FOR_ORDERS = 0.25
KEPT_FOR_EXITS = 0.1
# A header that asks for more than its minute is a mistake.
LONGEST_PAUSE_SECONDS = 60.0
FIRST_PAUSE_SECONDS = 2.0
# A position that is to be left does not wait for a minute to pass.
EXIT_PAUSE_SECONDS = 1.0


class Urgency(IntEnum):
    """What a request is for."""

    READ = 0
    ENTRY = 1
    EXIT = 2


class RequestBudget:
    """Tokens that come back at a steady rate; reads leave some for orders, entries for exits.

    After a 429 reads and entries wait until the moment that Alpaca names, or where it names none
    ever longer; exits wait one second. `steady` is a clock that only goes forward, seconds, of
    which `faster` go by in one of the machine's: a pause that is named is of the machine's.
    """

    def __init__(self, a_minute: int, steady: Callable[[], float], faster: float = 1.0) -> None:
        self._most = float(a_minute)
        self._faster = faster
        self._steady = steady
        self._tokens = self._most
        self._at = steady()
        self._paused_until = float("-inf")
        self._exits_paused_until = float("-inf")
        self._refusals = 0
        self._lock = threading.Lock()

    def take(self, urgency: Urgency) -> float:
        """Take a token and return 0, or take none and return for how many seconds to wait."""
        with self._lock:
            now = self._steady()
            back = (now - self._at) * self._most / 60.0
            self._tokens, self._at = min(self._tokens + back, self._most), now
            if urgency is Urgency.EXIT:
                if now < self._exits_paused_until:
                    return self._exits_paused_until - now
                # Our own count never keeps an exit back: Alpaca's does, if it comes to that.
                self._tokens = max(self._tokens - 1.0, 0.0)
                return 0.0
            if now < self._paused_until:
                return self._paused_until - now
            kept = KEPT_FOR_ORDERS if urgency is Urgency.READ else KEPT_FOR_EXITS
            lacking = self._most * kept + 1.0 - self._tokens
            if lacking > 0:
                return lacking * 60.0 / self._most
            self._tokens -= 1.0
            return 0.0

    def refused(self, headers: Mapping[str, str]) -> None:
        """Heed a 429; header names in lower case."""
        with self._lock:
            now = self._steady()
            pause = _named_pause(headers)
            if pause is None:
                pause = min(FIRST_PAUSE_SECONDS * 2**self._refusals, LONGEST_PAUSE_SECONDS)
            else:
                pause = max(pause * self._faster, EXIT_PAUSE_SECONDS)
            self._refusals += 1
            self._paused_until = now + pause
            self._exits_paused_until = now + EXIT_PAUSE_SECONDS

    def answered(self) -> None:
        """Take note of any other answer."""
        self._refusals = 0


def _named_pause(headers: Mapping[str, str]) -> float | None:
    """Return the pause that an answer names, seconds by its own clock; None where it names none."""
    try:
        sent = parsedate_to_datetime(headers.get("date", "")).timestamp()
    except (ValueError, TypeError, IndexError):
        # What is due at a time is then due nobody knows when.
        sent = math.nan
    try:
        # Both have whole seconds.
        until_reset = _bounded(float(headers.get("x-ratelimit-reset", "")) - sent + 1.0)
    except ValueError:
        until_reset = None
    if until_reset is not None:
        return until_reset
    after = retry_after_s(headers.get("retry-after"), sent)
    return None if after is None else _bounded(after)


def _bounded(seconds: float) -> float | None:
    if not math.isfinite(seconds):
        return None
    return min(max(seconds, 0.0), LONGEST_PAUSE_SECONDS)
