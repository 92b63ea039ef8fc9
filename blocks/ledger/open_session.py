"""A session that was begun and not closed, for whoever sees to it that somebody trades it."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import orjson

from blocks.ledger.damage import WAY_OUT, damaged
from blocks.process.apart import NoAnswer, answer_of, tell
from trading.errors import StoreUnavailable

if TYPE_CHECKING:
    import duckdb

STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class OpenSession:
    """A session (its date) that the journal began; `is_stopped`: an operator wants it to rest."""

    session: str
    closes: datetime
    is_stopped: bool


def find_open_session(ledger_path: Path) -> OpenSession | None:
    """Return the newest session of a ledger if it was not closed, None without one.

    Raises StoreUnavailable when the ledger cannot be read, BadInput for one of a newer version.
    """
    # Imported here: who asks a process of its own does without DuckDB.
    from blocks.ledger.format import check_format
    from blocks.ledger.schema import SCHEMA
    from blocks.stores.file_lock import LOCK_DEADLINE_SECONDS
    from blocks.stores.reading import reading

    with reading(ledger_path, SCHEMA, LOCK_DEADLINE_SECONDS, check_format) as connection:
        return open_session(connection)


def find_open_session_apart(ledger_path: Path) -> OpenSession | None:
    """Return what `find_open_session` does, asked of a process of its own without DuckDB here."""
    if "duckdb" in sys.modules:
        return find_open_session(ledger_path)
    try:
        found = cast("dict[str, Any] | None", answer_of(__name__, str(ledger_path)))
    except NoAnswer:
        return find_open_session(ledger_path)
    if found is None:
        return None
    return OpenSession(
        found["session"],
        datetime.fromisoformat(found["closes"]),
        is_stopped=found["is_stopped"],
    )


def open_session(connection: duckdb.DuckDBPyConnection) -> OpenSession | None:
    """Return the newest session that was begun, None if it was closed: only that can be open.

    One whose first row is lost is open all the same. Raises StoreUnavailable when that row is
    damaged.
    """
    begun = connection.execute(
        "SELECT session::VARCHAR, seq, payload, session IN"
        " (SELECT session FROM journal WHERE kind = 'session_closed'), kind = 'session_started'"
        " FROM journal WHERE session = (SELECT max(session) FROM journal)"
        " ORDER BY kind = 'session_started' DESC, seq DESC LIMIT 1"
    ).fetchone()
    if begun is None or begun[3]:
        return None
    session, number, payload, _, has_beginning = begun
    stopped = connection.execute("SELECT value FROM meta WHERE name = ?", [STOPPED]).fetchone()
    return OpenSession(
        str(session),
        _closes(int(number), payload)
        if has_beginning
        else _closes_by_calendar(connection, session),
        is_stopped=stopped is not None and stopped[0] == session,
    )


def has_lost_beginning(connection: duckdb.DuckDBPyConnection, session: str) -> bool:
    """Return whether rows of a session are there, and the one that began it is not."""
    row = connection.execute(
        "SELECT coalesce(bool_and(kind <> 'session_started'), false) FROM journal"
        " WHERE session = ?",
        [session],
    ).fetchone()
    return bool(row and row[0])


def _closes(number: int, payload: str) -> datetime:
    try:
        return datetime.fromtimestamp(orjson.loads(payload)["close_us"] / 1e6, UTC)
    except (KeyError, TypeError, ValueError, OverflowError, OSError) as error:
        raise StoreUnavailable(
            f"row {number} of the journal says of no session when it closes", WAY_OUT
        ) from error


def _closes_by_calendar(connection: duckdb.DuckDBPyConnection, session: str) -> datetime:
    """Return when a session closes whose own row does not say so any more."""
    # Imported here: the calendar brings pandas, and is asked in no ledger that is whole.
    from blocks.ledger.notes.kept_plan import newest_plan
    from trading.market.calendar import sessions_between

    day = date.fromisoformat(session)
    exchange = str(newest_plan(connection).get("exchange", ""))
    found = sessions_between(exchange, day, day) if exchange else []
    if not found:
        raise damaged(f"the first row of the journal of session {session}")
    return found[0].close


def _found(ledger_path: str) -> dict[str, str | bool] | None:
    found = find_open_session(Path(ledger_path))
    if found is None:
        return None
    return {
        "session": found.session,
        "closes": found.closes.isoformat(),
        "is_stopped": found.is_stopped,
    }


if __name__ == "__main__":
    tell(_found)
