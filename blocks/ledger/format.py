"""What a ledger must be to be used: of no newer version, and with the tables that all have.

An older one is brought up to date, a newer one left alone.
"""

from __future__ import annotations

from pathlib import Path

import duckdb

from blocks.account_commands import account_command
from blocks.ledger.damage import reading_rows
from trading.errors import BadInput, StoreUnavailable

# To be raised when an earlier version would misread what is written, or lose it.
FORMAT = 6
FORMAT_NAME = "format"
# What the decisions of an earlier format have not, until somebody trades with them.
ADDED_COLUMNS = {
    "level": "DECIMAL(18,6)",
    "score": "DOUBLE",
    "relative_opening_volume": "DOUBLE",
    "target_kind": "VARCHAR DEFAULT 'usd'",
}
# Each version made these before the first row: one that is missing was removed, with its rows.
OF_ALL_VERSIONS = (
    "journal", "meta", "commands", "orders", "trades", "positions", "equity", "decisions",
)  # fmt: skip

# Made with the format's number, and no part of the books: a session trades on when one is removed.
OF_MESSAGES = ("outbox", "outbox_sendings", "outbox_channels")


def check_format(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    """Raise BadInput when a newer version wrote the ledger, StoreUnavailable without its tables."""
    _refuse_removed_tables(connection, path)
    number = _number_of(connection)
    if number > FORMAT:
        raise BadInput(
            f"{path} was written by a newer version of Openbell (format {number}, this one knows"
            f" {FORMAT})",
            "Update Openbell; nothing was changed in it",
        )


def write_format(connection: duckdb.DuckDBPyConnection) -> None:
    """Bring a ledger to this version's format inside a transaction, and say so in it."""
    if _number_of(connection) < FORMAT:
        for name, kind in ADDED_COLUMNS.items():
            connection.execute(f"ALTER TABLE decisions ADD COLUMN IF NOT EXISTS {name} {kind}")
        connection.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", [FORMAT_NAME, str(FORMAT)])


def lost_message_table(connection: duckdb.DuckDBPyConnection) -> str:
    """Return a table of messages that was removed from a ledger with its rows, else an empty text.

    It has to be asked before the table is made anew.
    """
    found = connection.execute(
        "SELECT table_name FROM duckdb_tables()"
        " WHERE NOT temporary AND database_name = current_database()"
    ).fetchall()
    there = {str(name) for (name,) in found}
    if "meta" not in there or _number_of(connection) < FORMAT:
        return ""
    return next((name for name in OF_MESSAGES if name not in there), "")


def _refuse_removed_tables(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    """To make an empty one in its place would be to begin anew beside what is held."""
    there = {str(name) for (name,) in connection.execute("SHOW TABLES").fetchall()}
    missing = [name for name in OF_ALL_VERSIONS if name not in there]
    # A lease alone may be of an account that never traded.
    if not missing or not any(_has_rows(connection, name) for name in there - {"lease"}):
        # Complete, or one whose making was cut short.
        return
    folder = path.parent
    restore = account_command("restore --force", folder.parent, folder.name)
    # A copy that is looked at has no folder.
    hint = f"Bring back a copy with: {restore}"
    raise StoreUnavailable(
        f"{path} has lost its table {missing[0]}", hint if folder.name else "Use another copy"
    )


def _has_rows(connection: duckdb.DuckDBPyConnection, table: str) -> bool:
    return bool(connection.execute(f'SELECT 1 FROM "{table}" LIMIT 1').fetchall())


def _number_of(connection: duckdb.DuckDBPyConnection) -> int:
    """Return the format's number; ledgers of version 0.1.0 have none and are of the first."""
    try:
        row = connection.execute("SELECT value FROM meta WHERE name = ?", [FORMAT_NAME]).fetchone()
    except duckdb.CatalogException:
        return 1
    if row is None:
        return 1
    with reading_rows("the number of the ledger's format"):
        return int(row[0])
