"""The story of one trading session, told once for the terminal and for Prefect."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from blocks.process.stop_request import Interrupted
from flows.session.take_bar import take_bar
from tasks.session.poll import poll
from tasks.session.runtime import SessionRuntime
from tasks.steps import PLAIN, Steps
from trading.errors import BadInput, StoreUnavailable


class Runner(Protocol):
    """How a session is run: its steps, and a bar of it."""

    @property
    def steps(self) -> Steps:
        """Return the steps, plain or as tasks."""
        ...

    async def run_bar(self, runtime: SessionRuntime, bar: int) -> None:
        """Take one closed bar through its steps."""
        ...


@dataclass(frozen=True)
class PlainRunner:
    """Runs a session in this process alone."""

    steps: Steps = PLAIN

    async def run_bar(self, runtime: SessionRuntime, bar: int) -> None:
        """Take one closed bar through its steps."""
        take_bar(runtime, bar, self.steps)


async def run_session(runtime: SessionRuntime, runner: Runner) -> bool:
    """Trade one session from warm-up to sync; return whether it was closed.

    A session that was interrupted goes on where its journal ends; a closed one is left alone.
    Whatever breaks it off without a wish to stop leaves positions and orders as they are.
    """
    steps = runner.steps
    try:
        if not steps.warm_up(runtime):
            return True
        is_over = await _trade_bars(runtime, runner)
    except Interrupted:
        is_over = False
    except BaseException as error:
        # What a signal raises in a handler that is not ours.
        if not isinstance(error, Exception) and runtime.should_stop():
            steps.shut_down(runtime)
        raise
    if not is_over:
        steps.shut_down(runtime)
        return False
    await _let_last_exits_fill(runtime)
    # Perhaps others by now: the run may have been paused in Prefect's page.
    steps = runner.steps
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


async def _trade_bars(runtime: SessionRuntime, runner: Runner) -> bool:
    """Run every bar that is left, each when it has settled; return False when it is to stop."""
    pace = runtime.pace
    for bar in range(runtime.state.last_bar + 1, runtime.grid.rows):
        settled = runtime.bar_end(bar) + timedelta(seconds=pace.settle_seconds)
        while not runtime.should_stop() and runtime.clock.now() < settled:
            if pace.is_real_time:
                runtime.release_stores()
            nap_seconds = min(pace.tend_seconds, runtime.desk.next_look_seconds())
            await runtime.clock.sleep_until(settled, nap_seconds)
            poll(runtime)
        if runtime.should_stop():
            return False
        await runner.run_bar(runtime, bar)
    return True


async def _let_last_exits_fill(runtime: SessionRuntime) -> None:
    """Hear for some seconds what becomes of the exits that are under way at a broker.

    The last bar of a fast replay is shorter than their requests, and a market order may be filled
    at the very close.
    """
    until = runtime.clock.now() + timedelta(seconds=runtime.pace.last_exit_seconds)
    while _is_leaving(runtime) and runtime.clock.now() < until:
        nap_seconds = min(runtime.pace.tend_seconds, runtime.desk.next_look_seconds())
        await runtime.clock.sleep_until(until, nap_seconds)
        poll(runtime)


def _is_leaving(runtime: SessionRuntime) -> bool:
    book = runtime.state.book
    is_left = any(book.quantity[s] and book.exit_waiting[s] for s in runtime.state.index.values())
    return runtime.is_at_broker and is_left
