"""Persist: write orders, trades, positions, equity and decisions where people read them."""

from __future__ import annotations

from tasks.session.broker_watch import look_at_broker
from tasks.session.fetched_rows import FetchedRows
from tasks.session.runtime import SessionRuntime
from tasks.session.telemetry import record_bar
from trading.session.events import BarClosed

# While a session that was joined late catches up, people read so often, seconds.
CATCH_UP_SECONDS = 5.0


def persist(runtime: SessionRuntime, closed: BarClosed, fetched: FetchedRows) -> float:
    """Write the projections of the session so far; return the equity, USD.

    The journal has each bar already. Bars that are long over are written for people every few
    seconds: a session joined in the evening would otherwise be minutes late for the bar that it
    could still act on.
    """
    runtime.notes.take(closed, fetched)
    if not _may_wait(runtime, closed.bar):
        runtime.desk.project()
        record_bar(runtime)
        look_at_broker(runtime)
        runtime.notes.shown()
    return runtime.state.equity()


def _may_wait(runtime: SessionRuntime, bar: int) -> bool:
    """Return whether a bar that is over, as is the next, need not be shown yet."""
    if bar + 1 >= runtime.grid.rows:
        return False
    return runtime.is_overtaken(bar) and runtime.notes.seconds_since_shown() < CATCH_UP_SECONDS
