"""How fast sessions go: the seconds that bars, looks and last exits may take."""

from __future__ import annotations

from datetime import timedelta

from flows.session.request import SessionRequest
from tasks.session.runtime import Pace
from trading.market.calendar import Session
from trading.session.order_times import OrderTimes
from trading.session.ports import Clock

# What a bar's steps may take until its orders are late, and the most of a bar that may be.
WORK_SECONDS = 10.0
# Of the machine: so long after the close an exit at a broker may take to be filled.
LAST_EXIT_SECONDS = 10.0
LONGEST_WORK = 1 / 6


def is_real_time(request: SessionRequest) -> bool:
    """Return whether time passes while nothing is done, as in all but a replay at once."""
    return request.replay is None or request.speed is not None


def pace_of(request: SessionRequest, interval_minutes: int) -> Pace:
    """Return the pace of a request's sessions; bars are so many minutes long."""
    if not is_real_time(request):
        return Pace()
    settle_seconds = request.parts.settle_seconds if request.replay is None else 0.0
    # The machine's seconds between two looks, whatever the speed of the session's clock.
    tend_seconds = request.parts.tend_seconds * (request.speed or 1.0)
    interval_seconds = interval_minutes * 60.0
    # A replay's seconds are short: only what comes a whole bar late is late there.
    work_seconds = min(WORK_SECONDS, interval_seconds * LONGEST_WORK)
    if request.replay is not None:
        work_seconds = interval_seconds
    return Pace(
        settle_seconds,
        tend_seconds,
        settle_seconds + work_seconds,
        LAST_EXIT_SECONDS * (request.speed or 1.0),
        is_real_time=True,
        is_replay=request.replay is not None,
    )


def times_of(
    request: SessionRequest, interval_minutes: int, clock: Clock, session: Session
) -> OrderTimes | None:
    """Return the times of a session's orders, None where no time passes while nothing is done."""
    pace = pace_of(request, interval_minutes)
    if not pace.is_real_time:
        return None
    settling = timedelta(seconds=pace.settling_seconds)
    speed = request.speed or 1.0
    grace = timedelta(seconds=pace.last_exit_seconds if pace.is_replay else 0.0)
    return OrderTimes(clock, session, interval_minutes, settling, speed, grace)
