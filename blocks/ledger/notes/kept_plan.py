"""The plan of a session as its ledger keeps it: read whole, or told to be damaged."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import duckdb
import orjson
from pydantic import BaseModel, Field, ValidationError

from blocks.ledger.damage import damaged, reading_rows
from blocks.ledger.notes.remembered import remember, remembered
from trading.errors import StoreUnavailable

# What rows of a version that kept no plan in them were traded with.
PLAN_OF_OLD_ROWS = "plan of old rows"
_Minutes = Annotated[float, Field(gt=0, le=1440)]
_Group = dict[str, Any]


class _Risk(BaseModel):
    leverage: float = 1.0
    max_daily_loss_pct: float | None = None


class _Strategy(BaseModel):
    range_minutes: float = 0
    entry_cutoff_minutes: float = 0
    flatten_minutes: float = 0


class _Record(BaseModel):
    """What is read of a plan without making one of it; earlier versions kept less."""

    strategy: _Strategy = _Strategy()
    risk: _Risk = _Risk()
    fills: _Group = {}
    gate: _Group = {}
    symbols: list[str] = []
    held: list[str] = []
    levels: list[str] = []
    own_reasons: dict[str, str] = {}
    exchange: str = ""
    source: str = ""
    strategy_name: str = ""
    interval_minutes: _Minutes = 5
    capital: float = 0


def checked_plan(content: object, where: str) -> dict[str, Any]:
    """Return a plan's record as it is; raises StoreUnavailable where a value is of another kind."""
    try:
        _Record.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"]) or "it"
        raise damaged(f"the plan in {where}", f"{name}: {first['msg']}") from error
    return dict(content) if isinstance(content, dict) else {}


def plan_in_row(payload: str, where: str) -> dict[str, Any]:
    """Return the plan in a session's first row, empty in one of an earlier version.

    Raises StoreUnavailable where the row is damaged.
    """
    try:
        content = orjson.loads(payload)
    except ValueError as error:
        raise damaged(where, "it is no JSON") from error
    if not isinstance(content, dict):
        raise damaged(where, "it holds no values by their names")
    return checked_plan(content.get("plan") or {}, where)


def plan_of_old_rows(connection: duckdb.DuckDBPyConnection) -> dict[str, Any] | None:
    """Return the plan of sessions whose rows keep none: it was their account's for ever.

    None where there is none; raises StoreUnavailable where it is damaged.
    """
    noted = connection.execute(
        "SELECT value FROM meta WHERE name IN (?, 'plan') ORDER BY name = 'plan' LIMIT 1",
        [PLAN_OF_OLD_ROWS],
    ).fetchone()
    if noted is None:
        return None
    with reading_rows("the plan of the account"):
        return checked_plan(orjson.loads(noted[0]), "the ledger's notes")


def newest_plan(connection: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    """Return the plan of the account's newest session, or that it was opened with first.

    It is noted for those who only read. Where the note is damaged, the journal has it: that is
    what the note was made of. Raises StoreUnavailable where neither can be read.
    """
    noted = connection.execute("SELECT value FROM meta WHERE name = 'plan'").fetchone()
    if noted is None:
        return {}
    where = "the ledger's note of its newest session"
    try:
        return checked_plan(orjson.loads(noted[0] or ""), where)
    except (ValueError, StoreUnavailable) as error:
        rows = connection.execute(
            "SELECT seq, payload FROM journal WHERE kind = 'session_started'"
            " ORDER BY session DESC, seq LIMIT 1"
        ).fetchall()
        if not rows:
            # No session was begun: it is noted anew when the first one is.
            return {}
        number, payload = rows[0]
        found = plan_in_row(payload, f"row {number} of the journal")
        if found:
            return found
        raise damaged("the plan in " + where, "it is no plan") from error


def plan_of(connection: duckdb.DuckDBPyConnection, session: str) -> dict[str, Any] | None:
    """Return the plan that a session began with, None where it was not begun.

    Sessions of earlier versions have that of their account, which was one for ever.
    """
    row = connection.execute(
        "SELECT seq, payload FROM journal WHERE session = ? AND kind = 'session_started'"
        " ORDER BY seq LIMIT 1",
        [session],
    ).fetchone()
    if row is None:
        return None
    return plan_in_row(row[1], f"row {row[0]} of the journal") or plan_of_old_rows(connection)


def keep_plan(connection: duckdb.DuckDBPyConnection, plan: Mapping[str, object]) -> None:
    """Remember the plan of the newest session for those who only read."""
    text = orjson.dumps(dict(plan), option=orjson.OPT_SORT_KEYS).decode()
    found = remembered(connection, "plan")
    if found is not None and found != text and "strategy_name" not in found:
        connection.execute(
            "INSERT INTO meta VALUES (?, ?) ON CONFLICT DO NOTHING", [PLAN_OF_OLD_ROWS, found]
        )
    if found != text:
        remember(connection, "plan", text)
