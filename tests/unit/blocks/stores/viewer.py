"""A program that opens a DuckDB file and knows nothing of Openbell's locks."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

VIEWER = """
import sys, duckdb
connection = duckdb.connect(sys.argv[1], read_only=sys.argv[2] == "reads")
print("open", flush=True)
sys.stdin.read()
connection.close()
"""


@contextmanager
def opened_elsewhere(path: Path, how: str = "reads") -> Iterator[subprocess.Popen[str]]:
    """Yield another process that has a file open, until the context ends or it is closed."""
    viewer = subprocess.Popen(
        [sys.executable, "-c", VIEWER, str(path), how],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert viewer.stdout
    try:
        assert viewer.stdout.readline() == "open\n"
        yield viewer
    finally:
        viewer.kill()
        viewer.communicate()


def closed(viewer: subprocess.Popen[str]) -> None:
    """Let the viewer close the file and end."""
    viewer.communicate("")
