"""The steps as Prefect tasks, each with its own retry policy.

The functions live in files of their own and know nothing of Prefect, so that the terminal starts
without it. Results are never cached: a step that is repeated finds out for itself what is done.
"""

from __future__ import annotations

from typing import Any

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, TaskRun

from tasks import aggregate as aggregate_step
from tasks import execute as execute_step
from tasks import fetch as fetch_step
from tasks import notify as notify_step
from tasks import persist as persist_step
from tasks import signal as signal_step
from tasks import sync as sync_step
from tasks.history import fetch as history_step
from tasks.masked import without_secrets_in_errors
from tasks.session import close as close_step
from tasks.session import warm_up as warm_up_step
from trading.errors import SourceUnavailable, StoreUnavailable

WORTH_RETRYING = (SourceUnavailable, StoreUnavailable)


def is_worth_retrying(task_: Any, run: TaskRun, state: State[Any]) -> bool:
    """Return whether a step failed for a reason that may pass by itself."""
    # Read from the state itself: awaiting its result is not possible in this hook.
    failure = getattr(state.data, "result", state.data)
    return isinstance(failure, WORTH_RETRYING)


def step(function: Any, *, retries: int, delays: list[float], timeout_seconds: float) -> Any:
    """Return a plain step as a task."""
    return task(
        without_secrets_in_errors(function),
        retries=retries,
        retry_delay_seconds=delays,
        retry_jitter_factor=0.3,
        retry_condition_fn=is_worth_retrying,
        timeout_seconds=timeout_seconds,
        cache_policy=NO_CACHE,
        persist_result=False,
    )


class PrefectSteps:
    """The steps of a session as tasks, under the names that the session's story uses."""

    warm_up = step(warm_up_step.warm_up, retries=2, delays=[1, 5], timeout_seconds=120)
    fetch = step(fetch_step.fetch, retries=3, delays=[1, 2, 4], timeout_seconds=60)
    aggregate = step(aggregate_step.aggregate, retries=1, delays=[1], timeout_seconds=30)
    signal = step(signal_step.signal, retries=2, delays=[0.5, 2], timeout_seconds=30)
    execute = step(execute_step.execute, retries=3, delays=[0.5, 1, 2], timeout_seconds=60)
    persist = step(persist_step.persist, retries=3, delays=[1, 2, 4], timeout_seconds=60)
    notify = step(notify_step.notify, retries=1, delays=[1], timeout_seconds=15)
    close_session = step(close_step.close_session, retries=3, delays=[1, 2, 4], timeout_seconds=60)
    notify_summary = step(notify_step.notify_summary, retries=1, delays=[1], timeout_seconds=15)
    sync = step(sync_step.sync, retries=3, delays=[2, 10, 30], timeout_seconds=300)


fetch_whole_history = step(
    history_step.fetch_whole_history, retries=2, delays=[15, 60], timeout_seconds=3600
)
sync_account = step(sync_step.sync_account, retries=2, delays=[5, 30], timeout_seconds=600)
