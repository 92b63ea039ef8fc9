"""What halts an account: an operator's words, and its own fall from its highest equity."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import duckdb

# What of the ledger's `meta` says since when a drawdown halts, and which words were taken up.
DRAWDOWN_SINCE = "drawdown since"
SEEN_COMMAND = "seen_command"


@dataclass(frozen=True, slots=True)
class Halt:
    """A halt that holds: since when, by which command, why."""

    since: datetime
    command: str
    reason: str

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return {"ts": self.since.isoformat(), "command": self.command, "reason": self.reason}


def read_halts(connection: duckdb.DuckDBPyConnection) -> list[Halt]:
    """Return the halts that hold, the operator's in their order; a `resume` ends them all.

    One that no session has taken up yet counts as well; a word of a later version halts nothing
    here.
    """
    last_resume = _number(connection, "SELECT max(number) FROM commands WHERE command = 'resume'")
    rows = connection.execute(
        "SELECT ts, command, reason FROM commands WHERE number > ?"
        " AND command IN ('halt', 'flatten') ORDER BY number",
        [last_resume],
    ).fetchall()
    seen = _number(
        connection,
        f"SELECT max(try_cast(value AS BIGINT)) FROM meta WHERE name = '{SEEN_COMMAND}'",
    )
    since = connection.execute(
        "SELECT value FROM meta WHERE name = ? AND value != ''", [DRAWDOWN_SINCE]
    ).fetchone()
    found = [Halt(ts.astimezone(UTC), str(command), str(reason)) for ts, command, reason in rows]
    if since is not None and last_resume <= seen:
        found.append(Halt(datetime.fromisoformat(since[0]), "halt", "drawdown"))
    return found


def _number(connection: duckdb.DuckDBPyConnection, sql: str) -> int:
    row = connection.execute(sql).fetchone()
    return int(row[0] or 0) if row else 0
