"""A circuit breaker: leave a provider alone that failed, and longer each time."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from datetime import datetime, timedelta

from blocks.providers.errors import CircuitOpen, RateLimited
from trading.errors import SourceUnavailable

FAILURES = 4
FIRST_REST_SECONDS = 30.0
LONGEST_REST_SECONDS = 900.0


class CircuitBreaker:
    """Opens after `failures` failures in a row, at once when the provider says 'too many'.

    The rest doubles from 30 s to 15 min, with jitter so that processes do not come back
    together; Retry-After counts where it is longer. `now` is aware UTC. Safe between threads.
    """

    def __init__(
        self,
        name: str,
        now: Callable[[], datetime],
        failures: int = FAILURES,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._name = name
        self._now = now
        self._limit = failures
        self._jitter = jitter
        self._lock = threading.Lock()
        self._in_a_row = 0
        self._rests = 0
        self._open_until: datetime | None = None
        self._cause = ""

    def check(self) -> None:
        """Raise CircuitOpen while the provider is left alone."""
        with self._lock:
            if self._open_until is None or self._now() >= self._open_until:
                return
            raise CircuitOpen(
                f"{self._name} is left alone until {self._open_until:%H:%M:%S} UTC: {self._cause}",
                "It is asked again then; a fallback provider serves meanwhile",
            )

    def succeeded(self) -> None:
        """Close the circuit."""
        with self._lock:
            self._in_a_row, self._rests, self._open_until = 0, 0, None

    def failed(self, error: SourceUnavailable) -> None:
        """Count a failure that is the provider's, not a symbol's."""
        with self._lock:
            self._in_a_row += 1
            limited = isinstance(error, RateLimited)
            now = self._now()
            is_open = self._open_until is not None and now < self._open_until
            if is_open or (self._in_a_row < self._limit and not limited):
                return
            rest = min(FIRST_REST_SECONDS * 2**self._rests, LONGEST_REST_SECONDS)
            rest *= 1.0 + 0.5 * self._jitter()
            if isinstance(error, RateLimited) and error.retry_after_s is not None:
                rest = max(rest, error.retry_after_s)
            self._rests += 1
            self._cause = error.what
            self._open_until = now + timedelta(seconds=rest)
