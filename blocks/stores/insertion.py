"""Rows that go into a table by one statement."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

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


def insert_columns(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    columns: Mapping[str, str],
    rows: Iterable[tuple[object, ...]],
    ending: str = "",
) -> duckdb.DuckDBPyConnection | None:
    """Add many rows; return the statement's answer, None where there are none.

    Each column is one value of the statement, and a thousand rows take 4 ms of a processor, where
    a value for each of theirs takes 50; of less than ten it is the other way round.

    `columns` are the names and SQL types of a row's values, `ending` follows the statement, as
    ON CONFLICT does.
    """
    values = [list(column) for column in zip(*rows, strict=True)]
    if not values:
        return None
    lists = ", ".join(f"unnest(?::{kind}[])" for kind in columns.values())
    return connection.execute(
        f"INSERT INTO {table} ({', '.join(columns)}) SELECT {lists} {ending}", values
    )
