"""What operators leave in a ledger for the session that holds its lease."""

from __future__ import annotations

from datetime import datetime

import duckdb

from blocks.ledger.notes.remembered import remember, remembered


def add_command(
    connection: duckdb.DuckDBPyConnection, command: str, reason: str, now: datetime, origin: str
) -> bool:
    """Leave an operator's word; return whether it is new.

    A named origin leaves one word, however often it says it.
    """
    if origin:
        name = f"word of {origin}"
        if remembered(connection, name) is not None:
            return False
        remember(connection, name, command)
    connection.execute(
        "INSERT INTO commands SELECT coalesce(max(number), 0) + 1, ?, ?, ? FROM commands",
        [now, command, reason],
    )
    return True


def commands_since(
    connection: duckdb.DuckDBPyConnection, number: int
) -> list[tuple[int, str, str]]:
    """Return commands after a number as (number, command, reason)."""
    rows = connection.execute(
        "SELECT number, command, reason FROM commands WHERE number > ? ORDER BY number", [number]
    ).fetchall()
    return [(int(row[0]), str(row[1]), str(row[2])) for row in rows]
