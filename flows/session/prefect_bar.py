"""One bar of a session as a Prefect subflow, which its server cannot hold up for ever."""

from __future__ import annotations

import asyncio
import time

import httpx
from prefect import flow
from prefect.client.orchestration import get_client
from prefect.exceptions import TerminationSignal
from prefect.logging import get_run_logger

from flows.session.take_bar import take_bar
from tasks.prefect_tasks import PREFECT
from tasks.session.runtime import RUNTIMES, SessionRuntime
from tasks.steps import PLAIN

SERVER_PATIENCE_SECONDS = 2.0
# How long a bar may go on once it is time to stop; a worker kills after 30 s.
STOP_PATIENCE_SECONDS = 5.0
LOOK_EVERY_SECONDS = 0.5


@flow(name="bar", flow_run_name="{session} bar {bar}", persist_result=False)
async def trade_bar(session: str, bar: int) -> None:
    """Take one closed bar through fetch, aggregate, signal, execute, persist and notify."""
    runtime = RUNTIMES[session]
    # Prefect gives a subflow a handler of its own, one that raises wherever it strikes.
    runtime.should_stop.listen_again()
    if not runtime.should_stop():
        take_bar(runtime, bar, PREFECT)


class PrefectRunner:
    """Runs a session's steps as tasks and its bars as subflows, while Prefect's server answers."""

    steps = PREFECT

    async def run_bar(self, runtime: SessionRuntime, bar: int) -> None:
        """Take one closed bar through its steps, without Prefect when its server is silent."""
        if runtime.is_overtaken(bar):
            # A session joined late catches up first; a subflow a bar would make it later still.
            take_bar(runtime, bar, PLAIN)
        elif await server_answers():
            await _unless_stopped(runtime, bar)
        else:
            get_run_logger().warning("Prefect's server is silent: bar %s runs without it", bar)
            take_bar(runtime, bar, PLAIN)


async def server_answers() -> bool:
    """Return whether Prefect's server answers within two seconds."""
    try:
        async with asyncio.timeout(SERVER_PATIENCE_SECONDS), get_client() as client:
            return await client.api_healthcheck() is None
    except (TimeoutError, OSError, httpx.HTTPError, RuntimeError):
        return False


async def _unless_stopped(runtime: SessionRuntime, bar: int) -> None:
    """Run a bar's subflow, and leave it to itself when it is time to stop and it does not end.

    Its steps do not wait, so that only what Prefect does before them or after them is given up:
    the bar is not half done, and the server may be silent for a minute meanwhile.
    """
    should_stop = runtime.should_stop
    subflow = asyncio.create_task(trade_bar(runtime.name, bar))
    give_up_at = None
    while not subflow.done():
        try:
            await asyncio.wait({subflow}, timeout=LOOK_EVERY_SECONDS)
        except asyncio.CancelledError:
            # The signal found Prefect's handler, which broke off the loop. Taken as a wish, it
            # leaves the session to end in its own way, and its run Cancelled, not Crashed.
            _note(runtime)
        if should_stop():
            give_up_at = give_up_at or time.monotonic() + STOP_PATIENCE_SECONDS
            if time.monotonic() >= give_up_at and not subflow.done():
                subflow.cancel()
                break
    should_stop.listen_again()
    if subflow.done() and not subflow.cancelled() and (error := subflow.exception()):
        if isinstance(error, TerminationSignal):
            _note(runtime)
        elif not should_stop():
            raise error


def _note(runtime: SessionRuntime) -> None:
    runtime.should_stop.requested = True
    task = asyncio.current_task()
    if task is not None:
        task.uncancel()
