"""A session's first row, made from its hours, and the hours that such a row says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from trading.market.calendar import Session, from_microseconds, to_microseconds
from trading.session.events import SessionStarted


def first_row(
    session: Session, inheritance: dict[str, Any], plan: Mapping[str, object]
) -> SessionStarted:
    """Return the row that begins a session, with what it takes over and its plan's record."""
    return SessionStarted(
        session.date.isoformat(),
        to_microseconds(session.open),
        to_microseconds(session.close),
        inheritance,
        dict(plan),
    )


def session_of(events: Iterable[object]) -> Session:
    """Return the session that a first row among these events begins; ValueError without one."""
    first = next((event for event in events if isinstance(event, SessionStarted)), None)
    if first is None:
        raise ValueError("no row begins the session")
    return Session(
        date.fromisoformat(first.session),
        from_microseconds(first.open_us),
        from_microseconds(first.close_us),
    )
