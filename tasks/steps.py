"""The steps of a session by name: plain functions here, tasks in `tasks.prefect_tasks`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tasks.aggregate import aggregate
from tasks.execute import execute
from tasks.fetch import fetch
from tasks.notify import notify, notify_summary
from tasks.persist import persist
from tasks.session.close import close_session
from tasks.session.fetched_rows import FetchedRows
from tasks.session.runtime import SessionRuntime
from tasks.session.shut_down import shut_down
from tasks.session.warm_up import warm_up
from tasks.signal import signal
from tasks.sync import sync
from trading.session.events import BarClosed


@dataclass(frozen=True)
class Steps:
    """What each step takes and gives; each is a file of this folder.

    `fetch_in_thread` is `fetch` for a thread beside the session, which itself waits for it no
    longer than it may.
    """

    warm_up: Callable[[SessionRuntime], bool]
    fetch: Callable[[SessionRuntime, int], FetchedRows]
    fetch_in_thread: Callable[[SessionRuntime, int], FetchedRows]
    aggregate: Callable[[SessionRuntime, int, FetchedRows], BarClosed]
    signal: Callable[[SessionRuntime, BarClosed], dict[str, str]]
    execute: Callable[[SessionRuntime], int]
    persist: Callable[[SessionRuntime, BarClosed, FetchedRows], float]
    notify: Callable[[SessionRuntime], int]
    close_session: Callable[[SessionRuntime], float]
    notify_summary: Callable[[SessionRuntime], None]
    sync: Callable[[SessionRuntime], str]
    shut_down: Callable[[SessionRuntime], None]


PLAIN = Steps(
    warm_up,
    fetch,
    fetch,
    aggregate,
    signal,
    execute,
    persist,
    notify,
    close_session,
    notify_summary,
    sync,
    shut_down,
)
