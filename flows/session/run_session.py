"""The story of one trading session, told once for the terminal and for Prefect."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

from blocks.process.stop_request import Interrupted
from tasks.aggregate import aggregate
from tasks.execute import execute
from tasks.fetch import fetch
from tasks.notify import notify, notify_summary
from tasks.persist import persist
from tasks.session.close import close_session
from tasks.session.poll import tend
from tasks.session.runtime import SessionRuntime
from tasks.session.shut_down import shut_down
from tasks.session.warm_up import warm_up
from tasks.signal import signal
from tasks.sync import sync
from trading.errors import BadInput, SourceUnavailable, StoreUnavailable

RunBar = Callable[[SessionRuntime, int], Awaitable[None]]


class PlainSteps:
    """The steps of a session as plain functions; `tasks.prefect_tasks` has them as tasks."""

    warm_up: Any = staticmethod(warm_up)
    fetch: Any = staticmethod(fetch)
    aggregate: Any = staticmethod(aggregate)
    signal: Any = staticmethod(signal)
    execute: Any = staticmethod(execute)
    persist: Any = staticmethod(persist)
    notify: Any = staticmethod(notify)
    close_session: Any = staticmethod(close_session)
    notify_summary: Any = staticmethod(notify_summary)
    sync: Any = staticmethod(sync)


async def run_bar(runtime: SessionRuntime, bar: int, steps: Any = PlainSteps) -> None:
    """Take one closed bar through the seven steps, but for the session's closing ones."""
    try:
        # A provider may hang; nothing has been done with the bar yet.
        with runtime.should_stop.interrupting():
            steps.fetch(runtime, bar)
    except SourceUnavailable as error:
        # Without bars nothing is entered, but what is held is still looked after.
        runtime.rows = None
        runtime.notifier.send("SYSTEM_WARNING", f"bar {bar} has no data: {error}")
    steps.aggregate(runtime, bar)
    steps.signal(runtime)
    steps.execute(runtime)
    steps.persist(runtime)
    steps.notify(runtime)


async def run_plain_bar(runtime: SessionRuntime, bar: int) -> None:
    """Run one bar without Prefect."""
    await run_bar(runtime, bar)


async def run_session(
    runtime: SessionRuntime,
    run_bar: RunBar = run_plain_bar,
    steps: Any = PlainSteps,
) -> bool:
    """Trade one session from warm-up to sync; return whether it was closed.

    A session that was interrupted goes on where its journal ends; a closed one is left alone.
    """
    try:
        if not steps.warm_up(runtime):
            return True
        is_over = await _trade_bars(runtime, run_bar)
    except Interrupted:
        is_over = False
    except asyncio.CancelledError:
        shut_down(runtime)
        raise
    if not is_over:
        return shut_down(runtime)
    steps.close_session(runtime)
    steps.notify(runtime)
    steps.notify_summary(runtime)
    try:
        steps.sync(runtime)
    except (StoreUnavailable, BadInput) as error:
        # The session is over and whole; the next copy holds it too.
        runtime.notifier.send(
            "SYSTEM_ERROR", error.what, title="No copy was made", action_required=error.hint
        )
    runtime.ledger.release()
    return True


async def _trade_bars(runtime: SessionRuntime, run_bar: RunBar) -> bool:
    """Run every bar that is left, each when it has settled; return False when it is to stop."""
    for bar in range(runtime.state.last_bar + 1, runtime.grid.rows):
        settled = runtime.bar_end(bar) + timedelta(seconds=runtime.settle_seconds)
        while not runtime.should_stop() and runtime.clock.now() < settled:
            if runtime.is_real_time:
                runtime.ledger.release()
            nap = runtime.clock.now() + timedelta(seconds=runtime.tend_seconds)
            await runtime.clock.sleep_until(min(settled, nap))
            tend(runtime)
        if runtime.should_stop():
            return False
        await run_bar(runtime, bar)
    return True
