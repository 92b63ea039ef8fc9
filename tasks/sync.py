"""Sync: put a verified copy of the account where copies are kept."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from blocks.copies.store import store_copy
from blocks.ledger.ledger import DuckDBLedger
from tasks.session.runtime import SessionRuntime
from trading.errors import BadInput
from trading.session.ports import Storage


def sync(runtime: SessionRuntime) -> str:
    """Store a copy; return its name and what it took.

    Raises StoreUnavailable when the copy does not hold what the ledger holds, or is not stored.
    """
    if runtime.exchange.is_simulated:
        # Its store is copied too; it opens again when it is next asked.
        runtime.exchange.close()
    return str(store_copy(runtime.ledger, runtime.storage, datetime.now(UTC)))


def sync_account(data_dir: Path, account: str, storage: Storage) -> str:
    """Store a copy of an account that another process may be trading; raises as `sync`."""
    if not (data_dir / account / "ledger.duckdb").exists():
        raise BadInput(f"account {account!r} is not in {data_dir}", "Name another account")
    report = store_copy(DuckDBLedger(data_dir, account), storage, datetime.now(UTC))
    return f"{storage}: {report}"
