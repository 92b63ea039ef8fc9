"""When an account's plan changed, and what: read from the first rows of its sessions."""

from __future__ import annotations

from typing import Any

import duckdb
import orjson

from trading.plan_record import changes_between

# Sessions that are looked at. Further back somebody asks the ledger itself.
MOST = 30


def plan_changes(connection: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    """Return the newest changes, oldest first: the session, and a line for each other value."""
    rows = connection.execute(
        "SELECT session::VARCHAR, payload FROM journal WHERE kind = 'session_started'"
        " ORDER BY session DESC, seq DESC LIMIT ?",
        [MOST],
    ).fetchall()
    found: list[dict[str, Any]] = []
    before: dict[str, Any] = {}
    for session, payload in reversed(rows):
        plan = _plan_in(payload)
        if before and plan and (changes := changes_between(before, plan)):
            found.append({"session": session, "changes": changes})
        before = plan or before
    return found


def _plan_in(payload: str) -> dict[str, Any]:
    try:
        return dict(orjson.loads(payload).get("plan") or {})
    except (ValueError, AttributeError):
        # A damaged row is said by who folds the session; a status is shown all the same.
        return {}
