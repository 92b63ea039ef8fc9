"""The journal of a ledger: rows that are numbered without a gap, and never changed."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb
import orjson

from blocks.ledger.damage import damaged
from blocks.ledger.event_rows import append, event_from_row
from trading.session.events import Discrepancy, SessionStarted
from trading.session.ports import JournalRow


def last_number(connection: duckdb.DuckDBPyConnection) -> int:
    """Return the newest row's number, 0 of an empty journal."""
    row = connection.execute("SELECT coalesce(max(seq), 0) FROM journal").fetchone()
    return int(row[0]) if row else 0


def journal_of(connection: duckdb.DuckDBPyConnection, session: str) -> list[tuple[int, str, str]]:
    """Return a session's rows in order, as (number, kind, payload)."""
    return connection.execute(
        "SELECT seq, kind, payload FROM journal WHERE session = ? ORDER BY seq", [session]
    ).fetchall()


def events_in(rows: Sequence[tuple[int, str, str]]) -> list[JournalRow]:
    """Return rows as what they tell; StoreUnavailable where one is damaged."""
    return [JournalRow(int(seq), event_from_row(kind, payload)) for seq, kind, payload in rows]


def rows_gone(connection: duckdb.DuckDBPyConnection, first: int, last: int) -> int:
    """Return how many rows are missing between two, whose numbers these are."""
    sql = "SELECT count(*) FROM journal WHERE seq BETWEEN ? AND ?"
    row = connection.execute(sql, [first, last]).fetchone()
    return last - first + 1 - (int(row[0]) if row else 0)


def write_first_row(
    connection: duckdb.DuckDBPyConnection,
    first: SessionStarted,
    lost: Discrepancy,
    session: str,
    newest: int,
) -> None:
    """Write a session's first row in the place of the lost one, and behind all that it was lost.

    Raises StoreUnavailable when that place is taken.
    """
    row = connection.execute(
        "SELECT min(seq) - 1, min(seq) - 1 IN (SELECT seq FROM journal) FROM journal"
        " WHERE session = ?",
        [session],
    ).fetchone()
    number, is_taken = row or (None, False)
    if not number or is_taken:
        raise damaged(f"the first row of the journal of session {session}")
    append(connection, [first], session, int(number) - 1)
    append(connection, [lost], session, newest)


def sessions_in(connection: duckdb.DuckDBPyConnection) -> list[tuple[str, bool]]:
    """Return the sessions that were started, in order, and whether each is closed."""
    rows = connection.execute(
        # Also one whose first row is lost: what it holds is there.
        "SELECT session, bool_or(kind = 'session_closed') FROM journal"
        " WHERE session IS NOT NULL GROUP BY session ORDER BY session"
    ).fetchall()
    return [(str(session), bool(closed)) for session, closed in rows]


def executions_in(connection: duckdb.DuckDBPyConnection) -> frozenset[str]:
    """Return the execution ids of all fills that were ever journalled."""
    rows = connection.execute("SELECT payload FROM journal WHERE kind = 'fill'").fetchall()
    return frozenset(orjson.loads(payload)["exec_id"] for (payload,) in rows)
