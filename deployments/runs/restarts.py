"""Sessions that died are started again: an open position must not wait for tomorrow's run."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from deployments.processes.home import Home, Say
from deployments.runs.runs import run_processes
from deployments.server.prefect_api import FlowRun, PrefectApi

SESSION_FLOW = "trade-session"
LEASE_HELD = "LeaseHeld"
LOOK_EVERY_S = 5.0
# Longer ago it was another day's session; the flow itself knows whether its session is over.
NOT_OLDER_THAN = timedelta(hours=26)
FIRST_WAIT = timedelta(seconds=2)
# A process that lives so long after its run was said to have ended is at work, not ending.
LIVES_AFTER = timedelta(seconds=20)
LONGEST_WAIT = timedelta(minutes=5)


class Restarts:
    """Schedules crashed sessions of this data folder again, each time after a longer wait.

    Only a crash is mended: a run that failed said why, one that was cancelled was meant to end,
    and a replay belongs to whoever watches it. What the session had done is in the ledger, so the
    same run goes on where it was.

    Prefect tells a killed process's end twice, seconds apart, and the second report may come when
    the run has been started again: it is taken back, for the run is alive. Nor is a run started
    that still has a process, or had one at the look before.
    """

    def __init__(self, home: Home, say: Say) -> None:
        self._home = home
        self._say = say
        self._next_look = 0.0
        # How often each run was started again. Prefect counts only those that came to run.
        self._starts: dict[str, int] = {}
        self._alive: set[str | None] = set()
        self._refused: set[str] = set()

    def are_due(self, now: float) -> bool:
        """Return whether it is time to look for crashed sessions; `now` is monotonic."""
        return now >= self._next_look

    def look(self, api: PrefectApi, now: float, *, is_own_server: bool) -> None:
        """Schedule the crashed sessions again whose wait is over."""
        self._next_look = now + LOOK_EVERY_S
        moment = datetime.now(UTC)
        runs = [
            run
            for run in api.crashed_runs(SESSION_FLOW, moment - NOT_OLDER_THAN)
            # Also of an earlier container of this folder: its run has crashed, so it is gone.
            if is_own_server or (run.worker or "").endswith(f"-{self._home.identity}")
        ]
        # Started again before the lease of its dead process had run out, it left at once.
        runs += [run for run in map(api.read_run, self._starts) if run.state_name == LEASE_HELD]
        alive_before = self._alive
        self._alive = {process.flow_run_id for process in run_processes(self._home.data_dir)}
        for run in runs:
            since = datetime.fromisoformat(run.since)
            if run.id in self._alive:
                if run.id in self._starts and since + LIVES_AFTER <= moment:
                    api.force(run.id, "RUNNING", "Its process is alive")
                continue
            is_due = since + wait_after(self._starts.get(run.id, 0)) <= moment
            if is_due and run.id not in alive_before and not run.parameters.get("replay"):
                self._start_again(api, run)

    def _start_again(self, api: PrefectApi, run: FlowRun) -> None:
        if run.id in self._refused or not self._is_in_its_place(api, run):
            return
        self._say(f"Session {run.name} is {run.state_name} and is started again")
        self._starts[run.id] = self._starts.get(run.id, 0) + 1
        api.crash_subflows(run.id)
        api.force(run.id, "SCHEDULED", "Its process died; started again by the supervisor")

    def _is_in_its_place(self, api: PrefectApi, run: FlowRun) -> bool:
        """Return whether a run trades in this folder, or in what its deployment is given."""
        folder = run.parameters.get("data_dir")
        if folder in (None, "", str(self._home.data_dir)):
            return True
        if run.deployment is not None and api.deployment_folder(run.deployment) == folder:
            return True
        self._refused.add(run.id)
        self._say(
            f"Session {run.name} is {run.state_name} and is not started again: it trades in"
            f" {folder}, which is not {self._home.data_dir}. Start trade-session anew in the UI"
        )
        return False


def wait_after(starts: int) -> timedelta:
    """Return how long a run rests that has been started again so often."""
    doubled: timedelta = FIRST_WAIT * 2 ** min(starts, 20)
    return min(doubled, LONGEST_WAIT)
