"""Events as rows: what the journal and the mock exchange keep of them."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import orjson

from trading.session.events import (
    KIND_OF,
    KINDS,
    BarClosed,
    Event,
    Fill,
    OrderUpdate,
    SessionStarted,
)
from trading.session.orders import Leg, Order, Status


def event_to_row(event: Event) -> tuple[str, str]:
    """Return an event's kind and its payload as JSON; floats keep every bit."""
    payload = {field.name: getattr(event, field.name) for field in fields(event)}
    return KIND_OF[type(event)], orjson.dumps(payload).decode()


def event_from_row(kind: str, payload: str) -> Event:
    """Return the event that a row holds."""
    content: dict[str, Any] = orjson.loads(payload)
    if kind == "order_update":
        content["status"] = Status(content["status"])
    return KINDS[kind](**content)


def event_time_us(event: Event) -> int | None:
    """Return when an event happened, microseconds since 1970 UTC, where it says so."""
    match event:
        case Fill() | OrderUpdate():
            return event.us or None
        case BarClosed():
            return event.start_us
        case SessionStarted():
            return event.open_us
        case _:
            return None


def order_to_json(order: Order) -> str:
    """Return an order as JSON."""
    return orjson.dumps({f.name: getattr(order, f.name) for f in fields(order)}).decode()


def order_from_json(text: str) -> Order:
    """Return the order that JSON holds."""
    content: dict[str, Any] = orjson.loads(text)
    content["leg"] = Leg(content["leg"])
    content["status"] = Status(content["status"])
    return Order(**content)
