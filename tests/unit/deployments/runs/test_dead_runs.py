"""Runs that an earlier life of a data folder left behind, and of which it is in doubt whose."""

from __future__ import annotations

from pathlib import Path
from typing import cast

from deployments.processes.home import Home
from deployments.runs.dead_runs import LOOK_AGAIN_S, DeadRuns
from deployments.server.flow_run import FlowRun
from deployments.server.prefect_api import PrefectApi


class ServerWithAnother:
    """A server with one run, of a worker that may be this folder's under another host name."""

    def __init__(self, worker: str) -> None:
        self.run: FlowRun | None = FlowRun("7d0a", "mega-horse", "RUNNING", "Running", "", worker)
        self.worker = worker

    def unfinished_runs(self, work_pool: str) -> list[FlowRun]:
        return [self.run] if self.run else []

    def workers(self, work_pool: str) -> dict[str, bool]:
        return {self.worker: True}

    def run_if_there(self, flow_run_id: str) -> FlowRun | None:
        return self.run


def test_a_run_in_doubt_that_is_deleted_in_the_page_is_looked_at_no_more(tmp_path: Path) -> None:
    home = Home.at(tmp_path / "data")
    server = ServerWithAnother(f"elsewhere-{home.identity}")
    api = cast(PrefectApi, server)
    dead_runs = DeadRuns(home, lambda text: None)
    dead_runs.release(api, is_own_server=False, now=0.0)
    dead_runs.look_again(api, LOOK_AGAIN_S)
    assert dead_runs.are_due(2 * LOOK_AGAIN_S)
    server.run = None
    dead_runs.look_again(api, 2 * LOOK_AGAIN_S)
    assert not dead_runs.are_due(10 * LOOK_AGAIN_S)
