"""The number of a ledger's format: an older one is brought up to date, a newer one left alone."""

from __future__ import annotations

from pathlib import Path

import duckdb

from blocks.ledger.damage import reading_rows
from trading.errors import BadInput

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


def check_format(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    """Raise BadInput when a newer version of Openbell wrote the ledger."""
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
