"""SIGTERM wherever it strikes a session: nothing stays open, and it is no crash."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from blocks.ledger import DuckDBLedger
from deployments.home import REPOSITORY, Home
from tests.system.conftest import PrefectStack

pytestmark = [pytest.mark.system, pytest.mark.timeout(590)]
# Between bars, in a wait for a provider, in the middle of a bar, and wherever one of these comes
# again while everything is left.
EDGES = ("in tend", "in fetch", "before commit", "after apply", "after project")


def test_a_session_that_is_struck_anywhere_leaves_everything_and_is_cancelled(
    prefect_stack: PrefectStack, tmp_path: Path
) -> None:
    home = Home.at(tmp_path / "home" / "data")
    environment = home.environment(prefect_stack.api_url)
    # Beside one another: each has a quarter of a minute to wait until it holds something.
    struck = {
        edge: subprocess.Popen(
            [sys.executable, "-m", "tests.system.struck_session", str(tmp_path / edge), edge],
            cwd=REPOSITORY,
            env={**os.environ, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for edge in EDGES
    }
    try:
        said = {edge: process.communicate(timeout=300)[0] for edge, process in struck.items()}
    finally:
        for process in struck.values():
            if process.poll() is None:
                process.kill()
                process.wait()
    strikes = 0
    for edge, text in said.items():
        last = text.splitlines()[-1]
        assert "CANCELLED: Stopped when asked to; 1 session(s) closed" in last, f"{edge}: {text}"
        ledger = DuckDBLedger(tmp_path / edge, "replay")
        assert ledger.query("SELECT * FROM positions") == [], edge
        reasons = {row["exit_reason"] for row in ledger.query("SELECT exit_reason FROM trades")}
        assert reasons == {"assumed_close"}, edge
        strikes += int(last.partition(" ")[0])
    # Also in the midst of leaving, where a second signal would end what the first began.
    assert strikes > len(EDGES)
