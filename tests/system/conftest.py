"""One Prefect server and worker for all system tests."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from blocks.process.stop_request import StopRequest
from deployments.processes.home import Home
from deployments.server.prefect_api import PrefectApi
from deployments.server.server import Server
from deployments.supervisor import Supervisor
from tests.system.old_runs import plant
from tests.system.patience import patient

# What would begin by itself while the tests run: a session that happens to be due would trade
# beside them, and a look at the health of an account that is not there takes five seconds of a
# processor.
BY_THEMSELVES = ("trade-session/paper", "health/every-5-minutes")


@dataclass(frozen=True, slots=True)
class PrefectStack:
    """A running server and worker; `supervisor` registers and knows the child processes."""

    api_url: str
    data_dir: Path
    supervisor: Supervisor
    said: list[str]

    @property
    def server(self) -> Server:
        return self.supervisor.server

    @property
    def environment(self) -> dict[str, str]:
        """Return what makes a process ask this server."""
        string = self.server.auth_string
        assert string is not None
        return {"PREFECT_API_URL": self.api_url, "PREFECT_API_AUTH_STRING": string}

    def connect(self) -> PrefectApi:
        return self.server.connect()


MakeHome = Callable[[Path], Home]
# A server writes down each run of the next six weeks when it is told of a deployment, which takes
# longer than its start. That many are seen to be right in tests/system/test_schedule_kept_up.py.
FEW_UPCOMING_RUNS = {"PREFECT_SERVER_SERVICES_SCHEDULER_MIN_RUNS": "3"}


@pytest.fixture(scope="session")
def make_home(tmp_path_factory: pytest.TempPathFactory) -> MakeHome:
    """Return what makes a data folder whose server begins with a database that is there already.

    Prefect takes longer to make one than for all else of a start; it is made once a run, by
    Prefect's own command. That a server also begins with nothing is seen where this is not used.
    """
    base = tmp_path_factory.getbasetemp()
    # Processes of one run have folders beside each other.
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base

    def make(data_dir: Path) -> Home:
        with (shared / "made-once.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            made = _home_with_database(shared / "made-once")
        home = Home.at(data_dir)
        shutil.copy(made.prefect / "prefect.db", home.prefect / "prefect.db")
        return home

    return make


def _home_with_database(data_dir: Path) -> Home:
    home = Home.at(data_dir)
    if not (home.prefect / "is-made").exists():
        subprocess.run(
            [sys.executable, "-m", "prefect", "server", "database", "upgrade", "--yes"],
            env=home.environment(None), stdout=subprocess.DEVNULL, timeout=300, check=True,
        )  # fmt: skip
        (home.prefect / "is-made").touch()
    return home


# Not of the whole run: a server at rest takes a fifteenth of a core until it is ended.
@pytest.fixture(scope="package")
def prefect_stack(
    tmp_path_factory: pytest.TempPathFactory, make_home: MakeHome
) -> Iterator[PrefectStack]:
    """Start a server and a worker on a free port, and end them, by id, after the folder's tests."""
    said: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("PREFECT_API_URL", raising=False)
        for name, value in FEW_UPCOMING_RUNS.items():
            patch.setenv(name, value)
        home = make_home(tmp_path_factory.mktemp("stack") / "data")
        plant(home.prefect / "prefect.db")
        supervisor = Supervisor(home, said.append, StopRequest())
        with supervisor.running():
            yield PrefectStack(supervisor.api_url, home.data_dir, supervisor, said)


@pytest.fixture(scope="package")
def registered(prefect_stack: PrefectStack) -> PrefectStack:
    """Register the deployments at the tests' server; no session begins by itself there."""
    prefect_stack.supervisor.register()
    pause(prefect_stack.server, *BY_THEMSELVES)
    return prefect_stack


def pause(server: Server, *deployments: str) -> None:
    """Let deployments run only when they are asked to."""
    api = patient(server)
    for name in deployments:
        found = api.get(f"/deployments/name/{name}").raise_for_status().json()
        api.post(f"/deployments/{found['id']}/pause_deployment").raise_for_status()
