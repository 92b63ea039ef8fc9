"""A run that was cancelled in the page when its worker was dead already is asked to end."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

import pytest

from deployments.processes.home import MARK, Home
from deployments.processes.marked import FLOW_RUN
from deployments.runs.dead_runs import OVERLOOKED, DeadRuns
from deployments.server.flow_run import FlowRun
from deployments.server.prefect_api import PrefectApi
from tests.process.deployments.runs.test_runs import PROCESS


class Cancelling:
    """A server with one run that was cancelled some time ago."""

    def __init__(self, ago: timedelta) -> None:
        since = (datetime.now(UTC) - ago).isoformat()
        self.run = FlowRun("7d0a", "mega-horse", "CANCELLING", "Cancelling", "", since=since)

    def unfinished_runs(self, work_pool: str) -> list[FlowRun]:
        return [self.run]


@pytest.mark.parametrize(("ago", "is_asked"), [(OVERLOOKED, True), (timedelta(), False)])
def test_a_cancelled_run_without_a_worker_is_asked_to_end(
    ago: timedelta, is_asked: bool, tmp_path: Path
) -> None:
    home = Home.at(tmp_path / "data")
    process = subprocess.Popen(
        [sys.executable, "-c", PROCESS],
        env={**os.environ, MARK: str(home.data_dir), FLOW_RUN: "7d0a"},
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        dead_runs = DeadRuns(home, lambda text: None)
        dead_runs.watch(cast(PrefectApi, Cancelling(ago)), 100.0, is_own_server=True)
        if is_asked:
            assert process.stdout.readline() == "asked\n"
        else:
            assert process.poll() is None
    finally:
        process.kill()
        process.wait()
