"""Virtual time: the world's, and the clock of the machine that a process reads."""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable
from datetime import datetime, timedelta

from trading.market.calendar import from_microseconds, to_microseconds

SECOND_US = 1_000_000
# So many looks at what does not change come as often as a session makes them.
PATIENT_LOOKS = 20
LONGEST_LOOK_SECONDS = 60.0


class WorldTime:
    """The time of the world, which only goes forward, and what is to happen in it.

    What is put down for a moment happens when time passes it, in the order of the moments.
    """

    def __init__(self, began: datetime) -> None:
        self.us = to_microseconds(began)
        self._coming: list[tuple[int, int, Callable[[], None]]] = []
        self._numbers = 0

    @property
    def now(self) -> datetime:
        """Return the present."""
        return from_microseconds(self.us)

    def at(self, us: int, happen: Callable[[], None]) -> None:
        """Put down what happens at a moment, microseconds since 1970 UTC."""
        self._numbers += 1
        heapq.heappush(self._coming, (max(us, self.us), self._numbers, happen))

    def after(self, seconds: float, happen: Callable[[], None]) -> None:
        """Put down what happens after some seconds."""
        self.at(self.us + round(seconds * SECOND_US), happen)

    def pass_to(self, us: int, is_over: Callable[[], bool] = lambda: False) -> None:
        """Let time pass to a moment, and everything happen that lies on the way.

        It stops early after something by which `is_over` has come true.
        """
        while self._coming and self._coming[0][0] <= us:
            self.us, _, happen = heapq.heappop(self._coming)
            happen()
            if is_over():
                return
        self.us = max(self.us, us)

    def pass_seconds(self, seconds: float) -> None:
        """Let some seconds pass."""
        self.pass_to(self.us + round(seconds * SECOND_US))


class MachineClock:
    """The clock of the machine: the world's time, wrong by an offset that steps may change.

    While `is_quiet` says that nothing is under way, a sleep lasts until it is over or something
    happens in the world: short looks between would see nothing. What stays under way while nothing
    happens, as in a market that stands still, is looked at less and less often, and each minute at
    least; `has_news` ends such a sleep. A look that has led to a request was not in vain: `asked`
    returns how many there were.
    """

    def __init__(
        self,
        time: WorldTime,
        is_quiet: Callable[[], bool],
        has_news: Callable[[], bool],
        asked: Callable[[], int],
    ) -> None:
        self._time = time
        self._is_quiet = is_quiet
        self._has_news = has_news
        self._asked = asked
        self._asked_before = 0
        self._vain_looks = 0
        self.offset = timedelta(0)

    def now(self) -> datetime:
        """Return what the machine takes for the present."""
        return self._time.now + self.offset

    def steady_seconds(self) -> float:
        """Return seconds since 1970 by the world's time, which no step of the clock changes."""
        return self._time.us / SECOND_US

    async def sleep_seconds(self, seconds: float) -> None:
        """Return after so many seconds, whatever happens in the world."""
        self._time.pass_seconds(seconds)

    async def sleep_until(self, moment: datetime, at_most_seconds: float = math.inf) -> None:
        """Return when the moment has come by this clock, or something may have to be done."""
        self.sleep_up_to(to_microseconds(moment - self.offset), at_most_seconds)

    def sleep_up_to(self, end: int, at_most_seconds: float = math.inf) -> None:
        """Return at a moment of the world, microseconds since 1970 UTC, or before as above."""
        look_seconds = min(at_most_seconds, 3600.0)
        has_asked = self._asked() != self._asked_before
        self._asked_before = self._asked()
        if self._is_quiet():
            self._time.pass_to(end, lambda: not self._is_quiet())
            self._vain_looks = 0
        elif self._has_news() or has_asked:
            self._vain_looks = 0
        else:
            self._vain_looks += 1
            longer = 2.0 ** max(0, self._vain_looks - PATIENT_LOOKS)
            extra = min(look_seconds * longer, LONGEST_LOOK_SECONDS) - look_seconds
            if extra > 0.0:
                self._time.pass_to(
                    min(end, self._time.us + round(extra * SECOND_US)), self._has_news
                )
        # The next look comes some time after what it will see.
        end = min(end, self._time.us + round(look_seconds * SECOND_US))
        self._time.pass_to(max(end, self._time.us + 1))
