"""SIGTERM wherever it strikes a session: nothing stays open, and it is no crash."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from blocks.ledger.ledger import DuckDBLedger
from deployments.processes.home import REPOSITORY, Home
from tests.system.conftest import PrefectStack
from tests.system.patience import patient, wait_for
from tests.system.struck_session import SESSION

pytestmark = [pytest.mark.system, pytest.mark.timeout(1500)]
AT_ONCE = 4
# In a wait for a provider, in the middle of a bar, which comes again while everything is left, and
# in what Prefect does around a bar.
EDGES = ("in fetch", "after apply", "after the steps")
# Between bars, and what differs from these in the line that is reached.
OTHER_EDGES = ("in tend", "before commit", "after project", "before the steps")


@pytest.mark.parametrize(
    "edges",
    [
        pytest.param(EDGES, id="of each kind"),
        pytest.param(OTHER_EDGES, id="others", marks=pytest.mark.soak),
    ],
)
def test_a_session_that_is_struck_anywhere_leaves_everything_and_is_cancelled(
    edges: tuple[str, ...], prefect_stack: PrefectStack, tmp_path: Path
) -> None:
    home = Home.at(tmp_path / "home" / "data")
    environment = home.environment(None) | prefect_stack.environment
    # Beside one another: each has a quarter of a minute to wait until it holds something.
    with ThreadPoolExecutor(AT_ONCE) as pool:
        ended = pool.map(lambda edge: struck(edge, tmp_path / edge, environment), edges)
        said = dict(zip(edges, ended, strict=True))
    strikes = 0
    for edge, text in said.items():
        # A library may have more to say when its process ends.
        counts = [line for line in text.splitlines() if line.endswith(" strikes")]
        assert counts, f"{edge}: {text}"
        assert state_of(prefect_stack, tmp_path / edge) == (
            "CANCELLED",
            "Stopped when asked to; a retry goes on while the session lasts",
        ), edge
        ledger = DuckDBLedger(tmp_path / edge, "replay")
        assert ledger.query("SELECT * FROM positions") == [], edge
        reasons = {row["exit_reason"] for row in ledger.query("SELECT exit_reason FROM trades")}
        assert reasons == {"operator"}, edge
        strikes += int(counts[-1].partition(" ")[0])
    # Also in the midst of leaving, where a second signal would end what the first began.
    assert strikes > len(edges)


def struck(edge: str, data_dir: Path, environment: dict[str, str]) -> str:
    """Run a session that is struck at an edge, and return what it said."""
    return subprocess.run(
        [sys.executable, "-m", "tests.system.struck_session", str(data_dir), edge],
        cwd=REPOSITORY,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=560,
        check=False,
    ).stdout


def state_of(stack: PrefectStack, data_dir: Path) -> tuple[str, str]:
    """Return how the server says that the session of a folder has ended."""
    query = {"flows": {"name": {"any_": ["trade-session"]}}, "limit": 200}
    answer = patient(stack.server).post("/flow_runs/filter", json=query)
    (run,) = [
        run
        for run in answer.raise_for_status().json()
        if run["parameters"].get("data_dir") == str(data_dir)
    ]
    return run["state_type"], run["state"]["message"]


def test_a_session_that_is_cancelled_in_the_page_ends_flat_and_cancelled(
    registered: PrefectStack, tmp_path: Path
) -> None:
    api = registered.connect()
    run = api.start_run("trade-session/paper", {**SESSION, "data_dir": str(tmp_path)})
    ledger = DuckDBLedger(tmp_path, "replay")

    def holds() -> bool:
        assert not api.read_run(run.id).is_final
        is_there = (tmp_path / "replay" / "ledger.duckdb").exists()
        return is_there and bool(ledger.query("SELECT * FROM positions"))

    wait_for(holds, 380)
    assert api.cancel(run.id)
    ended = wait_for(lambda: (now := api.read_run(run.id)).is_final and now, 180)
    # Were it Crashed, the supervisor would start it again: its user wants it to stay away.
    assert ended.state_type == "CANCELLED"
    assert ledger.query("SELECT * FROM positions") == []
    assert ledger.query("SELECT DISTINCT exit_reason FROM trades") == [{"exit_reason": "operator"}]
