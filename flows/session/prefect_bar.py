"""One bar of a session as a Prefect subflow, which its server cannot hold up for ever."""

from __future__ import annotations

import asyncio
import time

import httpx
from prefect import flow
from prefect.client.orchestration import get_client
from prefect.exceptions import TerminationSignal
from prefect.logging import get_run_logger

from flows.session.run_session import run_bar, run_plain_bar
from tasks.prefect_tasks import PrefectSteps
from tasks.session.runtime import RUNTIMES, SessionRuntime

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
        await run_bar(runtime, bar, PrefectSteps)


async def trade_bar_anyway(runtime: SessionRuntime, bar: int) -> None:
    """Run a bar as a subflow, or without Prefect when its server does not answer."""
    if runtime.is_missed(bar):
        # A session joined late catches up first; a subflow for each bar would make it later still.
        await run_plain_bar(runtime, bar)
    elif await server_answers():
        await _unless_stopped(runtime, bar)
    else:
        get_run_logger().warning("Prefect's server is silent: bar %s runs without it", bar)
        await run_plain_bar(runtime, bar)


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
