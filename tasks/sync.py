"""Sync: put a verified copy of the account where copies are kept."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from blocks.account.absence import refuse_absent
from blocks.copies.record import note_failure, note_success
from blocks.copies.store import CopyReport, store_copy
from blocks.ledger.ledger import DuckDBLedger
from tasks.session.runtime import SessionRuntime
from trading.errors import OpenbellError
from trading.session.ports import Storage


def sync(runtime: SessionRuntime) -> str:
    """Store a copy; return its name and what it took.

    Raises StoreUnavailable when the copy does not hold what the ledger holds, or is not stored.
    """
    if runtime.exchange.is_simulated:
        # Its store is copied too; it opens again when it is next asked.
        runtime.exchange.close()
    return str(_keep_copy(runtime.ledger, runtime.storage))


def sync_account(data_dir: Path, account: str, storage: Storage) -> str:
    """Store a copy of an account that another process may be trading; raises as `sync`."""
    refuse_absent(data_dir, account)
    return f"{storage}: {_keep_copy(DuckDBLedger(data_dir, account), storage)}"


def _keep_copy(ledger: DuckDBLedger, storage: Storage) -> CopyReport:
    """Store a copy and note how it went, so that copies that fail for weeks are seen."""
    now, account, data_dir = datetime.now(UTC), ledger.account, ledger.data_dir
    try:
        report = store_copy(ledger, storage, now)
    except OpenbellError as error:
        note_failure(data_dir, account, now, error)
        raise
    note_success(data_dir, account, now, report.size_bytes, report.copied_bytes)
    return report
