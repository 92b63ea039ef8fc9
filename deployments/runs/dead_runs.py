"""Flow runs that a server believes to be under way, and whose process is gone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from enum import Enum, auto

from deployments.processes import marked as processes
from deployments.processes.home import Home, Say
from deployments.runs.runs import OVERLOOKED_S, run_processes
from deployments.server.flow_run import FlowRun
from deployments.server.prefect_api import PrefectApi
from deployments.server.worker import WORK_POOL, worker_name

# A worker that has ended counts as online at the server for up to 105 s.
LOOK_AGAIN_S = 15.0
OVERLOOKED = timedelta(seconds=OVERLOOKED_S)
_AFTERWARDS = {"PENDING": "SCHEDULED", "CANCELLING": "CANCELLED"}


class _Whose(Enum):
    OURS = auto()
    NOT_YET_KNOWN = auto()
    OF_ANOTHER = auto()


class DeadRuns:
    """Corrects the runs that an earlier life of this data folder left behind at a server.

    One that had not begun is scheduled again, others are crashed or cancelled: left alone they
    show as running for ever and fill their queue's only place. A server may serve the workers of
    other machines too, so a run is only touched when the worker that took it was this folder's.
    """

    def __init__(self, home: Home, say: Say, work_pool: str = WORK_POOL) -> None:
        self._home = home
        self._say = say
        self._work_pool = work_pool
        self._in_doubt: dict[str, FlowRun] = {}
        self._next_look = 0.0
        self._lost: dict[str, str] = {}
        self._asked: set[str] = set()
        self._next_watch = 0.0

    def release(self, api: PrefectApi, *, is_own_server: bool, now: float) -> None:
        """Look at all runs of the work pool, while this folder has no worker that takes any.

        `now` is monotonic. A server of our own has no worker but ours.
        """
        self._in_doubt = {}
        self._next_look = now + LOOK_AGAIN_S
        runs = self._without_process(api.unfinished_runs(self._work_pool))
        workers = {} if is_own_server or not runs else api.workers(self._work_pool)
        for run in runs:
            whose = _Whose.OURS if is_own_server else self._whose(run, workers)
            if whose is _Whose.OURS:
                self._correct(api, run)
            elif whose is _Whose.NOT_YET_KNOWN:
                self._say(
                    f"Flow run {run.name} is {run.state_name} without a process here; it is left"
                    " alone while the worker that may have it is online"
                )
                self._in_doubt[run.id] = run

    def watch(self, api: PrefectApi, now: float, *, is_own_server: bool) -> None:
        """Release a run that outlived its worker and has now lost its process too.

        A worker reports the end of what it started, and of nothing else. A run is only touched
        when it had no process at two looks.
        """
        if now < self._next_watch:
            return
        self._next_watch = now + LOOK_AGAIN_S
        own = worker_name(self._home)
        unfinished = api.unfinished_runs(self._work_pool)
        self._ask_the_overlooked(unfinished)
        lost = {
            run.id: run
            for run in self._without_process(unfinished)
            if run.state_type == "RUNNING" and (is_own_server or run.worker == own)
        }
        for run in lost.values():
            if self._lost.get(run.id) == run.since:
                self._correct(api, run)
        self._lost = {run.id: run.since for run in lost.values()}

    def _ask_the_overlooked(self, runs: list[FlowRun]) -> None:
        """Ask a run to end that was cancelled in the page, and whose worker lives no more."""
        cancelled = {
            run.id
            for run in runs
            if run.state_type == "CANCELLING" and run.has_been_so_for(OVERLOOKED, datetime.now(UTC))
        }
        to_ask = [
            process
            for process in run_processes(self._home.data_dir)
            if process.flow_run_id in cancelled - self._asked and process.pid == process.session_id
        ]
        processes.ask(to_ask)
        self._asked |= {process.flow_run_id or "" for process in to_ask}

    def are_due(self, now: float) -> bool:
        """Return whether it is time to look at runs in doubt again."""
        return bool(self._in_doubt) and now >= self._next_look

    def look_again(self, api: PrefectApi, now: float) -> None:
        """Release what was in doubt at the start, once the worker that had it is offline."""
        self._next_look = now + LOOK_AGAIN_S
        workers = api.workers(self._work_pool)
        for before in list(self._in_doubt.values()):
            run = api.run_if_there(before.id)
            if run is None:
                # Deleted in the page: there is nothing of it to correct any more.
                del self._in_doubt[before.id]
                continue
            has_moved = (run.state_type, run.since) != (before.state_type, before.since)
            whose = _Whose.OF_ANOTHER if has_moved else self._whose(run, workers)
            if whose is _Whose.OURS and self._without_process([run]):
                self._correct(api, run)
            if whose is not _Whose.NOT_YET_KNOWN:
                del self._in_doubt[run.id]

    def _without_process(self, runs: list[FlowRun]) -> list[FlowRun]:
        alive = {process.flow_run_id for process in run_processes(self._home.data_dir)}
        return [run for run in runs if run.id not in alive]

    def _whose(self, run: FlowRun, workers: dict[str, bool]) -> _Whose:
        """Return whose run this is; `workers` says of each worker whether it is online."""
        own = worker_name(self._home)
        suffix = f"-{self._home.identity}"
        if run.worker == own:
            return _Whose.OURS
        if run.worker is not None and not run.worker.endswith(suffix):
            return _Whose.OF_ANOTHER
        if run.worker is not None:
            # This folder's, under another host name: a container that was made anew.
            is_online = workers.get(run.worker, False)
        else:
            # Killed between taking the run and signing it: anybody's who is there.
            is_online = any(on for name, on in workers.items() if name != own)
        return _Whose.NOT_YET_KNOWN if is_online else _Whose.OURS

    def _correct(self, api: PrefectApi, run: FlowRun) -> None:
        ended = _AFTERWARDS.get(run.state_type, "CRASHED")
        self._say(f"Flow run {run.name} is {run.state_name} without a process: now {ended.title()}")
        api.crash_subflows(run.id)
        api.force(run.id, ended, "Its process was gone")
