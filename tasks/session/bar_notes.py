"""What was written down of the bars of a session, so that the next writing goes on from there."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import NamedTuple

from tasks.session.fetched_rows import FetchedRows
from trading.session.events import BarClosed


class WorkedBar(NamedTuple):
    """A bar that went through the steps, and how it was fetched."""

    closed: BarClosed
    fetched: FetchedRows


class BarNotes:
    """The last bar, when people were shown one, and how many trades telemetry has noted.

    `steady` returns seconds since any moment, by a clock that nobody sets.
    """

    def __init__(self, steady: Callable[[], float] = time.monotonic) -> None:
        self._steady = steady
        self.last: WorkedBar | None = None
        self.noted_trades = 0
        # Why telemetry cannot be written, "" while it can.
        self.untold = ""
        # Whether people know that the clock is wrong.
        self.is_clock_told = False
        self._shown_at = -math.inf

    def take(self, closed: BarClosed, fetched: FetchedRows) -> None:
        """Keep the bar that is worked on."""
        self.last = WorkedBar(closed, fetched)

    def shown(self) -> None:
        """Note that people can read of the last bar."""
        self._shown_at = self._steady()

    def seconds_since_shown(self) -> float:
        """Return for how long people have not been shown a bar."""
        return self._steady() - self._shown_at
