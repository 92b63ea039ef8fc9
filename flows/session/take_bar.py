"""One closed bar through the seven steps, but for the session's closing ones."""

from __future__ import annotations

import time

from tasks.session.fetched_rows import FetchedRows
from tasks.session.runtime import SessionRuntime
from tasks.steps import Steps
from trading.errors import SourceUnavailable


def take_bar(runtime: SessionRuntime, bar: int, steps: Steps) -> None:
    """Fetch a bar, decide on it, bring the orders in line, and tell people."""
    fetched = _fetched(runtime, bar, steps)
    closed = steps.aggregate(runtime, bar, fetched)
    steps.signal(runtime, closed)
    steps.execute(runtime)
    steps.persist(runtime, closed, fetched)
    steps.notify(runtime)


def _fetched(runtime: SessionRuntime, bar: int, steps: Steps) -> FetchedRows:
    began = time.monotonic()
    try:
        # A provider may hang; nothing has been done with the bar yet.
        with runtime.should_stop.interrupting():
            return steps.fetch(runtime, bar)
    except SourceUnavailable as error:
        # Without bars nothing is entered, but what is held is still looked after.
        runtime.notifier.send("SYSTEM_WARNING", f"bar {bar} has no data: {error}")
        return FetchedRows(None, time.monotonic() - began)
