"""Crashed sessions: started again once, and not while they live."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest

from deployments.processes.home import MARK, Home
from deployments.processes.marked import FLOW_RUN
from deployments.runs.restarts import LIVES_AFTER, Restarts
from deployments.server.prefect_api import FlowRun, PrefectApi

RUN_ID = "7d0a"


class Runs:
    """What a server knows of one session's run, and what it is told."""

    def __init__(self, **state: Any) -> None:
        self.run = FlowRun(RUN_ID, "mega-horse", "CRASHED", "Crashed", "", **state)
        self.told: list[str] = []
        self.folder_of_the_deployment: str | None = None

    def crashed_runs(self, flow: str, since: datetime) -> list[FlowRun]:
        return [self.run] if self.run.state_type == "CRASHED" else []

    def read_run(self, flow_run_id: str) -> FlowRun:
        return self.run

    def deployment_folder(self, deployment: str) -> str | None:
        return self.folder_of_the_deployment

    def crash_subflows(self, flow_run_id: str) -> None:
        pass

    def force(self, flow_run_id: str, state_type: str, message: str) -> None:
        self.told.append(state_type)
        self.say(state_type, ago=timedelta())

    def say(self, state_type: str, ago: timedelta) -> None:
        since = (datetime.now(UTC) - ago).isoformat()
        self.run = replace(
            self.run, state_type=state_type, state_name=state_type.title(), since=since
        )


@contextmanager
def process_of_the_run(folder: Path) -> Iterator[None]:
    process = subprocess.Popen(
        [sys.executable, "-c", "print('ready', flush=True); input()"],
        env={**os.environ, MARK: str(folder), FLOW_RUN: RUN_ID},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield
    finally:
        process.kill()
        process.communicate()


@pytest.fixture
def restarts(tmp_path: Path) -> Restarts:
    return Restarts(Home.at(tmp_path / "data"), lambda text: None)


def look(restarts: Restarts, runs: Runs) -> list[str]:
    runs.told.clear()
    restarts.look(cast(PrefectApi, runs), 0.0, is_own_server=True)
    return runs.told


def test_a_session_is_started_again_at_the_second_look_without_a_process(
    restarts: Restarts, tmp_path: Path
) -> None:
    runs = Runs()
    runs.say("CRASHED", ago=timedelta(minutes=1))
    with process_of_the_run(tmp_path / "data"):
        assert look(restarts, runs) == []
    # Whoever waited for that process reports its end about now.
    assert look(restarts, runs) == []
    assert look(restarts, runs) == ["SCHEDULED"]


def test_a_crash_that_is_told_late_of_a_session_started_again_is_taken_back(
    restarts: Restarts, tmp_path: Path
) -> None:
    runs = Runs()
    runs.say("CRASHED", ago=timedelta(minutes=1))
    assert look(restarts, runs) == ["SCHEDULED"]
    with process_of_the_run(tmp_path / "data"):
        runs.say("CRASHED", ago=timedelta(seconds=1))
        # It may be about to end.
        assert look(restarts, runs) == []
        runs.say("CRASHED", ago=LIVES_AFTER)
        assert look(restarts, runs) == ["RUNNING"]


def test_a_session_that_nobody_started_again_is_not_said_to_run(
    restarts: Restarts, tmp_path: Path
) -> None:
    runs = Runs()
    runs.say("CRASHED", ago=timedelta(minutes=5))
    with process_of_the_run(tmp_path / "data"):
        assert look(restarts, runs) == []


def test_a_session_that_trades_where_the_folder_was_is_refused_in_one_line(tmp_path: Path) -> None:
    said: list[str] = []
    home = Home.at(tmp_path / "data")
    restarts = Restarts(home, said.append)
    runs = Runs(parameters={"data_dir": "/old/data"}, deployment="d-1")
    runs.folder_of_the_deployment = str(home.data_dir)
    runs.say("CRASHED", ago=timedelta(minutes=1))
    assert look(restarts, runs) == look(restarts, runs) == []
    [line] = said
    assert "mega-horse" in line
    assert f"trades in /old/data, which is not {home.data_dir}" in line


def test_a_session_of_a_deployment_that_is_to_trade_elsewhere_is_started_again(
    restarts: Restarts,
) -> None:
    runs = Runs(parameters={"data_dir": "/srv/accounts"}, deployment="d-1")
    runs.folder_of_the_deployment = "/srv/accounts"
    runs.say("CRASHED", ago=timedelta(minutes=1))
    assert look(restarts, runs) == ["SCHEDULED"]


def test_a_session_of_this_folder_is_started_again(restarts: Restarts, tmp_path: Path) -> None:
    runs = Runs(parameters={"data_dir": str(tmp_path / "data")}, deployment="d-1")
    runs.say("CRASHED", ago=timedelta(minutes=1))
    assert look(restarts, runs) == ["SCHEDULED"]
