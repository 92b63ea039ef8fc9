"""Events as rows: what the journal and the mock exchange keep of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

import duckdb
import orjson

from blocks.stores.insertion import insert
from trading.market.calendar import from_microseconds
from trading.session.events import (
    EVERY_SYMBOL,
    KIND_OF,
    KINDS,
    BarClosed,
    Discrepancy,
    Event,
    Fill,
    OrderUpdate,
    SessionStarted,
    Transfer,
)
from trading.session.orders import Order, Status, order_from_fields, order_to_fields

# Rows of earlier versions name a reason that forbids entries by its number of then.
_GATE_WORDS = {0: "", 1: "lease_lost", 2: "halted", 4: "reconciliation", 5: "missed",
               7: "not_traded"}  # fmt: skip


def event_to_row(event: Event) -> tuple[str, str]:
    """Return an event's kind and its payload as JSON; floats keep every bit."""
    payload = {field.name: getattr(event, field.name) for field in fields(event)}
    return KIND_OF[type(event)], orjson.dumps(payload).decode()


def read_event(kind: str, payload: str) -> Event:
    """Return the event that a row holds; raises KeyError, TypeError or ValueError for damage."""
    content: dict[str, Any] = orjson.loads(payload)
    if kind == "order_update":
        content["status"] = Status(content["status"])
    if kind == "bar":
        content["gates"] = [_GATE_WORDS.get(gate, gate) for gate in content["gates"]]
    return KINDS[kind](**content)


def event_from_row(kind: str, payload: str) -> Event:
    """Return the event that a row holds.

    One that cannot be read, of a later version or damaged, is a discrepancy of the symbol that it
    names: what it changed is not known.
    """
    try:
        return read_event(kind, payload)
    except (KeyError, TypeError, ValueError):
        symbol = _symbol_in(payload)
        why = f"the journal has a row of kind {kind!r} that this version cannot read"
        return Discrepancy(symbol, why, {})


def _symbol_in(payload: str) -> str:
    try:
        content = orjson.loads(payload)
    except ValueError:
        return EVERY_SYMBOL
    symbol = content.get("symbol") if isinstance(content, dict) else None
    return symbol if isinstance(symbol, str) else EVERY_SYMBOL


def event_time_us(event: Event) -> int | None:
    """Return when an event happened, microseconds since 1970 UTC, where it says so."""
    match event:
        case Fill() | OrderUpdate() | Transfer():
            return event.us or None
        case BarClosed():
            return event.start_us
        case SessionStarted():
            return event.open_us
        case _:
            return None


def order_to_json(order: Order) -> str:
    """Return an order as JSON."""
    return orjson.dumps(order_to_fields(order)).decode()


def order_from_json(text: str) -> Order:
    """Return the order that JSON holds."""
    return order_from_fields(orjson.loads(text))


def append(
    connection: duckdb.DuckDBPyConnection, events: Sequence[Event], session: str, last: int
) -> int:
    """Append events after the number `last`; return the last one's."""
    rows = []
    for seq, event in enumerate(events, start=last + 1):
        us = event_time_us(event)
        when = None if us is None else from_microseconds(us)
        rows.append((seq, when, session, *event_to_row(event)))
    insert(connection, "journal", rows)
    return last + len(rows)
