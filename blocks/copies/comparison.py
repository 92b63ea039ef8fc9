"""How the ledger that is here stands to a copy of it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import duckdb

from blocks.ledger import lease
from blocks.ledger.format import check_format
from blocks.stores.beginning import is_begun
from blocks.stores.connection import connect, is_conflict, unavailable
from blocks.stores.file_lock import LOCK_DEADLINE_SECONDS
from trading.errors import StoreUnavailable


class Standing(StrEnum):
    """What the local ledger is, seen from a copy."""

    ABSENT = "absent"
    OLDER = "older"
    SAME = "the same"
    NEWER = "newer"
    DIVERGED = "another history"
    UNREADABLE = "unreadable"


SAFE_TO_REPLACE = frozenset({Standing.ABSENT, Standing.OLDER})


@dataclass(frozen=True, slots=True)
class LocalLedger:
    """What was found here; the epoch is the lease's."""

    standing: Standing
    journal_seq: int = 0
    epoch: int = 0


def compare(local: Path, copy: Path) -> LocalLedger:
    """Compare the ledger that is here with a copy; the caller holds its file and the lease.

    Raises LeaseLost when a process that lives trades the account nevertheless, BadInput when a
    newer version wrote it, StoreUnavailable when another program has it open.
    """
    if not is_begun(local):
        return LocalLedger(Standing.ABSENT)
    try:
        # Opened for writing, so that what a killed process left in the log is part of it.
        with connect(local, time.monotonic() + LOCK_DEADLINE_SECONDS) as connection:
            check_format(connection, local)
            epoch = _epoch_of_free_lease(connection, local.parent)
            quoted = str(copy).replace("'", "''")
            connection.execute(f"ATTACH '{quoted}' AS other (READ_ONLY)")
            return _compare(connection, epoch)
    except duckdb.Error as error:
        if is_conflict(error):
            raise unavailable(local, error) from error
        return LocalLedger(Standing.UNREADABLE)
    except StoreUnavailable:
        # What the way out of is a copy.
        return LocalLedger(Standing.UNREADABLE)


def _epoch_of_free_lease(connection: duckdb.DuckDBPyConnection, folder: Path) -> int:
    """Take an epoch for a moment: the one way to know that nobody else can go on with his."""
    connection.execute(lease.LEASE_SCHEMA)
    connection.execute("BEGIN")
    try:
        return lease.take_epoch(connection, folder)
    finally:
        connection.execute("ROLLBACK")


def _compare(connection: duckdb.DuckDBPyConnection, epoch: int) -> LocalLedger:
    journal = _shared_and_ends(connection, "journal", "seq", "kind, payload, session, ts")
    commands = _shared_and_ends(connection, "commands", "number", "command, reason, ts")
    seq = journal[1]
    if not journal[0] or not commands[0]:
        return LocalLedger(Standing.DIVERGED, seq, epoch)
    # A word that the operator left, and that no session took up yet, is news as well.
    if seq > journal[2] or commands[1] > commands[2]:
        return LocalLedger(Standing.NEWER, seq, epoch)
    if seq < journal[2] or commands[1] < commands[2]:
        return LocalLedger(Standing.OLDER, seq, epoch)
    return LocalLedger(Standing.SAME, seq, epoch)


def _shared_and_ends(
    connection: duckdb.DuckDBPyConnection, table: str, number: str, columns: str
) -> tuple[bool, int, int]:
    """Return whether the rows that both have are equal, and the last number here and there."""
    here, there = (
        int(connection.execute(f"SELECT coalesce(max({number}), 0) FROM {source}").fetchall()[0][0])
        for source in (table, f"other.{table}")
    )
    both = min(here, there)
    differing = connection.execute(
        f"SELECT count(*) FROM (SELECT {number}, {columns} FROM {table} WHERE {number} <= {both}"
        f" EXCEPT SELECT {number}, {columns} FROM other.{table})"
    ).fetchall()[0][0]
    return differing == 0, here, there
