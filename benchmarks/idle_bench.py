"""What `python -m deployments up` keeps of a machine while nothing is traded: memory and processor."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import psutil

from deployments.processes.marked import marked_processes

REPOSITORY = Path(__file__).resolve().parents[1]
START_LIMIT_SECONDS = 600.0
# What only a start needs is given back by then, and names and schedules are made.
SETTLE_SECONDS = 300.0
WATCH_SECONDS = 120.0
# What it may take, MB: more is told of in the table.
MOST_MB = 400
PARTS = {
    "deployments.server.prefect_server": "Prefect's server",
    ".prefect_worker worker start": "worker",
    "-m api": "API",
}


def measure_idle() -> list[dict[str, Any]]:
    """Return a row for each process of a new data folder's `up`, and one for all together.

    Memory is PSS: what several processes share counts once. Health was asked once before.
    """
    with tempfile.TemporaryDirectory(prefix="openbell-bench-") as folder, socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        probe.close()
        environment = {k: v for k, v in os.environ.items() if not k.startswith("PREFECT_")}
        environment |= {"HEALTH_CHECK_PORT": str(port), "PRIMARY_PROVIDER": "simulated"}
        log = Path(folder, "up.log")
        with log.open("w") as output:
            up = subprocess.Popen(
                [sys.executable, "-m", "deployments", "up", "--data-dir", f"{folder}/data"],
                cwd=REPOSITORY,
                env=environment,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        try:
            _wait_until_up(up, log)
            _ask(f"http://127.0.0.1:{port}/health/ready")
            time.sleep(SETTLE_SECONDS)
            return _rows(up.pid, Path(folder, "data").resolve())
        finally:
            up.send_signal(signal.SIGTERM)
            up.wait()


def _wait_until_up(up: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_LIMIT_SECONDS
    while "Openbell is up" not in log.read_text():
        if up.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"up did not start: {log.read_text()[-500:]}")
        time.sleep(0.5)


def _ask(url: str) -> None:
    try:
        urllib.request.urlopen(url, timeout=60).close()
    except urllib.error.HTTPError:
        # Not ready is an answer.
        return


def _rows(supervisor: int, data_dir: Path) -> list[dict[str, Any]]:
    parts = {supervisor: "supervisor"}
    for process in marked_processes(data_dir):
        name = next((name for words, name in PARTS.items() if words in process.command), None)
        if name is not None:
            parts[process.pid] = name
    before = {pid: _processor_s(pid) for pid in parts}
    time.sleep(WATCH_SECONDS)
    rows: list[dict[str, Any]] = [
        {
            "process": name,
            "PSS, MB": round(psutil.Process(pid).memory_full_info().pss / 1024**2),
            "% of a core": round(100 * (_processor_s(pid) - before[pid]) / WATCH_SECONDS, 2),
        }
        for pid, name in parts.items()
    ]
    together = sum(int(row["PSS, MB"]) for row in rows)
    share = round(sum(float(row["% of a core"]) for row in rows), 2)
    verdict = "" if together <= MOST_MB else f" (more than {MOST_MB}: look what grew)"
    return [*rows, {"process": f"all{verdict}", "PSS, MB": together, "% of a core": share}]


def _processor_s(pid: int) -> float:
    times = psutil.Process(pid).cpu_times()
    return float(times.user + times.system)
