"""Stopping flow runs while the server is of no help."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from deployments.processes.home import MARK
from deployments.processes.marked import FLOW_RUN
from deployments.runs.runs import cancel_runs
from tests.unit.deployments.server.test_prefect_api import LOCKED, server_answering

RUNS = 4
# Ends politely, and says that it may be asked to.
PROCESS = """
import os, signal, sys, time
def stop(*_):
    # Not print: the signal may come while the line before is still being flushed.
    os.write(1, b"asked\\n")
    sys.exit(0)
signal.signal(signal.SIGTERM, stop)
print("ready", flush=True)
while True:
    time.sleep(0.1)
"""


def test_every_run_is_asked_to_end_at_once_when_the_server_is_busy_for_the_first(
    tmp_path: Path,
) -> None:
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", PROCESS],
            env={**os.environ, MARK: str(tmp_path), FLOW_RUN: f"run-{number}"},
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        for number in range(RUNS)
    ]
    try:
        for process in processes:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        said: list[str] = []
        remembered: list[str] = []
        with server_answering([LOCKED] * 50) as (api, asked):
            cancel_runs(api, tmp_path, said.append, remember=remembered.append)
        for process in processes:
            assert process.stdout is not None
            assert process.stdout.readline() == "asked\n"
            assert process.wait(60) == 0
    finally:
        for process in processes:
            process.kill()
            process.wait()
    # One question and one more about the first run, and the same for what became of it.
    assert len(asked) == 4
    assert not any("did not end in time" in text for text in said)
    assert "show as running" in said[-1]
    # What goes on when everything starts again.
    assert sorted(remembered) == [f"run-{number}" for number in range(RUNS)]
