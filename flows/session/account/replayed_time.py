"""A replayed session's time beside that of the test double that takes its orders."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from blocks.process.clocks import ScaledClock
from trading.market.calendar import Session, from_microseconds, to_microseconds
from trading.session.broker.answers import NotOffered
from trading.session.broker.exchange_port import Exchange
from trading.session.ports import Clock

# What is told of a time so far from the session is of another clock than the session's.
OF_THE_SESSION = timedelta(days=1)


class ToldTime:
    """Turns times that a double tells into those of the session that is replayed.

    A double may have the machine's clock: its fills are then of today, and the session's are not.
    """

    def __init__(self) -> None:
        self._session: Session | None = None
        self._clock: ScaledClock | None = None

    def begin(self, session: Session, clock: Clock) -> None:
        """Take the times that are told from now on for those of a session."""
        self._session = session
        self._clock = clock if isinstance(clock, ScaledClock) else None

    def __call__(self, us: int) -> int:
        """Return a time, microseconds since 1970 UTC, as the session has it; 0 stays 0."""
        if self._session is None or self._clock is None or us == 0:
            return us
        told = from_microseconds(us)
        first, last = self._session.open - OF_THE_SESSION, self._session.close + OF_THE_SESSION
        return us if first <= told <= last else to_microseconds(self._clock.replayed(told))


def beginning_of(
    session: Session, speed: float, broker: Exchange | None, within_seconds: float
) -> datetime:
    """Return when a session that is replayed at a speed began, by the machine's clock.

    At a broker's double on this machine it began when the double's day did, if that was not
    longer ago than so many seconds of the session: a double may have any other clock. Raises
    ExchangeUnavailable where it is silent.
    """
    now = datetime.now(UTC)
    if broker is None:
        return now
    try:
        passed = (broker.clock().now - session.open).total_seconds()
    except NotOffered:
        # Its day begins whenever a session asks.
        return now
    if not 0 <= passed <= within_seconds:
        return now
    return now - timedelta(seconds=passed / speed)
