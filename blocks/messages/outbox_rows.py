"""The outbox's tables: how far each message has got on each channel, and who is sending.

`outbox` is written with the projections, the same after a kill as without one. What a drain did
is in two tables of its own: `outbox_sendings`, a row for each message that a channel has touched,
and `outbox_channels`, a row for each channel with its address, claim, pause and refusal.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import duckdb

from blocks.messages.precedence import LONG_QUEUE, ROUTINE_RANK, rank_of_kind
from blocks.stores.insertion import put

_OPEN = "(d.status IS NULL OR d.status IN ('sending', 'waiting'))"
# Of one channel, whose name is the first value of the question.
_JOINED = "FROM outbox o LEFT JOIN outbox_sendings d ON d.id = o.id AND d.channel = ?"
# Of every channel that still has an address; without one nobody is to send what lies there.
_OF_ALL = (
    "FROM outbox o CROSS JOIN outbox_channels c LEFT JOIN outbox_sendings d"
    " ON d.id = o.id AND d.channel = c.channel"
)
_ADDRESSED = "c.address <> ''"


class Delivery(StrEnum):
    """Where a message is; one without a row was never tried."""

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
class ChannelState:
    """Which address is written to (a hash of it), by which drain, and what it said last.

    `wanted` are the kinds that it is sent, with commas, as the session chose them.
    """

    channel: str
    address: str = ""
    wanted: str = ""
    holder: str = ""
    drain: str = ""
    claimed_until: datetime | None = None
    paused_until: datetime | None = None
    refused: str | None = None


@dataclass(frozen=True, slots=True)
class Waiting:
    """What waits on any channel: how many messages, since when, and which channel refuses."""

    count: int
    oldest: datetime | None
    refused: str | None


_COLUMNS = "channel, address, wanted, holder, drain, claimed_until, paused_until, refused"


def read_channels(connection: duckdb.DuckDBPyConnection) -> list[ChannelState]:
    """Return every channel that there ever was."""
    rows = connection.execute(f"SELECT {_COLUMNS} FROM outbox_channels ORDER BY channel").fetchall()
    return [ChannelState(*row) for row in rows]


def read_state(connection: duckdb.DuckDBPyConnection, channel: str) -> ChannelState:
    """Return the state of a channel, an empty one of a channel that is new."""
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM outbox_channels WHERE channel = ?", [channel]
    ).fetchall()
    return ChannelState(*rows[0]) if rows else ChannelState(channel)


def write_state(connection: duckdb.DuckDBPyConnection, state: ChannelState) -> None:
    """Write the row of a channel."""
    connection.execute("DELETE FROM outbox_channels WHERE channel = ?", [state.channel])
    connection.execute(
        "INSERT INTO outbox_channels VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        [
            state.channel,
            state.address,
            state.wanted,
            state.holder,
            state.drain,
            state.claimed_until,
            state.paused_until,
            state.refused,
        ],
    )


def count_open(connection: duckdb.DuckDBPyConnection, channel: str) -> int:
    """Return how many messages a channel still has to send."""
    found = connection.execute(f"SELECT count(*) {_JOINED} WHERE {_OPEN}", [channel]).fetchall()
    return int(found[0][0])


def next_open(
    connection: duckdb.DuckDBPyConnection, channel: str, most_together: int
) -> list[Letter]:
    """Return what a channel is to send next, the coming attempt counted; none when all is sent.

    The higher class goes first, the older message first inside a class. More than one only when
    all are routine and the queue is long.
    """
    rank, most = rank_of_kind("o.kind"), max(LONG_QUEUE, most_together) + 1
    rows = connection.execute(
        "SELECT o.id, o.kind, o.session, o.payload, coalesce(d.attempts, 0) + 1,"
        # An attempt without an end was cut off by a crash: it may have arrived.
        f" coalesce(d.may_have_arrived OR d.status = 'sending', FALSE), {rank} AS rank"
        f" {_JOINED} WHERE {_OPEN} ORDER BY rank, o.number LIMIT {most}",
        [channel],
    ).fetchall()
    is_long = len(rows) > LONG_QUEUE and rows[0][-1] == ROUTINE_RANK
    return [
        Letter(id_, kind, str(session), payload, int(attempts), bool(is_repeat))
        for id_, kind, session, payload, attempts, is_repeat, _ in rows[
            : most_together if is_long else 1
        ]
    ]


def write_sending(
    connection: duckdb.DuckDBPyConnection,
    channel: str,
    letters: Sequence[Letter],
    status: Delivery,
    now: datetime,
    detail: str = "",
    *,
    may_have_arrived: bool = False,
) -> None:
    """Write where messages are now on a channel."""
    for letter in letters:
        put(
            connection,
            "outbox_sendings",
            {"channel": channel, "id": letter.id},
            {
                "status": str(status),
                "attempts": letter.attempts,
                "may_have_arrived": letter.is_repeat or may_have_arrived,
                "changed": now,
                "detail": detail,
            },
        )


def recent_ages_s(
    connection: duckdb.DuckDBPyConnection, channel: str, now: datetime, longest_s: float
) -> list[float]:
    """Return how many seconds ago messages were sent, of no more than `longest_s`.

    One whose attempt has no end may have left just now. Those that went together were settled at
    one moment and are one request.
    """
    found = connection.execute(
        "SELECT DISTINCT status = 'sending', changed FROM outbox_sendings"
        " WHERE channel = ? AND status <> ? AND changed > ?",
        [channel, Delivery.SKIPPED, now - timedelta(seconds=longest_s)],
    ).fetchall()
    return [
        0.0 if is_sending else max((now - changed).total_seconds(), 0.0)
        for is_sending, changed in found
    ]


def settle_open(
    connection: duckdb.DuckDBPyConnection,
    channel: str,
    status: Delivery,
    now: datetime,
    detail: str,
    but_kinds: frozenset[str] = frozenset(),
) -> int:
    """End everything that a channel still has to send, some kinds excepted; return how many."""
    kinds = sorted(but_kinds)
    kept = f"o.kind NOT IN ({', '.join('?' * len(kinds))})" if kinds else "TRUE"
    rows = connection.execute(
        "SELECT o.id, o.kind, o.session, o.payload, coalesce(d.attempts, 0),"
        f" coalesce(d.may_have_arrived, FALSE) {_JOINED} WHERE {_OPEN} AND {kept}",
        [channel, *kinds],
    ).fetchall()
    letters = [
        Letter(id_, kind, str(session), payload, attempts, is_repeat)
        for id_, kind, session, payload, attempts, is_repeat in rows
    ]
    write_sending(connection, channel, letters, status, now, detail)
    return len(letters)


def waiting(connection: duckdb.DuckDBPyConnection) -> Waiting:
    """Return what is still to be sent on any channel that has an address."""
    count, oldest = connection.execute(
        f"SELECT count(DISTINCT o.id), min(o.ts) {_OF_ALL} WHERE {_ADDRESSED} AND {_OPEN}"
    ).fetchall()[0]
    refusals = [state.refused for state in read_channels(connection) if state.refused]
    return Waiting(int(count), oldest, refusals[0] if refusals else None)


def delivery_counts(connection: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    """Return how many messages wait, which channel refuses, and the dead letters."""
    dead = connection.execute(
        f"SELECT o.id, o.kind, o.ts, d.channel, d.detail {_OF_ALL}"
        " WHERE d.status = 'dead' ORDER BY o.number, d.channel"
    ).fetchall()
    found = waiting(connection)
    return {
        "waiting": found.count,
        "refused": found.refused,
        "dead": [
            {"id": id_, "kind": kind, "ts": ts, "channel": channel, "reason": detail}
            for id_, kind, ts, channel, detail in dead
        ],
    }
