"""The runs that were sent to take up open sessions: how long each is waited for."""

from __future__ import annotations

from datetime import timedelta

from deployments.processes.home import Say
from deployments.server.flow_run import FlowRun
from deployments.server.prefect_api import PrefectApi
from deployments.server.worker import SESSIONS, WORK_POOL

# While a session is open and nobody trades it: what was started has so long to begin.
TAKE_UP_AGAIN_S = 15.0
ON_ITS_WAY = timedelta(minutes=1)
IN_THE_QUEUE = timedelta(minutes=3)


class SentRuns:
    """Remembers by account which run was sent last, and when; times are monotonic.

    `say` is told once of each run what keeps it.
    """

    def __init__(self, say: Say) -> None:
        self._say = say
        self._sent: dict[str, tuple[float, str]] = {}

    def note(self, account: str, run: FlowRun, now: float) -> None:
        """Take note that a run is to take up the session of an account."""
        self._sent[account] = now, run.id

    def forget(self, account: str) -> None:
        """Take note that the session of an account waits for nobody."""
        self._sent.pop(account, None)

    def are_awaited(self, api: PrefectApi, account: str, now: float) -> bool:
        """Return whether the run that was sent last may still take up an account's session.

        Raises NotRegistered where what it waits in was removed.
        """
        at, run_id = self._sent.get(account, (None, ""))
        if at is None:
            return False
        waited_s = now - at
        if waited_s < TAKE_UP_AGAIN_S:
            return True
        run = api.run_if_there(run_id)
        if run is None or run.is_final:
            return False
        if waited_s < ON_ITS_WAY.total_seconds():
            return True
        if run.state_type != "SCHEDULED":
            return False
        kept_by = api.kept_by(run, WORK_POOL, SESSIONS)
        if kept_by:
            self._say(
                f"The session of account {account} is open and is not taken up: run {run.name}"
                f" waits, for {kept_by}"
            )
            # Others would only wait beside it, and all begin at once.
            return True
        # A busy worker begins nothing sooner for another one beside it.
        return waited_s < IN_THE_QUEUE.total_seconds()
