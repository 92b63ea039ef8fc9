"""Sync: put a verified snapshot of the ledger where copies are kept."""

from __future__ import annotations

import gzip
import hashlib
import tempfile
from pathlib import Path

import duckdb

from tasks.session_runtime import SessionRuntime
from trading.errors import StoreUnavailable


def sync(runtime: SessionRuntime) -> str:
    """Store a compressed snapshot and its SHA-256; return the copy's name.

    Raises StoreUnavailable when the snapshot does not hold what the ledger holds.
    """
    with tempfile.TemporaryDirectory(prefix="openbell-") as folder:
        snapshot = Path(folder) / "ledger.duckdb"
        runtime.ledger.snapshot(snapshot)
        runtime.ledger.release()
        expected = runtime.ledger.query("SELECT count(*) AS journal_rows FROM journal")
        with duckdb.connect(str(snapshot), read_only=True) as copy:
            row = copy.execute("SELECT count(*) FROM journal").fetchone()
        if row is None or row[0] < expected[0]["journal_rows"]:
            raise StoreUnavailable(
                f"snapshot of {runtime.ledger.path} is incomplete", "Run the sync again"
            )
        content = gzip.compress(snapshot.read_bytes(), 6)
    name = f"{runtime.account}/{runtime.name}/ledger.duckdb.gz"
    runtime.storage.put(name, content)
    runtime.storage.put(f"{name}.sha256", hashlib.sha256(content).hexdigest().encode())
    return name
