"""When a replayed session began, so that a test double's bars and ours pass together."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from trading.market.calendar import Session
from trading.session.exchange_port import Exchange


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
    passed = (broker.clock().now - session.open).total_seconds()
    if not 0 <= passed <= within_seconds:
        return now
    return now - timedelta(seconds=passed / speed)
