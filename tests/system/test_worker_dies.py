"""A worker that dies under a session which holds and prints: a death, and nobody's wish."""

from __future__ import annotations

import os
import signal
from datetime import UTC, datetime
from pathlib import Path

import pytest

from blocks.ledger.ledger import DuckDBLedger
from deployments.processes.marked import marked_processes
from tests.system.conftest import MakeHome
from tests.system.patience import connect
from tests.system.test_shutdown import (
    ALWAYS_OPEN,
    NEEDED,
    held,
    journal_rows,
    processes_of_run,
    start,
    wait_for,
)

pytestmark = [pytest.mark.system, pytest.mark.timeout(590)]


def worker_of(data_dir: Path) -> int:
    return next(p.pid for p in marked_processes(data_dir) if " worker start " in p.command)


def closed_sessions(data_dir: Path) -> list[str]:
    ledger = DuckDBLedger(data_dir, "simulated")
    return [name for name, is_closed in ledger.sessions() if is_closed]


def test_a_session_outlives_its_worker_and_is_taken_up_when_the_worker_took_it_along(
    make_home: MakeHome, tmp_path: Path
) -> None:
    now = datetime.now(UTC)
    if (now + NEEDED).date() != now.date():
        pytest.skip(f"the session of {now.date()} ends before this test would")
    data_dir = make_home(tmp_path / "data").data_dir
    log = tmp_path / "up.log"
    with log.open("w") as output:
        up = start(data_dir, output)
    try:
        wait_for(lambda: "Openbell is up" in log.read_text(), 150)
        api = connect(data_dir)
        # What an operator has changed in the page counts for every run, also one that is new.
        paper = api._call("GET", "deployments/name/trade-session/paper")
        given = {**paper["parameters"], **ALWAYS_OPEN}
        api._call("PATCH", f"deployments/{paper['id']}", {"parameters": given})
        run = api.start_run("trade-session/paper", {})
        wait_for(lambda: held(data_dir), 300)
        trading = processes_of_run(data_dir, run.id)
        os.kill(worker_of(data_dir), signal.SIGKILL)
        wait_for(lambda: "Started again: worker" in log.read_text(), 90)
        # The next bars print and are traded, by the same process.
        written = journal_rows(data_dir)
        wait_for(lambda: journal_rows(data_dir) > written, 150)
        assert set(processes_of_run(data_dir, run.id)) & set(trading)
        assert held(data_dir) > 0
        assert api.read_run(run.id).state_type == "RUNNING"
        assert (data_dir / "logs" / "flow-runs.log").stat().st_size > 0
        # A session that nothing but its files knows of: killed, and its run deleted.
        for pid in trading:
            os.kill(pid, signal.SIGKILL)
        api._call("DELETE", f"flow_runs/{run.id}")
        wait_for(lambda: "takes it up" in log.read_text(), 90)
        written = journal_rows(data_dir)
        wait_for(lambda: journal_rows(data_dir) > written, 150)
        assert held(data_dir) > 0
        assert closed_sessions(data_dir) == []
    finally:
        if up.poll() is None:
            up.terminate()
            up.wait(120)
