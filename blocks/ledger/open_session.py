"""A session that was begun and not closed, for whoever sees to it that somebody trades it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import orjson

from blocks.ledger.format import check_format
from blocks.ledger.ledger import SCHEMA
from blocks.stores.file_lock import LOCK_DEADLINE_SECONDS
from blocks.stores.reading import reading

STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class OpenSession:
    """A session (its date) that the journal began; `is_stopped`: an operator wants it to rest."""

    session: str
    closes: datetime
    is_stopped: bool


def find_open_session(ledger_path: Path) -> OpenSession | None:
    """Return the newest session of a ledger that was begun and not closed, None without one.

    Raises StoreUnavailable when the ledger cannot be read, BadInput for one of a newer version.
    """
    with reading(ledger_path, SCHEMA, LOCK_DEADLINE_SECONDS, check_format) as connection:
        return open_session(connection)


def open_session(connection: duckdb.DuckDBPyConnection) -> OpenSession | None:
    """Return the newest session that was begun and not closed."""
    begun = connection.execute(
        "SELECT session::VARCHAR, payload FROM journal WHERE kind = 'session_started'"
        " AND session NOT IN (SELECT session FROM journal WHERE kind = 'session_closed')"
        " ORDER BY session DESC, seq DESC LIMIT 1"
    ).fetchone()
    if begun is None:
        return None
    session, payload = str(begun[0]), orjson.loads(begun[1])
    stopped = connection.execute("SELECT value FROM meta WHERE name = ?", [STOPPED]).fetchone()
    return OpenSession(
        session,
        datetime.fromtimestamp(payload["close_us"] / 1e6, UTC),
        is_stopped=stopped is not None and stopped[0] == session,
    )
