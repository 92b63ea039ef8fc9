"""The double's clock: it stands at the open until it is first asked, and then runs on."""

from __future__ import annotations

from datetime import UTC, datetime

from blocks.process.clocks import ScaledClock


class DoubleClock:
    """Time that passes `speed` times as fast as the machine's from `began` on, UTC."""

    def __init__(self, opens: datetime, speed: float, began: datetime | None = None) -> None:
        self._opens = opens
        self._speed = speed
        self.began = began

    def start(self) -> datetime:
        """Begin to run, unless it runs already; return when it began, by the machine's clock."""
        if self.began is None:
            self.began = datetime.now(UTC)
        return self.began

    def now(self) -> datetime:
        """Return the double's present."""
        if self.began is None:
            return self._opens
        return ScaledClock(self._opens, self.began, self._speed).now()

    def machine_seconds_until(self, moment: datetime) -> float:
        """Return how long the machine has to wait for a moment."""
        return (moment - self.now()).total_seconds() / self._speed
