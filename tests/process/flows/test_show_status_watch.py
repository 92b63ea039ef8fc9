"""`show-status --watch` in a terminal: a screen of its own, which Ctrl-C ends at once with 0."""

from __future__ import annotations

import fcntl
import os
import pty
import signal
import struct
import subprocess
import sys
import termios
from contextlib import closing, suppress
from pathlib import Path
from threading import Thread

import pytest

from blocks.ledger.ledger import DuckDBLedger
from blocks.stores.file_lock import locked
from tests.repository import REPOSITORY
from tests.system.patience import wait_for

ENTERED, LEFT = "\x1b[?1049h", "\x1b[?1049l"
# A process of a shell's background ignores the signal, and so would its child.
WATCH = """
import runpy, signal
signal.signal(signal.SIGINT, signal.default_int_handler)
runpy.run_module("flows", run_name="__main__", alter_sys=True)
"""


class Terminal:
    """A terminal of so many columns and rows, and what a command has written to it."""

    def __init__(self, columns: int, rows: int) -> None:
        self._ours, self.theirs = pty.openpty()
        self.resize(columns, rows)
        self.written = ""
        Thread(target=self._read, daemon=True).start()

    def resize(self, columns: int, rows: int) -> None:
        size = struct.pack("HHHH", rows, columns, 0, 0)
        fcntl.ioctl(self.theirs, termios.TIOCSWINSZ, size)

    def close(self) -> None:
        os.close(self.theirs)

    def _read(self) -> None:
        with suppress(OSError):
            while found := os.read(self._ours, 65_536):
                self.written += found.decode(errors="replace")


@pytest.mark.timeout(240)
def test_a_watch_has_a_screen_of_its_own_and_outlives_a_ledger_that_is_locked(
    tmp_path: Path,
) -> None:
    with DuckDBLedger(tmp_path, "paper").changing():
        pass
    terminal = Terminal(60, 40)
    command = [sys.executable, "-c", WATCH, "show-status", "--data-dir", str(tmp_path)]
    variables = {"TERM": "xterm", "NO_COLOR": "1", "COLUMNS": "", "LINES": ""}
    environment = {name: text for name, text in (os.environ | variables).items() if text}
    watching = subprocess.Popen(
        [*command, "--watch", "1"], cwd=REPOSITORY, env=environment,
        stdin=terminal.theirs, stdout=terminal.theirs, stderr=subprocess.PIPE,
    )  # fmt: skip
    with closing(terminal):
        wait_for(lambda: "Decisions" in terminal.written, 100)
        assert ENTERED in terminal.written
        ledger = tmp_path / "paper" / "ledger.duckdb"
        with locked(ledger):
            # Only what was written is looked at again.
            os.utime(ledger)
            wait_for(lambda: "CANNOT BE READ" in terminal.written, 60)
            watching.send_signal(signal.SIGINT)
            _, complaint = watching.communicate(timeout=60)
    assert (watching.returncode, complaint) == (0, b"")
    assert terminal.written.rstrip().endswith("\x1b[?25h") or LEFT in terminal.written
    # Without colours nothing but the cursor is told by signs.
    assert "\x1b[31m" not in terminal.written
