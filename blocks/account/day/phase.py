"""Where in its day a session is, by its own clock, and in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from trading.market.calendar import Session


class Phase(StrEnum):
    """What a session may do now."""

    NO_SESSION = "no_session"
    BEFORE_OPEN = "before_open"
    RANGE_BUILDING = "range_building"
    TRADING = "trading"
    NO_ENTRIES = "no_entries"
    CLOSING = "closing"
    CLOSED = "closed"


PHASE_WORDS: Mapping[Phase, str] = {
    Phase.NO_SESSION: "No session today",
    Phase.BEFORE_OPEN: "Before the open",
    Phase.RANGE_BUILDING: "The opening range is being built",
    Phase.TRADING: "Trading",
    Phase.NO_ENTRIES: "Too late for entries; what is held is watched",
    Phase.CLOSING: "Positions are being left before the close",
    Phase.CLOSED: "Closed",
}


@dataclass(frozen=True, slots=True)
class DayLimits:
    """Minutes of a plan that divide a session: range from the open, the others before the close.

    A strategy without an opening range has none.
    """

    range_minutes: float
    cutoff_minutes: float
    flatten_minutes: float

    @classmethod
    def of(cls, plan: Mapping[str, Any]) -> DayLimits:
        """Return those of a plan's record."""
        strategy = plan.get("strategy", {})
        return cls(
            float(strategy.get("range_minutes", 0)),
            float(strategy.get("entry_cutoff_minutes", 0)),
            float(strategy.get("flatten_minutes", 0)),
        )


def phase_at(
    session: Session | None, now: datetime, limits: DayLimits, *, is_closed: bool = False
) -> Phase:
    """Return the phase of today's session, None for a day without one; `now` is aware.

    `is_closed` says that its journal was closed, which a replay's is before its clock says so.
    """
    if session is None:
        return Phase.NO_SESSION
    if now < session.open:
        return Phase.BEFORE_OPEN
    if now >= session.close or is_closed:
        return Phase.CLOSED
    if now < session.open + timedelta(minutes=limits.range_minutes):
        return Phase.RANGE_BUILDING
    if now >= session.close - timedelta(minutes=limits.flatten_minutes):
        return Phase.CLOSING
    if now > session.close - timedelta(minutes=limits.cutoff_minutes):
        return Phase.NO_ENTRIES
    return Phase.TRADING


def next_bar_end(session: Session | None, now: datetime, interval: timedelta) -> datetime | None:
    """Return when the bar ends that is being made, None outside session hours."""
    if session is None or not session.open <= now < session.close:
        return None
    bars = (now - session.open) // interval + 1
    return min(session.open + bars * interval, session.close)
