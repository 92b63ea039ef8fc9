"""Rows that go into a table by one statement."""

from __future__ import annotations

from collections.abc import Iterable

import duckdb


def insert(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    rows: Iterable[tuple[object, ...]],
    conflict: str = "",
) -> None:
    """Add rows, which may be none; `conflict` says what of those whose key is there."""
    rows = list(rows)
    if not rows:
        return
    marks = "(" + ", ".join("?" * len(rows[0])) + ")"
    # A statement costs about a millisecond, however few rows it has.
    connection.execute(
        f"INSERT INTO {table} VALUES {', '.join([marks] * len(rows))} {conflict}",
        [value for row in rows for value in row],
    )
