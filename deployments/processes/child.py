"""A child process with a log file, in a session of its own."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from deployments.processes.home import REPOSITORY

LOG_LIMIT_BYTES = 20_000_000


def _default_signals() -> None:
    # A shell starts `command &` with SIGINT ignored, children inherit that, and a Prefect worker
    # that ignores SIGINT never stops on SIGTERM either.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


class Child:
    """A running child process; the terminal's Ctrl-C does not reach it."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path) -> None:
        self.process = process
        self.log = log

    @classmethod
    def start(cls, command: Sequence[str], environment: Mapping[str, str], log: Path) -> Child:
        """Start a command in the repository with its output appended to a log file."""
        rotate(log)
        with log.open("ab") as output:
            process = subprocess.Popen(
                command,
                cwd=REPOSITORY,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                # Safe: a supervisor starts children from its only thread.
                preexec_fn=_default_signals,
            )
        return cls(process, log)

    @property
    def pid(self) -> int:
        """Return the process id."""
        return self.process.pid

    @property
    def exit_code(self) -> int | None:
        """Return the exit code, or None while the process lives."""
        return self.process.poll()

    def tail(self, lines: int = 15) -> str:
        """Return the last lines of the log."""
        with self.log.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - 20_000))
            text = file.read().decode(errors="replace")
        return "\n".join([line for line in text.splitlines() if line.strip()][-lines:])

    def lines(self) -> list[str]:
        """Return all lines of the log that say something."""
        said = self.log.read_text(errors="replace").splitlines()
        return [line for line in said if line.strip()]

    def stop(self, grace_s: float) -> None:
        """Ask the process to end, and kill its whole group if it has not after the grace."""
        if self.exit_code is None:
            self.process.terminate()
            try:
                self.process.wait(grace_s)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait()


def rotate(log: Path, limit_bytes: int = LOG_LIMIT_BYTES) -> None:
    """Move the content of a log that has grown large to `<log>.1`, under a writer's feet.

    The writer appends, so after the truncation it goes on at the new end.
    """
    if log.exists() and log.stat().st_size > limit_bytes:
        shutil.copyfile(log, log.with_name(log.name + ".1"))
        os.truncate(log, 0)
