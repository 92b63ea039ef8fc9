"""Flow runs that have, or should have, a process on this machine."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from deployments import processes
from deployments.api import PrefectApi
from trading.errors import OpenbellError

CANCEL_GRACE_S = 45.0
REPORT_GRACE_S = 5.0
# Prefect's worker asks a cancelled run to end with SIGTERM; one that it overlooks gets ours.
OVERLOOKED_S = 20.0
_POLL_S = 0.2


def run_processes(data_dir: Path) -> list[processes.Marked]:
    """Return the processes on this machine that execute flow runs of this data folder."""
    return [p for p in processes.marked_processes(data_dir) if p.flow_run_id]


def cancel_runs(
    api: PrefectApi,
    data_dir: Path,
    say: Callable[[str], None],
    grace_s: float = CANCEL_GRACE_S,
) -> None:
    """Cancel every flow run that has a process here, and wait until they have ended.

    Those that have not after the grace are left to whoever ends what remains.
    """
    # Only runs with a process here: a server may serve the workers of other machines too.
    began = time.monotonic()
    asked: set[str] = set()
    unattended: set[str | None] = set()
    nudged: set[int] = set()
    while running := run_processes(data_dir):
        waited_s = time.monotonic() - began
        if waited_s > grace_s:
            say(f"{len(running)} flow run processes did not end in time; ending them")
            break
        for run_id in {p.flow_run_id for p in running if p.flow_run_id} - asked:
            asked.add(run_id)
            if _is_final(api, run_id):
                # Its process only has to end.
                continue
            say(f"Cancelling flow run {run_id}")
            if not api.cancel(run_id):
                unattended.add(run_id)
        here = {p.pid for p in processes.marked_processes(data_dir)}
        to_nudge = [
            p
            for p in running
            if p.pid == p.session_id
            and p.pid not in nudged
            # Nobody but us looks after a run whose worker was killed.
            and (waited_s > OVERLOOKED_S or p.flow_run_id in unattended or p.parent_pid not in here)
        ]
        nudged |= {p.pid for p in to_nudge}
        processes.ask(to_nudge)
        time.sleep(_POLL_S)
    try:
        _settle(api, asked)
    except OpenbellError as error:
        say(f"Flow runs may show as running until the next start. {error}")


def _is_final(api: PrefectApi, run_id: str) -> bool:
    # A server that is gone must not keep the processes from being ended.
    try:
        return api.read_run(run_id).is_final
    except OpenbellError:
        return False


def _settle(api: PrefectApi, asked: set[str]) -> None:
    """Let the worker report that the runs are cancelled, and report it where it does not."""
    deadline = time.monotonic() + REPORT_GRACE_S
    while asked := {run_id for run_id in asked if not api.read_run(run_id).is_final}:
        if time.monotonic() > deadline:
            for run_id in asked:
                api.force(run_id, "CANCELLED", "Cancelled when Openbell was stopped")
            return
        time.sleep(_POLL_S)


def release_dead_runs(
    api: PrefectApi, work_pool: str, data_dir: Path, say: Callable[[str], None]
) -> None:
    """Correct the runs that are said to be under way on a work pool and have no process here.

    One that had not begun is scheduled again, others are crashed or cancelled: left alone they
    show as running for ever and fill their queue's only place. Only for a server of our own,
    whose work pool has no worker on another machine, and while there is no worker here.
    """
    if not processes.can_see():
        return
    alive = {p.flow_run_id for p in run_processes(data_dir)}
    for run in api.unfinished_runs(work_pool):
        if run.id in alive:
            continue
        ended = {"PENDING": "SCHEDULED", "CANCELLING": "CANCELLED"}.get(run.state_type, "CRASHED")
        say(f"Flow run {run.name} is {run.state_name} without a process: now {ended.title()}")
        for below in api.unfinished_subflows(run.id):
            api.force(below.id, "CRASHED", "The process of its parent was gone")
        api.force(run.id, ended, "Its process was gone")
