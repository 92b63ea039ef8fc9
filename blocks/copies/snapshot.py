"""A consistent copy of a DuckDB file that is in use, taken while its lock keeps others out.

Nobody has the file open meanwhile, so it is read as it lies, with the logs that a killed process
left beside it. What has to hold in a ledger is proven of the copy, while the original is in use
again.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import duckdb

from blocks.ledger.ledger import SCHEMA, DuckDBLedger
from blocks.process.failpoints import reach
from blocks.stores.duckdb_file import locked
from trading.errors import StoreUnavailable

# What belongs to a closed file whose last user was killed: its log, and those of a checkpoint.
LOGS = (".wal", ".wal.checkpoint", ".wal.recovery")


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A copy, and for how long others had to wait for the original at most."""

    path: Path
    held_s: float


def take_snapshot(ledger: DuckDBLedger, target: Path) -> Snapshot:
    """Copy a ledger to a new file while others write to it.

    Raises StoreUnavailable when it cannot be read or the copy cannot be written.
    """
    ledger.release()
    with locked(ledger.path):
        began = time.monotonic()
        contents = read_closed(ledger.path)
        held_s = time.monotonic() - began
    # The copy of a ledger that an earlier version wrote gets the tables that came since.
    write_copy(contents, target, SCHEMA)
    return Snapshot(target, held_s)


def read_closed(source: Path) -> dict[str, bytes]:
    """Return what a file and the logs beside it hold, by the ends of their names.

    The caller holds its lock and has it closed. Written later: a slow disk must not make others
    wait. Raises StoreUnavailable.
    """
    contents = {}
    try:
        for end in ("", *LOGS):
            part = source.with_name(source.name + end)
            if not end or part.exists():
                contents[end] = part.read_bytes()
    except OSError as error:
        raise StoreUnavailable(
            f"store {source} cannot be copied: {error.strerror}",
            "Check the file's permissions",
        ) from error
    reach("file read")
    return contents


def write_copy(contents: Mapping[str, bytes], target: Path, schema: str = "") -> None:
    """Write a copy as one new file, with what the logs held. Raises StoreUnavailable."""
    try:
        for end, content in contents.items():
            target.with_name(target.name + end).write_bytes(content)
        with duckdb.connect(str(target)) as connection:
            connection.execute(f"{schema} CHECKPOINT")
    except OSError as error:
        raise StoreUnavailable(
            f"copy {target} cannot be written: {error.strerror}", "Check free disk space"
        ) from error
    except duckdb.Error as error:
        raise StoreUnavailable(
            f"copy {target} cannot be opened: {str(error).splitlines()[0][:200]}",
            "Check that the original is intact, and free disk space",
        ) from error
