"""Runs that wait for their time are called by what they are, as they are once they run."""

from __future__ import annotations

from datetime import datetime

import httpx

from deployments.processes.home import Home
from deployments.runs.run_account import account_of
from deployments.server.prefect_api import PrefectApi
from deployments.server.prefect_connection import ServerRefused
from deployments.server.worker import WORK_POOL
from flows.process.run_names import SESSION_FLOW, session_day, session_name, timed_name

LOOK_EVERY_S = 60.0
# So many at a look: a server that begins has others to listen to.
MOST_AT_ONCE = 4
# By flow, the word for what runs again and again.
FLOWS = {
    SESSION_FLOW: "",
    "fetch-history": "fetch-history",
    "health": "health",
    "sync": "sync",
    "prune": "prune",
    "restore-drill": "restore drill",
    "parity": "parity",
}


class UpcomingNames:
    """Renames scheduled runs: Prefect calls them by two words of its own until they begin.

    A few at a look: whoever looks has a halt to hear that may be clicked meanwhile.
    """

    def __init__(self, home: Home, broker: str = "") -> None:
        self._home = home
        self._broker = broker
        self._next_look = 0.0
        # By id, what is still to be called by another name.
        self._left: dict[str, str] = {}

    def look(self, api: PrefectApi, now: float) -> None:
        """Rename what has another name, when it is time to look; `now` is monotonic."""
        if not self._left and now >= self._next_look:
            self._left = self._wanted(api)
            self._next_look = now + LOOK_EVERY_S
        for run_id, name in list(self._left.items())[:MOST_AT_ONCE]:
            # One that cannot be renamed does not stand in the way of the others.
            del self._left[run_id]
            try:
                api.rename(run_id, name)
            except ServerRefused as error:
                # Removed meanwhile, as a registration with other times does with what was to come.
                if error.status != httpx.codes.NOT_FOUND:
                    raise

    def _wanted(self, api: PrefectApi) -> dict[str, str]:
        wanted: dict[str, str] = {}
        for flow, word in FLOWS.items():
            account: str | None = None
            for run in api.scheduled_runs(WORK_POOL, flow):
                due = datetime.fromisoformat(run.due)
                if flow == SESSION_FLOW:
                    # They are alike, and to tell may open a ledger.
                    account = account or account_of(run, self._home.data_dir, self._broker)
                    name = session_name(session_day(due), account) if account else run.name
                else:
                    name = timed_name(word, due)
                if name != run.name:
                    wanted[run.id] = name
        return wanted
