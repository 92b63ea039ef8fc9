"""The steps as Prefect tasks, each with its own retry policy.

The functions live in files of their own and know nothing of Prefect, so that the terminal starts
without it. Results are never cached: a step that is repeated finds out for itself what is done.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

from prefect import Task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, TaskRun

from tasks.drill import drill_account as drill_account_plainly
from tasks.history.fetch import fetch_whole_history as fetch_whole_history_plainly
from tasks.masked import without_secrets_in_errors
from tasks.steps import PLAIN, Steps
from tasks.sync import sync_account as sync_account_plainly
from trading.errors import SourceUnavailable, StoreUnavailable

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")

WORTH_RETRYING = (SourceUnavailable, StoreUnavailable)


def is_worth_retrying(task_: Any, run: TaskRun, state: State[Any]) -> bool:
    """Return whether a step failed for a reason that may pass by itself."""
    # Read from the state itself: awaiting its result is not possible in this hook.
    failure = getattr(state.data, "result", state.data)
    return isinstance(failure, WORTH_RETRYING)


def step(
    function: Callable[Parameters, Result],
    *,
    retries: int,
    delays: list[float],
    timeout_seconds: float | None,
) -> Task[Parameters, Result]:
    """Return a plain step as a task."""
    return Task(
        without_secrets_in_errors(function),
        retries=retries,
        retry_delay_seconds=delays,
        retry_jitter_factor=0.3,
        retry_condition_fn=is_worth_retrying,
        timeout_seconds=timeout_seconds,
        cache_policy=NO_CACHE,
        persist_result=False,
    )


PREFECT = Steps(
    warm_up=step(PLAIN.warm_up, retries=2, delays=[1, 5], timeout_seconds=120),
    fetch=step(PLAIN.fetch, retries=3, delays=[1, 2, 4], timeout_seconds=60),
    # No time-out of Prefect's: in a thread it breaks off no request, warns of that at each bar, and
    # strikes between any two instructions of what follows. The session gives up the thread.
    fetch_in_thread=step(PLAIN.fetch, retries=3, delays=[1, 2, 4], timeout_seconds=None),
    aggregate=step(PLAIN.aggregate, retries=1, delays=[1], timeout_seconds=30),
    signal=step(PLAIN.signal, retries=2, delays=[0.5, 2], timeout_seconds=30),
    execute=step(PLAIN.execute, retries=3, delays=[0.5, 1, 2], timeout_seconds=60),
    persist=step(PLAIN.persist, retries=3, delays=[1, 2, 4], timeout_seconds=60),
    notify=step(PLAIN.notify, retries=1, delays=[1], timeout_seconds=15),
    close_session=step(PLAIN.close_session, retries=3, delays=[1, 2, 4], timeout_seconds=60),
    notify_summary=step(PLAIN.notify_summary, retries=1, delays=[1], timeout_seconds=15),
    sync=step(PLAIN.sync, retries=3, delays=[2, 10, 30], timeout_seconds=300),
    # No task: a run that is cancelled has none any more.
    shut_down=without_secrets_in_errors(PLAIN.shut_down),
)


fetch_whole_history = step(
    fetch_whole_history_plainly, retries=2, delays=[15, 60], timeout_seconds=3600
)
sync_account = step(sync_account_plainly, retries=2, delays=[5, 30], timeout_seconds=600)
drill_account = step(drill_account_plainly, retries=2, delays=[5, 30], timeout_seconds=1800)
