"""Finding and ending the processes that a supervisor of one data folder has started."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import psutil

from deployments.processes.home import MARK

FLOW_RUN = "PREFECT__FLOW_RUN_ID"


@dataclass(frozen=True, slots=True)
class Marked:
    """A living process that carries our mark, and the flow run it executes if any.

    `process` knows the process by number and start: another with its number is not taken for it.
    A flow run's first process leads a session, the processes that it starts itself do not.
    """

    process: psutil.Process
    parent_pid: int
    session_id: int
    command: str
    flow_run_id: str | None

    @property
    def pid(self) -> int:
        """Return the process id."""
        return self.process.pid


def marked_processes(data_dir: Path) -> list[Marked]:
    """Return the living processes a supervisor of this folder started, this one left out."""
    found = []
    for pid in psutil.pids():
        if pid == os.getpid():
            continue
        try:
            # Not process_iter: that would take a new process for an old one with its number.
            process = psutil.Process(pid)
            variables = process.environ()
            if variables.get(MARK) != str(data_dir):
                continue
            command = " ".join(process.cmdline())
            marked = Marked(
                process, process.ppid(), os.getsid(pid), command, variables.get(FLOW_RUN)
            )
        except (psutil.NoSuchProcess, psutil.AccessDenied, ProcessLookupError, FileNotFoundError):
            continue
        if is_alive(marked):
            found.append(marked)
    return found


def is_alive(marked: Marked) -> bool:
    """Return whether this very process, not another with its number, still lives."""
    try:
        return marked.process.is_running() and marked.process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def end(marked: Iterable[Marked], grace_s: float) -> list[Marked]:
    """Ask processes to end, kill those that have not after the grace, return the killed."""
    waiting = [process for process in marked if _send(process, signal.SIGTERM)]
    deadline = time.monotonic() + grace_s
    # Not psutil's wait: it would take the exit codes of our own children.
    while (waiting := [process for process in waiting if is_alive(process)]) and (
        time.monotonic() < deadline
    ):
        time.sleep(0.1)
    return [process for process in waiting if _send(process, signal.SIGKILL)]


def ask(marked: Iterable[Marked]) -> None:
    """Ask processes to end, without waiting."""
    for process in marked:
        _send(process, signal.SIGTERM)


def kill(marked: Iterable[Marked]) -> None:
    """Kill processes at once."""
    for process in marked:
        _send(process, signal.SIGKILL)


def _send(marked: Marked, number: signal.Signals) -> bool:
    if not is_alive(marked):
        return False
    try:
        marked.process.send_signal(number)
    except psutil.NoSuchProcess:
        return False
    return True
