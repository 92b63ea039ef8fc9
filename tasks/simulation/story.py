"""What happened in a simulated session, line by line, and what must not have."""

from __future__ import annotations

import hashlib

from tasks.simulation.clock import WorldTime

LAST_LINES = 60


class InvariantBroken(BaseException):
    """Something happened that must not; no Exception, so that nothing waits for its end."""

    def __init__(self, invariant: str, what: str) -> None:
        super().__init__(f"{invariant}: {what}")
        self.invariant = invariant
        self.what = what


class Story:
    """The lines of a session, each with its moment; equal seeds have equal lines."""

    def __init__(self, time: WorldTime) -> None:
        self._time = time
        self.lines: list[str] = []

    def tell(self, what: str) -> None:
        """Add a line."""
        self.lines.append(f"{self._time.now:%H:%M:%S.%f} {what}")

    def last(self) -> list[str]:
        """Return the lines that a reader of a failure needs."""
        return self.lines[-LAST_LINES:]

    def digest(self) -> str:
        """Return the sha256 of all lines."""
        return hashlib.sha256("\n".join(self.lines).encode()).hexdigest()
