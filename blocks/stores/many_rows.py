"""Many rows written at once: a statement with a value for each of them takes DuckDB seconds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import duckdb


def insert_rows(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    columns: Mapping[str, str],
    rows: Iterable[tuple[object, ...]],
    ending: str = "",
) -> duckdb.DuckDBPyConnection | None:
    """Write rows inside a transaction; return the statement's answer, None where there are none.

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
