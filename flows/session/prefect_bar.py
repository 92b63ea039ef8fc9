"""One bar of a session as a Prefect subflow, which its server cannot hold up for ever."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

import httpx
from prefect import flow
from prefect.client.orchestration import get_client
from prefect.exceptions import Pause
from prefect.logging import get_run_logger
from prefect.runtime import flow_run

from blocks.process.stop_request import Interrupted
from flows.session.bar_words import BarWords
from flows.session.take_bar import take_bar
from tasks.prefect_tasks import PREFECT
from tasks.session.runtime import RUNTIMES, SessionRuntime
from tasks.steps import PLAIN, Steps
from trading.market.calendar import exchange_timezone

# How long Prefect's server may be silent before a bar: a market does not wait, a replay does.
SERVER_PATIENCE_SECONDS = 2.0
REPLAY_PATIENCE_SECONDS = 30.0
# How long Prefect may take before a bar's steps, and again after them.
PREFECT_PATIENCE_SECONDS = 10.0
# The same once it is time to stop; a worker kills after 30 s.
STOP_PATIENCE_SECONDS = 5.0
LOOK_EVERY_SECONDS = 0.5
PAUSED = (
    "this run was paused in Prefect's page: its session goes on without Prefect. Cancel the run to"
    " end it, or let it enter nothing more with: openbell halt"
)


class BarBrokenOffError(Exception):
    """A bar's steps were broken off by what nobody wished for; only the journal says how far."""


@dataclass
class _Steps:
    """How far the steps of a session's bar have come, whatever Prefect makes of its subflow."""

    is_let_go: bool = False
    have_begun: bool = False
    have_ended: bool = False
    is_paused: bool = False
    error: BaseException | None = None

    def take(self, runtime: SessionRuntime, bar: int) -> None:
        self.have_begun = True
        try:
            take_bar(runtime, bar, PREFECT)
        except BaseException as error:
            self.error = error
            raise
        finally:
            self.have_ended = True


# The bar that is under way, by its session's name, as RUNTIMES: Prefect hands over no objects.
_UNDER_WAY: dict[str, _Steps] = {}


def _bar_name() -> str:
    """Return what a bar's run is called: its START by the exchange's clock."""
    parameters = flow_run.get_parameters()
    session, bar = parameters["session"], parameters["bar"]
    runtime = RUNTIMES.get(session)
    if runtime is None:
        return f"{session} bar {bar}"
    zone = exchange_timezone(runtime.plan.exchange)
    return f"{session} {runtime.bar_start(bar).astimezone(zone):%H:%M}"


@flow(name="bar", flow_run_name=_bar_name, persist_result=False)
async def trade_bar(session: str, bar: int) -> None:
    """Take one closed bar through fetch, aggregate, signal, execute, persist and notify."""
    runtime, steps = RUNTIMES[session], _UNDER_WAY[session]
    before = BarWords.before(runtime)
    # Prefect gives a subflow a handler of its own, one that raises wherever it strikes.
    runtime.should_stop.listen_again()
    if not runtime.should_stop() and not steps.is_let_go:
        steps.take(runtime, bar)
        for line in before.since(runtime):
            get_run_logger().info("%s", line)


class PrefectRunner:
    """Runs a session's steps as tasks and its bars as subflows, while Prefect's server answers.

    `after_bar` hears of the session when a bar is over; it may not wait. A pause in Prefect's page
    would break off each step, and ends no session.
    """

    def __init__(self, after_bar: Callable[[SessionRuntime], None] = lambda runtime: None) -> None:
        self._after_bar = after_bar
        self._server_was_silent = False
        self._is_paused = False

    @property
    def steps(self) -> Steps:
        """Return the steps as tasks, plain ones when the run was paused."""
        return PLAIN if self._is_paused else PREFECT

    async def run_bar(self, runtime: SessionRuntime, bar: int) -> None:
        """Take one closed bar through its steps, without Prefect when its server is silent."""
        if self._is_paused or runtime.is_overtaken(bar):
            # A session joined late catches up first; a subflow a bar would make it later still.
            take_bar(runtime, bar, PLAIN)
        elif await server_answers(self._patience_seconds(runtime)):
            self._server_was_silent = False
            try:
                await _run_with_prefect(runtime, bar)
            finally:
                self._note_pause(runtime)
        else:
            self._server_was_silent = True
            get_run_logger().warning("Prefect's server is silent: bar %s runs without it", bar)
            take_bar(runtime, bar, PLAIN)
        self._after_bar(runtime)

    def _note_pause(self, runtime: SessionRuntime) -> None:
        if _UNDER_WAY[runtime.name].is_paused:
            self._is_paused = True
            get_run_logger().warning(PAUSED)

    def _patience_seconds(self, runtime: SessionRuntime) -> float:
        # A replay's bars wait for nobody's money, but a server that is gone is not waited for
        # once a bar.
        if runtime.pace.is_real_time or self._server_was_silent:
            return SERVER_PATIENCE_SECONDS
        return REPLAY_PATIENCE_SECONDS


async def server_answers(patience_seconds: float) -> bool:
    """Return whether Prefect's server answers within `patience_seconds`."""
    try:
        async with asyncio.timeout(patience_seconds), get_client() as client:
            return await client.api_healthcheck() is None
    except (TimeoutError, OSError, httpx.HTTPError, RuntimeError):
        return False


async def _run_with_prefect(runtime: SessionRuntime, bar: int) -> None:
    """Run a bar's subflow, and leave it to itself when Prefect breaks it off or does not end it.

    The steps do not wait, so that only what Prefect does before them or after them is given up:
    a bar that it did not begin is taken without it. Raises what the steps raised.
    """
    steps = _UNDER_WAY[runtime.name] = _Steps()
    subflow = asyncio.create_task(_subflow(runtime, bar))
    trouble = await _wait_for(subflow, steps, runtime)
    steps.is_let_go = True
    subflow.cancel()
    runtime.should_stop.listen_again()
    if steps.error is not None:
        if isinstance(steps.error, Interrupted):
            # It was time to stop, and nothing had been done with the bar.
            return
        if isinstance(steps.error, Exception):
            raise steps.error
        raise BarBrokenOffError(f"bar {bar} was broken off by {_named(steps.error)}")
    if runtime.should_stop():
        return
    if trouble:
        get_run_logger().warning("Prefect let go of bar %s: %s", bar, trouble)
    if not steps.have_begun:
        take_bar(runtime, bar, PLAIN)


async def _subflow(runtime: SessionRuntime, bar: int) -> None:
    """Run a bar's subflow to its end; what would end the process ends only the subflow."""
    try:
        await trade_bar(runtime.name, bar)
    except Pause:
        _UNDER_WAY[runtime.name].is_paused = True
        raise
    except (SystemExit, KeyboardInterrupt) as error:
        # A task hands these two on to the loop, and with it to the session.
        raise BarBrokenOffError(_named(error)) from error


async def _wait_for(subflow: asyncio.Task[None], steps: _Steps, runtime: SessionRuntime) -> str:
    """Wait for a subflow as long as Prefect may take; return what went wrong, or an empty text."""
    should_stop = runtime.should_stop
    had_ended = steps.have_ended
    began = time.monotonic()
    stop_began: float | None = None
    while not subflow.done():
        try:
            await asyncio.wait({subflow}, timeout=LOOK_EVERY_SECONDS)
        except asyncio.CancelledError:
            # Of unknown origin, unless a signal came: Prefect's handler may have broken off the
            # loop. Either way the session ends, or goes on, in its own way.
            task = asyncio.current_task()
            if task is not None:
                task.uncancel()
            if not should_stop():
                return "this bar was cancelled, by nobody who wants the session to end"
        now = time.monotonic()
        if steps.have_ended != had_ended:
            had_ended, began = steps.have_ended, now
        if should_stop():
            stop_began = stop_began or now
            if now - stop_began >= STOP_PATIENCE_SECONDS:
                break
        elif now - began >= PREFECT_PATIENCE_SECONDS:
            return f"it took longer than {PREFECT_PATIENCE_SECONDS:.0f} s"
    if not subflow.done() or subflow.cancelled():
        return "its subflow was cancelled"
    error = subflow.exception()
    return "" if error is None else _named(error)


def _named(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
