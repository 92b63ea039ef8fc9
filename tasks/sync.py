"""Sync: put a verified copy of the account where copies are kept."""

from __future__ import annotations

from datetime import UTC, datetime

from blocks.ledger_copies import store_copy
from tasks.session_runtime import SessionRuntime


def sync(runtime: SessionRuntime) -> str:
    """Store a copy; return its name and what it took.

    Raises StoreUnavailable when the copy does not hold what the ledger holds, or is not stored.
    """
    if runtime.exchange.is_simulated:
        # Its store is copied too; it opens again when it is next asked.
        runtime.exchange.close()
    return str(store_copy(runtime.ledger, runtime.storage, datetime.now(UTC)))
