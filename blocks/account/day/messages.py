"""What a session told people, the newest first, whether or not a channel has taken it yet."""

from __future__ import annotations

from datetime import date
from functools import lru_cache

import duckdb
from pydantic import ValidationError

from blocks.ledger.message_payloads import payload_from_json
from blocks.messages.content import Content, content_of
from blocks.records.fields import Moment, Record


class SessionMessage(Record):
    """A message: its title, its text, and what else it says by name."""

    id: str
    session: date
    kind: str
    time: Moment
    title: str
    text: str
    fields: list[tuple[str, str]]


def read_messages(
    connection: duckdb.DuckDBPyConnection, limit: int, session: date | None = None
) -> list[SessionMessage]:
    """Return messages, of one session or of all."""
    rows = connection.execute(
        "SELECT id, session, kind, ts, payload FROM outbox"
        " WHERE (?::DATE IS NULL OR session = ?::DATE) ORDER BY number DESC LIMIT ?",
        [session, session, limit],
    ).fetchall()
    return [_message(*row) for row in rows]


def _message(id_: str, session: date, kind: str, time: Moment, payload: str) -> SessionMessage:
    try:
        said = _content(payload)
    except ValidationError:
        # Of a later version, or damaged: that there is one is told all the same.
        return SessionMessage(
            id=id_, session=session, kind=kind, time=time, fields=[],
            title=kind.replace("_", " ").capitalize(), text="This version cannot read it.",
        )  # fmt: skip
    fields = [(name, value) for name, value in said.fields if value]
    return SessionMessage(
        id=id_,
        session=session,
        kind=kind,
        time=time,
        title=said.title,
        text=said.text,
        fields=fields,
    )


# The same sixty are asked for at each bar, and one of them is new.
@lru_cache(maxsize=256)
def _content(payload: str) -> Content:
    return content_of(payload_from_json(payload))
