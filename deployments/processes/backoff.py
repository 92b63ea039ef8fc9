"""How long to wait before something that died is started again."""

from __future__ import annotations

LONGEST_WAIT_S = 60.0


class Backoff:
    """How long to wait before each restart: 1, 2, 4 ... 60 s, from 1 again after a good time."""

    def __init__(self) -> None:
        self._failures = 0
        self._last = float("-inf")

    def next_wait(self, now: float) -> float:
        """Return the seconds to wait after a death at this monotonic time."""
        if now - self._last > 10 * LONGEST_WAIT_S:
            self._failures = 0
        self._last = now
        self._failures += 1
        return min(2.0 ** (self._failures - 1), LONGEST_WAIT_S)
