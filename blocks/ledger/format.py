"""The number of a ledger's format: an older one is brought up to date, a newer one left alone."""

from __future__ import annotations

from pathlib import Path

import duckdb

from trading.errors import BadInput

# To be raised when an earlier version would misread what is written, or lose it.
FORMAT = 5
FORMAT_NAME = "format"


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
    """Say inside a transaction that the ledger is of this version's format."""
    if _number_of(connection) < FORMAT:
        connection.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", [FORMAT_NAME, str(FORMAT)])


def _number_of(connection: duckdb.DuckDBPyConnection) -> int:
    """Return the format's number; ledgers of version 0.1.0 have none and are of the first."""
    try:
        row = connection.execute("SELECT value FROM meta WHERE name = ?", [FORMAT_NAME]).fetchone()
    except duckdb.CatalogException:
        return 1
    return 1 if row is None else int(row[0])
