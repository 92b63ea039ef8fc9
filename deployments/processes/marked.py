"""Finding and ending the processes that a supervisor of one data folder has started."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from deployments.processes.home import MARK

FLOW_RUN = "PREFECT__FLOW_RUN_ID"


@dataclass(frozen=True, slots=True)
class Marked:
    """A living process that carries our mark, and the flow run it executes if any.

    `started` is the kernel's start tick: a number that is reused for another process has another.
    A flow run's first process leads a session, the processes that it starts itself do not.
    """

    pid: int
    parent_pid: int
    session_id: int
    started: str
    command: str
    flow_run_id: str | None


def can_see(proc: Path = Path("/proc")) -> bool:
    """Return whether this system shows us the processes of others."""
    return (proc / "self" / "environ").exists()


def marked_processes(data_dir: Path, proc: Path = Path("/proc")) -> list[Marked]:
    """Return the living processes a supervisor of this folder started, this one left out.

    Reads Linux's /proc; elsewhere the list is empty and only direct children are looked after.
    """
    wanted = f"{MARK}={data_dir}".encode()
    found = []
    for folder in proc.glob("[0-9]*"):
        if int(folder.name) == os.getpid():
            continue
        try:
            variables = (folder / "environ").read_bytes().split(b"\0")
            if wanted not in variables:
                continue
            status = (folder / "stat").read_text().rpartition(")")[2].split()
            command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode().strip()
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            continue
        if status[0] == "Z":
            continue
        flow_run = next((v for v in variables if v.startswith(FLOW_RUN.encode() + b"=")), None)
        found.append(
            Marked(
                int(folder.name),
                int(status[1]),
                int(status[3]),
                status[19],
                command,
                flow_run.decode().partition("=")[2] if flow_run else None,
            )
        )
    return found


def is_alive(process: Marked, proc: Path = Path("/proc")) -> bool:
    """Return whether this very process, not another with its number, still lives."""
    try:
        status = (proc / str(process.pid) / "stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return status[0] != "Z" and status[19] == process.started


def end(processes: Iterable[Marked], grace_s: float) -> list[Marked]:
    """Ask processes to end, kill those that have not after the grace, return the killed."""
    waiting = [process for process in processes if _send(process, signal.SIGTERM)]
    deadline = time.monotonic() + grace_s
    while (waiting := [process for process in waiting if is_alive(process)]) and (
        time.monotonic() < deadline
    ):
        time.sleep(0.1)
    return [process for process in waiting if _send(process, signal.SIGKILL)]


def ask(processes: Iterable[Marked]) -> None:
    """Ask processes to end, without waiting."""
    for process in processes:
        _send(process, signal.SIGTERM)


def kill(processes: Iterable[Marked]) -> None:
    """Kill processes at once."""
    for process in processes:
        _send(process, signal.SIGKILL)


def _send(process: Marked, number: signal.Signals) -> bool:
    if not is_alive(process):
        return False
    try:
        os.kill(process.pid, number)
    except ProcessLookupError:
        return False
    return True
