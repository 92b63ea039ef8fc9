"""Rows that are gone from a session's journal, as differences of its books."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from trading.counted import counted
from trading.parity.findings import AsConsumed, Cause, Difference, Kind
from trading.session.events import Event, Intent


def without_beginning(events: Sequence[Event], decisions: int) -> AsConsumed:
    """Return what is found of a journal whose first row, with its plan, is gone."""
    intents = sum(isinstance(event, Intent) for event in events)
    begins = type(events[0]).__name__ if events else "nothing"
    kept = f"it begins with {begins} and not with the session's start"
    return AsConsumed(decisions, intents, (_of_books(kept, "its plan is not known"),))


def with_gap(found: AsConsumed, gone: int) -> AsConsumed:
    """Return what was found with so many rows of the journal that are gone."""
    if not gone:
        return found
    rows = counted(gone, "row")
    gap = _of_books(f"{rows} between its first and its last one are gone", "rows follow each other")
    return replace(found, differences=(*found.differences, gap))


def _of_books(kept: str, replayed: str) -> Difference:
    return Difference(Kind.BOOKS, Cause.JOURNAL, 0, "", kept, replayed)
