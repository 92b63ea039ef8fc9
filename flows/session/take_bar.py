"""One closed bar through the seven steps, but for the session's closing ones."""

from __future__ import annotations

import time

from tasks.session.fetched_rows import FetchedRows
from tasks.session.poll import poll
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
        fetched = _asked_for(runtime, bar, steps)
    except SourceUnavailable as error:
        # Without bars nothing is entered, but what is held is still looked after.
        runtime.notifier.send("SYSTEM_WARNING", f"bar {bar} has no data: {error}")
        fetched = FetchedRows(None, time.monotonic() - began)
    else:
        runtime.news.tell_missing(runtime.market, runtime.notifier)
    runtime.news.tell_troubles(runtime.market, runtime.notifier)
    return fetched


def _asked_for(runtime: SessionRuntime, bar: int, steps: Steps) -> FetchedRows:
    # A provider may hang; nothing has been done with the bar yet.
    if not runtime.pace.is_real_time:
        with runtime.should_stop.interrupting():
            return steps.fetch(runtime, bar)
    return runtime.question.ask(
        runtime.market.name,
        lambda: steps.fetch_in_thread(runtime, bar),
        # Who looks at the account is not to wait for the source too. Where it answers at once the
        # ledger stays open: to open it again would keep the bar's orders waiting.
        let_go=runtime.ledger.release,
        tend=lambda: _tend(runtime),
        should_stop=runtime.should_stop,
        patience_seconds=runtime.plan.interval_minutes * 60.0,
    )


def _tend(runtime: SessionRuntime) -> None:
    poll(runtime)
    # Others want to write a word, to look or to take a copy while the source is silent.
    runtime.release_stores()
