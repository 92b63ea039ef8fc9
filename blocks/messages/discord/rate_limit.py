"""How often one receiver may be written to, by sliding windows, and when it asked for a pause."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence

# Discord's documents promise no numbers: 5 in 2 s is what the headers report, 30 in 60 s holds
# for the channel and is in no header (fixtures/discord/discord_limits.json).
DISCORD_WINDOWS = ((5, 2.0), (30, 60.0))


class SlidingLimit:
    """At most `count` requests in any `seconds`, for each (count, seconds)."""

    def __init__(
        self,
        windows: Sequence[tuple[int, float]] = DISCORD_WINDOWS,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._windows = tuple(windows)
        self._now = now
        self._answered: deque[float] = deque(maxlen=max(count for count, _ in self._windows))
        self._not_before = float("-inf")

    @property
    def longest_s(self) -> float:
        """Return how long a request counts."""
        return max(seconds for _, seconds in self._windows)

    def delay(self) -> float:
        """Return the seconds until the next request may go."""
        now = self._now()
        free = [self._not_before]
        for count, seconds in self._windows:
            if len(self._answered) >= count:
                free.append(self._answered[-count] + seconds)
        return max(0.0, max(free) - now)

    def note(self) -> None:
        """Count a request that has just been answered or given up.

        Counted then and not when it left: the receiver's window begins when a request arrives,
        which is no later than that.
        """
        self._answered.append(self._now())

    def note_earlier(self, ages_s: Sequence[float]) -> None:
        """Count requests that others made so many seconds ago."""
        now = self._now()
        times = sorted([*self._answered, *(now - age for age in ages_s)])
        self._answered = deque(times, maxlen=self._answered.maxlen)

    def pause(self, seconds: float) -> None:
        """Let nothing go for so long; a shorter pause never ends a longer one."""
        self._not_before = max(self._not_before, self._now() + seconds)
