"""One Prefect server and worker for all system tests."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from blocks.process.stop_request import StopRequest
from deployments.processes.home import Home
from deployments.supervisor import Supervisor


@dataclass(frozen=True, slots=True)
class PrefectStack:
    """A running server and worker; `supervisor` registers and knows the child processes."""

    api_url: str
    data_dir: Path
    supervisor: Supervisor
    said: list[str]


@pytest.fixture(scope="session")
def prefect_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrefectStack]:
    """Start a server and a worker on a free port, and end them, by id, after the last test."""
    said: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("PREFECT_API_URL", raising=False)
        home = Home.at(tmp_path_factory.mktemp("stack") / "data")
        supervisor = Supervisor(home, said.append, StopRequest())
        with supervisor.running():
            yield PrefectStack(supervisor.api_url, home.data_dir, supervisor, said)


@pytest.fixture(scope="session")
def registered(prefect_stack: PrefectStack) -> PrefectStack:
    """Register the deployments at the tests' server; no session begins by itself there."""
    prefect_stack.supervisor.register()
    api = httpx.Client(base_url=prefect_stack.api_url, timeout=20)
    # A session that happens to be due while the tests run would hold the queue.
    paper = api.get("/deployments/name/trade-session/paper").raise_for_status().json()
    api.post(f"/deployments/{paper['id']}/pause_deployment").raise_for_status()
    return prefect_stack
