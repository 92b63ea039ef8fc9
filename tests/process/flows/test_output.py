"""What a flow run prints: nothing that befalls its worker reaches the session by its pipes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from flows.process.output import OUTPUT_FILE
from tests.repository import REPOSITORY

# Of 200 letters each: more than any pipe holds.
LINES = 1_000
RUN = f"""
import sys, threading
from pathlib import Path
import duckdb
from rich.console import Console
from flows.process.output import leave_the_workers_pipes
print("to the worker", flush=True)
sys.stdin.readline()
leave_the_workers_pipes(Path(sys.argv[1]))
console = Console(stderr=True)
for number in range({LINES}):
    console.print(f"line {{number}} " + "x" * 200, soft_wrap=True)
# As threads of Prefect's hold it to the end, of which DuckDB's library would complain.
held = duckdb.connect()
threading.Thread(target=lambda it: threading.Event().wait(), args=(held,), daemon=True).start()
print("traded on")
Path(sys.argv[1], "end").write_text("reached")
"""


def start(folder: Path, **variables: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", RUN, str(folder)],
        cwd=REPOSITORY,
        env={**os.environ, **variables},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@pytest.mark.parametrize("worker", ["is killed", "stands still"])
def test_a_session_prints_on_when_its_worker(worker: str, tmp_path: Path) -> None:
    process = start(tmp_path, PREFECT__FLOW_RUN_ID="7d0a", OPENBELL_SUPERVISED=str(tmp_path))
    assert process.stdin is not None and process.stdout is not None
    assert process.stdout.readline() == "to the worker\n"
    if worker == "is killed":
        process.stdout.close()
    process.stdin.close()
    assert process.wait(300) == 0
    assert (tmp_path / "end").read_text() == "reached"
    written = (tmp_path / "logs" / OUTPUT_FILE).read_text()
    assert f"line {LINES - 1} " in written
    assert written.endswith("traded on\n")


def test_what_no_worker_started_prints_where_it_always_did(tmp_path: Path) -> None:
    process = start(tmp_path)
    said, _ = process.communicate("\n", timeout=300)
    assert "traded on\n" in said
    assert not (tmp_path / "logs").exists()


def test_a_place_for_words_that_cannot_be_had_ends_nothing(tmp_path: Path) -> None:
    (tmp_path / "logs").write_text("no folder")
    process = start(tmp_path, PREFECT__FLOW_RUN_ID="7d0a", OPENBELL_SUPERVISED=str(tmp_path))
    process.communicate("\n", timeout=300)
    assert process.returncode == 0
    assert (tmp_path / "end").read_text() == "reached"
