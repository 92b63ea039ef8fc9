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

from blocks.ledger.ledger import DuckDBLedger
from blocks.ledger.schema import SCHEMA
from blocks.process.failpoints import reach
from blocks.stores.file_lock import locked
from blocks.stores.kept_engine import KeptEngine
from blocks.stores.reading import read_closed
from trading.errors import StoreUnavailable


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A copy, and for how long others had to wait for the original at most."""

    path: Path
    held_s: float


def take_snapshot(ledger: DuckDBLedger, target: Path) -> Snapshot:
    """Copy a ledger to a new file while others write to it.

    Raises StoreUnavailable when it cannot be read or the copy cannot be written, BadInput for one
    of a newer version.
    """
    ledger.release()
    with ledger.reading():
        # One of a newer version is left to that.
        pass
    with locked(ledger.path):
        began = time.monotonic()
        contents = read_closed(ledger.path)
        reach("file read")
        held_s = time.monotonic() - began
    # The copy of a ledger that an earlier version wrote gets the tables that came since.
    write_copy(contents, target, SCHEMA)
    return Snapshot(target, held_s)


def write_copy(contents: Mapping[str, bytes], target: Path, schema: str = "") -> None:
    """Write a copy as one new file, with what the logs held. Raises StoreUnavailable."""
    try:
        for end, content in contents.items():
            target.with_name(target.name + end).write_bytes(content)
        engine = KeptEngine()
        connection = engine.attach(target, time.monotonic())
        try:
            connection.execute(f"{schema} CHECKPOINT")
        except BaseException:
            engine.end()
            raise
        engine.detach()
    except OSError as error:
        raise StoreUnavailable(
            f"copy {target} cannot be written: {error.strerror}", "Check free disk space"
        ) from error
    except duckdb.Error as error:
        raise StoreUnavailable(
            f"copy {target} cannot be opened: {str(error).splitlines()[0][:200]}",
            "Check that the original is intact, and free disk space",
        ) from error
