"""Rows that go into a table by few statements."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import duckdb

# Of one statement, whose memory DuckDB keeps for each value: 16,000 rows of a day that is caught up
# took 1.4 GB, and 100 MB in pieces.
MOST_ROWS = 200
# So many take less time as columns.
MANY_ROWS = 10


def insert(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    rows: Iterable[tuple[object, ...]],
    conflict: str = "",
) -> None:
    """Add rows, which may be none; `conflict` says what of those whose key is there.

    Many are several statements: who wants all or none begins a transaction.
    """
    rows = list(rows)
    for start in range(0, len(rows), MOST_ROWS):
        part = rows[start : start + MOST_ROWS]
        marks = "(" + ", ".join("?" * len(part[0])) + ")"
        # A statement costs about a millisecond, however few rows it has.
        connection.execute(
            f"INSERT INTO {table} VALUES {', '.join([marks] * len(part))} {conflict}",
            [value for row in part for value in row],
        )


def insert_in_order(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    rows: Iterable[tuple[object, ...]],
    conflict: str,
    *,
    by: str,
    place: int,
) -> None:
    """Add rows that nearly always come after all that are there, by a column and its place.

    `conflict` is asked of a table only where a row may be there already: DuckDB then reads the
    whole table, whose length grows with the years, and takes three times as long at its shortest.
    """
    rows = list(rows)
    if not rows:
        return
    first = min(row[place] for row in rows)  # type: ignore[type-var]
    is_met = connection.execute(
        f"SELECT EXISTS (SELECT 1 FROM {table} WHERE {by} >= ?)", [first]
    ).fetchall()[0][0]
    insert_many(connection, table, rows, conflict if is_met else "")


def insert_many(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    rows: Sequence[tuple[object, ...]],
    conflict: str = "",
) -> None:
    """Add rows as `insert` does, many of them by their columns."""
    if len(rows) < MANY_ROWS:
        insert(connection, table, rows, conflict)
        return
    described = connection.execute(f"DESCRIBE {table}").fetchall()
    insert_columns(connection, table, {name: kind for name, kind, *_ in described}, rows, conflict)


def put(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    key: Mapping[str, object],
    values: Mapping[str, object],
) -> None:
    """Write values into the row of a key, which is added where there is none.

    It does what ON CONFLICT does, which reads the whole table for a row.
    """
    given = ", ".join(f"{name} = ?" for name in values)
    found = " AND ".join(f"{name} = ?" for name in key)
    contents = [*values.values(), *key.values()]
    changed = connection.execute(f"UPDATE {table} SET {given} WHERE {found}", contents).fetchall()
    if changed[0][0] == 0:
        names, marks = ", ".join([*values, *key]), ", ".join("?" * len(contents))
        connection.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", contents)


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
