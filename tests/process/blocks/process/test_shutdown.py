"""However a process ends in order, what was registered is done."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.repository import REPOSITORY

PROGRAM = """
import signal, sys
from blocks.process.shutdown import register_shutdown_handler
register_shutdown_handler(lambda: print("first registered", flush=True))
register_shutdown_handler(lambda: 1 / 0)
register_shutdown_handler(lambda: print("last registered", flush=True))
{end}
"""
# Of an interpreter that SIGINT ends it depends on what is imported at its end.
ANY = None
ENDS = {
    "at its end": ("", 0),
    "by an exception": ("raise ValueError", 1),
    "by sys.exit": ("sys.exit(3)", 3),
    "by SIGTERM": ("signal.raise_signal(signal.SIGTERM)", 128 + signal.SIGTERM),
    "by SIGINT": ("signal.raise_signal(signal.SIGINT)", ANY),
}


@pytest.mark.parametrize("how", ENDS)
def test_it_is_done_when_a_process_ends(how: str, tmp_path: Path) -> None:
    end, code = ENDS[how]
    program = tmp_path / "program.py"
    program.write_text(PROGRAM.format(end=end))
    done = subprocess.run(
        [sys.executable, str(program)],
        cwd=REPOSITORY,
        env=os.environ | {"PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert code in (ANY, done.returncode), done.stderr
    assert done.stdout.splitlines() == ["last registered", "first registered"]
    assert "division by zero" in done.stderr
