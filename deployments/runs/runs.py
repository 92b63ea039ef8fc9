"""Flow runs that have, or should have, a process on this machine."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from deployments.processes import marked as processes
from deployments.server.prefect_api import PrefectApi
from trading.errors import OpenbellError

CANCEL_GRACE_S = 45.0
REPORT_GRACE_S = 5.0
# Prefect's worker asks a cancelled run to end with SIGTERM; one that it overlooks gets ours.
OVERLOOKED_S = 20.0
# A run that is said to have ended, and whose process goes on: nobody else asks that one to end.
ENDED_GRACE_S = 3.0
STOPPED = "Cancelled when Openbell was stopped"
_POLL_S = 0.2


def run_processes(data_dir: Path) -> list[processes.Marked]:
    """Return the processes on this machine that execute flow runs of this data folder."""
    return [p for p in processes.marked_processes(data_dir) if p.flow_run_id]


def cancel_runs(
    api: PrefectApi,
    data_dir: Path,
    say: Callable[[str], None],
    grace_s: float = CANCEL_GRACE_S,
    remember: Callable[[str], None] = lambda flow_run_id: None,
) -> None:
    """Cancel every flow run that has a process here, and wait until they have ended.

    Those that have not after the grace are left to whoever ends what remains. `remember` hears of
    each run that nobody but us has cancelled, before it is.
    """
    # Only runs with a process here: a server may serve the workers of other machines too.
    began = time.monotonic()
    asked: set[str] = set()
    final: set[str] = set()
    unattended: set[str | None] = set()
    nudged: set[int] = set()
    answers = True
    api.hurry()
    while running := run_processes(data_dir):
        waited_s = time.monotonic() - began
        if waited_s > grace_s:
            say(f"{len(running)} flow run processes did not end in time; ending them")
            break
        for run_id in {p.flow_run_id for p in running if p.flow_run_id} - asked:
            asked.add(run_id)
            is_taken = False
            try:
                # A server that does not answer for one run is not waited for by the others.
                run = api.read_run(run_id) if answers else None
            except OpenbellError:
                answers, run = False, None
            if run is not None and run.is_final:
                # Its process only has to end.
                final.add(run_id)
                continue
            if run is None or run.state_type != "CANCELLING":
                remember(run_id)
            try:
                is_taken = answers and api.cancel(run_id)
            except OpenbellError:
                answers = False
            say(f"Cancelling flow run {run_id}")
            if not is_taken:
                unattended.add(run_id)
        here = {p.pid for p in processes.marked_processes(data_dir)}
        to_nudge = [
            p
            for p in running
            if p.pid == p.session_id
            and p.pid not in nudged
            # Nobody but us looks after a run whose worker was killed.
            and (
                waited_s > (ENDED_GRACE_S if p.flow_run_id in final else OVERLOOKED_S)
                or p.flow_run_id in unattended
                or p.parent_pid not in here
            )
        ]
        nudged |= {p.pid for p in to_nudge}
        processes.ask(to_nudge)
        time.sleep(_POLL_S)
    try:
        _settle(api, asked - final)
    except OpenbellError as error:
        say(f"Flow runs may show as running until the next start. {error}")


def _settle(api: PrefectApi, asked: set[str]) -> None:
    """Let the worker report that the runs are cancelled, and report it where it does not."""
    deadline = time.monotonic() + REPORT_GRACE_S
    cancelled = set(asked)
    while asked := {run_id for run_id in asked if not api.read_run(run_id).is_final}:
        if time.monotonic() > deadline:
            for run_id in asked:
                api.force(run_id, "CANCELLED", STOPPED)
            break
        time.sleep(_POLL_S)
    for run_id in cancelled:
        # What ends by our signal and not the worker's is reported as a crash, which it was not:
        # a crashed session would be started again.
        if api.read_run(run_id).state_type == "CRASHED":
            api.force(run_id, "CANCELLED", STOPPED)
