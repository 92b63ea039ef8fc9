"""A running installation in mid-session: what Prefect has forgotten goes on, asked it ends flat
and copied.

What goes on after it was killed is seen in tests/system/faults.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TextIO

import pytest

from blocks.ledger.ledger import DuckDBLedger
from deployments.processes.home import REPOSITORY
from deployments.processes.marked import marked_processes
from tests.system.conftest import MakeHome
from tests.system.patience import connect, wait_for
from tests.system.test_supervisor import processes_of

pytestmark = [pytest.mark.system, pytest.mark.timeout(590)]
# A calendar that is always open: the session is a real one whenever the test runs, but for the
# end of the day in UTC, when it is flattened and the next one begins.
NEEDED = timedelta(minutes=25)
ALWAYS_OPEN = {
    "market": "simulated",
    "exchange": "24/7",
    "interval_minutes": 1,
    "symbols": ["AAA", "BBB", "CCC", "DDD"],
    "strategy": {
        "strategy": "orb",
        "range_minutes": 1,
        "min_body": -1.0,
        "entry_cutoff_minutes": 0,
        "max_entries": 50,
        "stop": "atr",
        "stop_atr": 50.0,
        "target": "none",
    },
}


def start(data_dir: Path, log: TextIO) -> subprocess.Popen[bytes]:
    """Start everything, as `make up` does."""
    return subprocess.Popen(
        [sys.executable, "-m", "deployments", "up", "--data-dir", str(data_dir)],
        cwd=REPOSITORY,
        env={k: v for k, v in os.environ.items() if not k.startswith("PREFECT")},
        stdout=log,
        stderr=log,
    )


def held(data_dir: Path) -> int:
    if not (data_dir / "simulated" / "ledger.duckdb").exists():
        return 0
    rows = DuckDBLedger(data_dir, "simulated").query("SELECT count(*) AS n FROM positions")
    return int(rows[0]["n"])


def journal_rows(data_dir: Path) -> int:
    return int(
        DuckDBLedger(data_dir, "simulated").query("SELECT count(*) AS n FROM journal")[0]["n"]
    )


def processes_of_run(data_dir: Path, run_id: str) -> list[int]:
    """Return the processes of one flow run; health checks of the same folder have their own."""
    return [
        process.pid
        for process in marked_processes(data_dir)
        if process.flow_run_id == run_id and "prefect.engine" in process.command
    ]


def test_a_session_is_taken_up_without_its_run_and_left_flat_copied_and_without_a_process(
    make_home: MakeHome, tmp_path: Path
) -> None:
    now = datetime.now(UTC)
    if (now + NEEDED).date() != now.date():
        pytest.skip(f"the session of {now.date()} ends before this test would")
    data_dir = make_home(tmp_path / "data").data_dir
    with (tmp_path / "up.log").open("w") as log:
        up = start(data_dir, log)
    try:
        wait_for(lambda: "Openbell is up" in (tmp_path / "up.log").read_text(), 150)
        api = connect(data_dir)
        # What an operator has changed in the page counts for every run, also one that is new.
        paper = api._call("GET", "deployments/name/trade-session/paper")
        given = {**paper["parameters"], **ALWAYS_OPEN}
        api._call("PATCH", f"deployments/{paper['id']}", {"parameters": given})
        first = api.start_run("trade-session/paper", {})
        wait_for(lambda: held(data_dir), 500)
        assert api.read_run(first.id).state_type == "RUNNING"
        # A session that nothing but its files knows of: killed, and its run deleted.
        killed = processes_of_run(data_dir, first.id)
        assert killed
        for pid in killed:
            os.kill(pid, signal.SIGKILL)
        api._call("DELETE", f"flow_runs/{first.id}")
        wait_for(lambda: "takes it up" in (tmp_path / "up.log").read_text(), 150)
        written = journal_rows(data_dir)
        wait_for(lambda: journal_rows(data_dir) > written, 300)
        assert held(data_dir) > 0
        (run,) = api.begun_runs("trade-session", now)
        assert (data_dir / "logs" / "flow-runs.log").stat().st_size > 0
        # A copy beside the session: whole, proven, and it keeps nobody from trading.
        copied = api.start_run("sync/hourly", {"account": "simulated", "data_dir": str(data_dir)})
        done = wait_for(lambda: (now := api.read_run(copied.id)).is_final and now, 120)
        assert done.state_type == "COMPLETED", done.message
        assert "simulated/" in done.message
        (manifest,) = (data_dir / "copies").rglob("*.json")
        assert json.loads(manifest.read_text())["rows"]["journal"] > 0
        assert api.read_run(run.id).state_type == "RUNNING"
        up.send_signal(signal.SIGTERM)
        assert up.wait(120) == 0, (tmp_path / "up.log").read_text()
    finally:
        if up.poll() is None:
            up.kill()
            up.wait()
    assert held(data_dir) == 0
    ledger = DuckDBLedger(data_dir, "simulated")
    trades = ledger.query("SELECT exit_reason FROM trades")
    assert {"exit_reason": "operator"} in trades
    assert list((data_dir / "copies").rglob("*.duckdb.gz"))
    assert processes_of(data_dir) == {}
    assert [is_closed for _, is_closed in ledger.sessions()] == [False]
    ledger.release()
    # What it stopped itself goes on with it, on the same day.
    written = journal_rows(data_dir)
    with (tmp_path / "up.log").open("a") as log:
        up = start(data_dir, log)
    try:
        wait_for(lambda: journal_rows(data_dir) > written, 300)
        assert api.read_run(run.id).state_type == "RUNNING"
    finally:
        up.terminate()
        up.wait(120)
