"""SIGTERM to a running installation in mid-session: flat, copied, and nobody left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from blocks.ledger import DuckDBLedger
from deployments.api import PrefectApi
from deployments.home import REPOSITORY
from tests.system.test_supervisor import processes_of

pytestmark = [pytest.mark.system, pytest.mark.timeout(590)]
# A calendar that is always open: the session is a real one whenever the test runs.
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


def wait_for(condition: Callable[[], Any], limit_seconds: float) -> Any:
    deadline = time.monotonic() + limit_seconds
    while not (value := condition()):
        assert time.monotonic() < deadline, f"not within {limit_seconds} s"
        time.sleep(0.5)
    return value


def held(data_dir: Path) -> int:
    if not (data_dir / "paper" / "ledger.duckdb").exists():
        return 0
    rows = DuckDBLedger(data_dir, "paper").query("SELECT count(*) AS n FROM positions")
    return int(rows[0]["n"])


def test_sigterm_in_a_real_time_session_leaves_it_flat_copied_and_without_a_process(
    tmp_path: Path,
) -> None:
    data_dir = tmp_path / "data"
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PREFECT")}
    with (tmp_path / "up.log").open("w") as log:
        up = subprocess.Popen(
            [sys.executable, "-m", "deployments", "up", "--data-dir", str(data_dir)],
            cwd=REPOSITORY,
            env=environment,
            stdout=log,
            stderr=log,
        )
    try:
        wait_for(lambda: "Openbell is up" in (tmp_path / "up.log").read_text(), 150)
        port = (data_dir / "prefect" / "port").read_text().strip()
        api = PrefectApi(f"http://127.0.0.1:{port}/api")
        run = api.start_run("trade-session/paper", {**ALWAYS_OPEN, "data_dir": str(data_dir)})
        wait_for(lambda: held(data_dir), 300)
        assert api.read_run(run.id).state_type == "RUNNING"
        began = time.monotonic()
        up.send_signal(signal.SIGTERM)
        assert up.wait(120) == 0, (tmp_path / "up.log").read_text()
        print(f"stopped within {time.monotonic() - began:.1f} s")
    finally:
        if up.poll() is None:
            up.kill()
            up.wait()
    assert held(data_dir) == 0
    ledger = DuckDBLedger(data_dir, "paper")
    trades = ledger.query("SELECT exit_reason FROM trades")
    assert {"exit_reason": "assumed_close"} in trades
    assert list((data_dir / "copies").rglob("*.duckdb.gz"))
    assert processes_of(data_dir) == {}
