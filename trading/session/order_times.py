"""When an order still counts as made at its bar's close, and which bar may fill it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from trading.market.calendar import Session, to_microseconds
from trading.session.ports import Clock


@dataclass(frozen=True)
class OrderTimes:
    """The clock of a session's orders.

    What is made within `settling` of a bar's START still counts as made before it. `speed` is how
    many of its seconds go by in one of the machine's: a broker answers in the machine's. For
    `grace` after the close exits are still sent: the last bar of a fast replay is shorter than
    its requests, and the broker's double knows no other day.
    """

    clock: Clock
    session: Session
    interval_minutes: int
    settling: timedelta
    speed: float = 1.0
    grace: timedelta = timedelta(0)

    def now_us(self) -> int:
        """Return the present, microseconds since 1970 UTC."""
        return to_microseconds(self.clock.now())

    def fills_from_us(self, last_bar: int) -> int:
        """Return the earliest START of a bar that may fill what is sent now, 0 for the next one."""
        return self.now_us() if self.is_late(last_bar) else 0

    def is_late(self, bar: int) -> bool:
        """Return whether it is too late to enter by what a bar said: the next has long begun."""
        return self.clock.now() > self.session.bar_end(bar, self.interval_minutes) + self.settling

    def is_over(self) -> bool:
        """Return whether the session has closed: an order would wait for another day's open."""
        return self.clock.now() >= self.session.close

    def is_too_late_to_send(self) -> bool:
        """Return whether nothing new is sent any more in this session."""
        return self.clock.now() >= self.session.close + self.grace


def present_us(times: OrderTimes | None) -> int:
    """Return the present, microseconds since 1970 UTC; 0 where there is no clock."""
    return times.now_us() if times else 0
