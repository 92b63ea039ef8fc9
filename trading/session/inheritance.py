"""What a session leaves to the next one, ready for the journal."""

from __future__ import annotations

from typing import Any, NamedTuple

from trading.engine.book import Book
from trading.engine.book_changes import relist
from trading.engine.indicators import Indicators
from trading.session.array_json import arrays_from_json, arrays_to_json
from trading.session.orders import Order, order_from_fields, order_to_fields

# Fields of a book that outlive a session.
_INHERITED = (
    "money",
    "quantity",
    "mark",
    "entry_quantity",
    "entry_notional",
    "entry_price",
    "entry_us",
    "initial_stop",
    "stop",
    "target",
    "exit_waiting",
    "exit_reason",
    "exit_quantity",
    "exit_notional",
    "exit_us",
    "assumed",
    "profit",
    "flags",
)


class Halt(NamedTuple):
    """Whether an operator has halted the account, and why."""

    is_halted: bool
    reason: str


def inheritance_of(
    book: Book,
    indicators: Indicators,
    symbols: tuple[str, ...],
    orders: dict[str, Order],
    halt: Halt,
) -> dict[str, Any]:
    """Return what the next session takes over, JSON-ready."""
    return {
        "book": arrays_to_json(book, _INHERITED),
        "indicators": arrays_to_json(indicators, indicators._fields),
        "symbols": list(symbols),
        # What rests at the exchange overnight goes on under its own id.
        "orders": [order_to_fields(order) for order in orders.values() if order.is_live],
        "halted": halt.is_halted,
        "halt_reason": halt.reason,
    }


def take_over(
    content: dict[str, Any], book: Book, indicators: Indicators, orders: dict[str, Order]
) -> Halt:
    """Write an inheritance into a new session's book, indicators and orders."""
    arrays_from_json(book, content["book"])
    relist(book)
    arrays_from_json(indicators, content["indicators"])
    for fields in content.get("orders", ()):
        order = order_from_fields(fields)
        orders[order.client_order_id] = order
    return Halt(bool(content.get("halted", False)), str(content.get("halt_reason", "")))
