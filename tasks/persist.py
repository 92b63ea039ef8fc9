"""Persist: write orders, trades, positions, equity and decisions where people read them."""

from __future__ import annotations

import time

from tasks.session.runtime import SessionRuntime
from tasks.session.telemetry import record_bar

# While a session that was joined late catches up, people read so often, seconds.
CATCH_UP_SECONDS = 5.0


def persist(runtime: SessionRuntime) -> float:
    """Write the projections of the session so far; return the equity, USD.

    The journal has each bar already. Bars that are long over are written for people every few
    seconds: a session joined in the evening would otherwise be minutes late for the bar that it
    could still act on.
    """
    if not _may_wait(runtime):
        runtime.desk.project()
        record_bar(runtime)
        runtime.shown_at = time.monotonic()
    return runtime.state.equity()


def _may_wait(runtime: SessionRuntime) -> bool:
    """Return whether a bar that is over, as is the next, need not be shown yet."""
    if runtime.bar is None or runtime.bar.bar + 1 >= runtime.grid.rows:
        return False
    is_behind = runtime.is_missed(runtime.bar.bar + 1)
    return is_behind and time.monotonic() - runtime.shown_at < CATCH_UP_SECONDS
