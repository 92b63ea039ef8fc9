"""The outbox of a ledger that an earlier version wrote, which knew one channel: Discord."""

from __future__ import annotations

import duckdb

from blocks.messages.channel import DISCORD


def is_earlier(connection: duckdb.DuckDBPyConnection) -> bool:
    """Return whether the outbox is still as that version left it."""
    found = connection.execute(
        "SELECT count(*) FROM duckdb_tables()"
        " WHERE table_name IN ('outbox_deliveries', 'outbox_state') AND NOT temporary"
        " AND database_name = current_database()"
    ).fetchall()
    return int(found[0][0]) == 2


def take_over(connection: duckdb.DuckDBPyConnection) -> None:
    """Move its state into today's tables inside a transaction, if that is not done yet."""
    if not is_earlier(connection):
        return
    connection.execute(
        "INSERT INTO outbox_channels SELECT ?, webhook, '', holder, drain, claimed_until,"
        " paused_until, refused FROM outbox_state"
        " WHERE NOT EXISTS (SELECT 1 FROM outbox_channels c WHERE c.channel = ?)",
        [DISCORD, DISCORD],
    )
    connection.execute(
        "INSERT INTO outbox_sendings SELECT ?, id, status, attempts, may_have_arrived, changed,"
        " detail FROM outbox_deliveries ON CONFLICT DO NOTHING",
        [DISCORD],
    )
    connection.execute("DROP TABLE outbox_deliveries")
    connection.execute("DROP TABLE outbox_state")
