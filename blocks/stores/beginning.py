"""Whether a store was ever begun: one whose making was cut short counts as none."""

from __future__ import annotations

import stat
from pathlib import Path

# What belongs to a closed file whose last user was killed: its log, and those of a checkpoint.
LOGS = (".wal", ".wal.checkpoint", ".wal.recovery")
# DuckDB makes a file by writing three headers, each this long, and only then lets tables in.
_HEADER_BYTES = 4096
_MADE_BYTES = 3 * _HEADER_BYTES
_MAGIC = slice(8, 12)
# Of the second header after its checksum: how often it was written, and where the tables are.
_STATE = slice(_HEADER_BYTES + 8, _HEADER_BYTES + 24)
_NO_TABLES = bytes(8) + b"\xff" * 8


def is_begun(path: Path) -> bool:
    """Return whether something lies there that may ever have held a table, though damaged now.

    Who does not hold the lock of the file may meet it in the making.
    """
    try:
        found = path.stat()
    except FileNotFoundError:
        return False
    if not stat.S_ISREG(found.st_mode):
        # A folder in its place is nothing to begin with; who opens it says so.
        return True
    if found.st_size >= _MADE_BYTES or any(
        path.with_name(path.name + end).exists() for end in LOGS
    ):
        return True
    content = path.read_bytes()
    is_cut_short = content[_MAGIC] == b"DUCK" and _NO_TABLES.startswith(content[_STATE])
    return bool(content) and not is_cut_short


def parts_of(path: Path) -> list[Path]:
    """Return where a store's file and the logs beside it are, or would be."""
    return [path.with_name(path.name + end) for end in ("", *LOGS)]


def remove_unbegun(path: Path) -> None:
    """Remove what is left of a store whose making was cut short; the caller holds its lock."""
    if not is_begun(path):
        path.unlink(missing_ok=True)
