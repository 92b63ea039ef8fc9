"""The outbox's tables: how far each message has got, and who is sending.

`outbox` is written with the projections, the same after a kill as without one. What a drain did
is in two tables of its own: `outbox_deliveries`, a row for each message that was touched, and
`outbox_state`, one row with the webhook, the claim, the pause and the refusal.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import duckdb

_OPEN = "(d.status IS NULL OR d.status IN ('sending', 'waiting'))"
_JOINED = "FROM outbox o LEFT JOIN outbox_deliveries d USING (id)"


class Delivery(StrEnum):
    """Where a message is; one without a delivery was never tried."""

    SENDING = "sending"
    WAITING = "waiting"
    SENT = "sent"
    DEAD = "dead"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Letter:
    """A message that is to be sent now; `is_repeat` when an earlier attempt may have arrived."""

    id: str
    kind: str
    session: str
    payload: str
    attempts: int
    is_repeat: bool


@dataclass(frozen=True, slots=True)
class DrainState:
    """Which webhook is written to (a hash of it), by which drain, and what it said last."""

    webhook: str = ""
    holder: str = ""
    drain: str = ""
    claimed_until: datetime | None = None
    paused_until: datetime | None = None
    refused: str | None = None


def read_state(connection: duckdb.DuckDBPyConnection) -> DrainState:
    """Return the one row of the state, or an empty one."""
    rows = connection.execute(
        "SELECT webhook, holder, drain, claimed_until, paused_until, refused FROM outbox_state"
    ).fetchall()
    return DrainState(*rows[0]) if rows else DrainState()


def write_state(connection: duckdb.DuckDBPyConnection, state: DrainState) -> None:
    """Write the one row of the state."""
    connection.execute("DELETE FROM outbox_state")
    connection.execute(
        "INSERT INTO outbox_state VALUES (?, ?, ?, ?, ?, ?)",
        [
            state.webhook,
            state.holder,
            state.drain,
            state.claimed_until,
            state.paused_until,
            state.refused,
        ],
    )


def count_open(connection: duckdb.DuckDBPyConnection) -> int:
    """Return how many messages are still to be sent."""
    return int(connection.execute(f"SELECT count(*) {_JOINED} WHERE {_OPEN}").fetchall()[0][0])


def oldest_open(connection: duckdb.DuckDBPyConnection) -> Letter | None:
    """Return the next message in order, its coming attempt counted."""
    rows = connection.execute(
        "SELECT o.id, o.kind, o.session, o.payload, coalesce(d.attempts, 0) + 1,"
        # An attempt without an end was cut off by a crash: it may have arrived.
        " coalesce(d.may_have_arrived OR d.status = 'sending', FALSE)"
        f" {_JOINED} WHERE {_OPEN} ORDER BY o.number LIMIT 1"
    ).fetchall()
    if not rows:
        return None
    id_, kind, session, payload, attempts, is_repeat = rows[0]
    return Letter(id_, kind, str(session), payload, int(attempts), bool(is_repeat))


def write_delivery(
    connection: duckdb.DuckDBPyConnection,
    letter: Letter,
    status: Delivery,
    now: datetime,
    detail: str = "",
    *,
    may_have_arrived: bool = False,
) -> None:
    """Write where a message is now."""
    connection.execute(
        "INSERT INTO outbox_deliveries VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE"
        " SET status = excluded.status, attempts = excluded.attempts,"
        " may_have_arrived = excluded.may_have_arrived, changed = excluded.changed,"
        " detail = excluded.detail",
        [
            letter.id,
            str(status),
            letter.attempts,
            letter.is_repeat or may_have_arrived,
            now,
            detail,
        ],
    )


def recent_ages_s(
    connection: duckdb.DuckDBPyConnection, now: datetime, longest_s: float
) -> list[float]:
    """Return how many seconds ago messages were sent, of no more than `longest_s`.

    One whose attempt has no end may have left just now.
    """
    found = connection.execute(
        "SELECT status, changed FROM outbox_deliveries WHERE status <> ? AND changed > ?",
        [Delivery.SKIPPED, now - timedelta(seconds=longest_s)],
    ).fetchall()
    return [
        0.0 if status == Delivery.SENDING else max((now - changed).total_seconds(), 0.0)
        for status, changed in found
    ]


def settle_open(
    connection: duckdb.DuckDBPyConnection,
    status: Delivery,
    now: datetime,
    detail: str,
    but_kinds: frozenset[str] = frozenset(),
) -> int:
    """End everything that is still to be sent, some kinds excepted; return how many those were."""
    kinds = sorted(but_kinds)
    kept = f"o.kind NOT IN ({', '.join('?' * len(kinds))})" if kinds else "TRUE"
    rows = connection.execute(
        "SELECT o.id, o.kind, o.session, o.payload, coalesce(d.attempts, 0),"
        f" coalesce(d.may_have_arrived, FALSE) {_JOINED} WHERE {_OPEN} AND {kept}",
        kinds,
    ).fetchall()
    for id_, kind, session, payload, attempts, is_repeat in rows:
        letter = Letter(id_, kind, str(session), payload, attempts, is_repeat)
        write_delivery(connection, letter, status, now, detail)
    return len(rows)


def delivery_counts(connection: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    """Return how many messages wait, whether the webhook refuses, and the dead letters."""
    dead = connection.execute(
        f"SELECT o.id, o.kind, o.ts, d.detail {_JOINED} WHERE d.status = 'dead' ORDER BY o.number"
    ).fetchall()
    state = read_state(connection)
    return {
        # Without a webhook nothing waits: it is written for the log's sake alone.
        "waiting": count_open(connection) if state.webhook else 0,
        "refused": state.refused,
        "dead": [
            {"id": id_, "kind": kind, "ts": ts, "reason": detail} for id_, kind, ts, detail in dead
        ],
    }
