"""The wish to stop, as a signal brings it."""

from __future__ import annotations

import signal
import time
from types import FrameType


class StopRequest:
    """Whether SIGTERM, SIGINT or SIGHUP has arrived."""

    def __init__(self) -> None:
        self.requested = False

    def __call__(self) -> bool:
        """Return whether it is time to stop."""
        return self.requested

    def listen(self) -> None:
        """Take the signals; the default would end this process with its children running."""
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._take)

    def _take(self, number: int, frame: FrameType | None) -> None:
        self.requested = True

    def pause(self, seconds: float) -> None:
        """Wait, but not longer than until a signal arrives."""
        # A plain flag and short sleeps: an Event set by a handler of its own waiter can deadlock.
        deadline = time.monotonic() + seconds
        while not self.requested and (left := deadline - time.monotonic()) > 0:
            time.sleep(min(0.1, left))
