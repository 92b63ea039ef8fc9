"""What a session leaves to the next one, ready for the journal."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

from trading.engine.book import Book, new_book
from trading.engine.book_changes import relist
from trading.indicators.inheritance import (
    carried_studies,
    studies_to_json,
    take_studies,
    upgraded,
)
from trading.indicators.past import Past, new_past
from trading.indicators.studies import Studies
from trading.market.bars import Floats
from trading.session.array_json import arrays_from_json, arrays_to_json
from trading.session.bar_gate import BarGate
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
    "best",
    "exit_waiting",
    "exit_reason",
    "exit_quantity",
    "exit_notional",
    "exit_us",
    "assumed",
    "profit",
    "flags",
)
# What earlier editions called a field.
_RENAMED = {"pending_offset": "pending_target"}
# Those of them that are not by symbol.
_OF_THE_ACCOUNT = frozenset({"money", "flags", "changes"})


class Halt(NamedTuple):
    """Whether the account is halted, and why; `since_us` is known of a drawdown's halt."""

    is_halted: bool
    reason: str
    since_us: int = 0


NO_HALT = Halt(is_halted=False, reason="")
# The reason of a halt that no operator asked for.
DRAWDOWN_REASON = "drawdown"


def inheritance_of(
    book: Book,
    studies: Studies,
    state: Floats,
    gate: BarGate,
    symbols: tuple[str, ...],
    orders: dict[str, Order],
    halt: Halt,
) -> dict[str, Any]:
    """Return what the next session takes over, JSON-ready; `state` is that of an ended session."""
    return {
        "book": arrays_to_json(book, _INHERITED),
        "indicators": studies_to_json(studies, state),
        "gate": gate.left(),
        "symbols": list(symbols),
        # What rests at the exchange overnight goes on under its own id.
        "orders": [order_to_fields(order) for order in orders.values() if order.is_live],
        "halted": halt.is_halted,
        "halt_reason": halt.reason,
        "halt_us": halt.since_us,
    }


def outstanding_in(content: dict[str, Any], symbols: Collection[str]) -> tuple[str, ...]:
    """Return the symbols of an inheritance, other than these, that are held or have an order."""
    ordered = {str(order["symbol"]) for order in content.get("orders", ())}
    held = zip(content["symbols"], content["book"]["quantity"], strict=True)
    return tuple(
        symbol
        for symbol, quantity in held
        if symbol not in symbols and (quantity or symbol in ordered)
    )


def carried_to(
    content: dict[str, Any], symbols: tuple[str, ...], interval_minutes: int
) -> dict[str, Any]:
    """Return an inheritance for these symbols, in their order; what is new has seen nothing.

    `interval_minutes` are those of the bars that it was made of.
    """
    known = content["symbols"]
    content = {**content, "indicators": upgraded(content["indicators"], interval_minutes)}
    if list(symbols) == known:
        return content
    book = new_book(len(symbols), 0.0)
    take_book(book, content["book"], known, symbols)
    gate = content.get("gate", {})
    closes = dict(zip(known, gate.get("earlier_close", ()), strict=False))
    return {
        **content,
        "book": {**arrays_to_json(book, _INHERITED), "money": content["book"]["money"]},
        "indicators": carried_studies(content["indicators"], known, symbols),
        "gate": {**gate, "earlier_close": [closes.get(symbol) for symbol in symbols]},
        "symbols": list(symbols),
    }


def take_book(
    book: Book, content: dict[str, Any], stored: Sequence[str], symbols: Sequence[str]
) -> None:
    """Write the book of some symbols, JSON-ready, into one of others, by symbol."""
    for name in _OF_THE_ACCOUNT & content.keys():
        # What earlier editions did not write, at the end of an array, stays as it is.
        getattr(book, name)[: len(content[name])] = content[name]
    by_symbol = {
        _RENAMED.get(name, name): values
        for name, values in content.items()
        if name not in _OF_THE_ACCOUNT and name != "held"
    }
    _take(book, by_symbol, stored, symbols)
    relist(book)


def _take(
    arrays: Book,
    content: dict[str, Any],
    stored: Sequence[str],
    symbols: Sequence[str],
) -> None:
    place = {symbol: s for s, symbol in enumerate(stored)}
    known = [(s, place[symbol]) for s, symbol in enumerate(symbols) if symbol in place]
    mine = arrays_to_json(arrays, tuple(content))
    for name, values in content.items():
        for s, before in known:
            mine[name][s] = values[before]
    arrays_from_json(arrays, mine)


def unknown_in(content: dict[str, Any], studies: Studies) -> frozenset[str]:
    """Return the symbols of which an inheritance does not have all that is to be computed."""
    state = new_past(studies, len(content["symbols"])).state
    return take_studies(
        studies, state, content["indicators"], content["symbols"], content["symbols"]
    )


class Warmed(NamedTuple):
    """What sessions before the first one leave: indicators and the gate, as they then are."""

    studies: Studies
    past: Past
    gate: BarGate


def with_warmed(
    content: dict[str, Any], warmed: Warmed, symbols: Collection[str]
) -> dict[str, Any]:
    """Return an inheritance in which some symbols have the past that was warmed, as it is.

    What the gate found in it counts.
    """
    own = {name: list(columns) for name, columns in content["indicators"].items()}
    found = studies_to_json(warmed.studies, warmed.past.state)
    gate, left = content["gate"], warmed.gate.left()
    closes = list(gate["earlier_close"])
    for s, symbol in enumerate(content["symbols"]):
        if symbol in symbols:
            closes[s] = left["earlier_close"][s]
            for name, columns in found.items():
                own.setdefault(name, [None] * len(content["symbols"]))[s] = columns[s]
    counts = {name: gate["counts"].get(name, 0) + n for name, n in left["counts"].items()}
    return dict(content, indicators=own, gate={"earlier_close": closes, "counts": counts})


def take_over(
    content: dict[str, Any],
    book: Book,
    studies: Studies,
    state: Floats,
    gate: BarGate,
    orders: dict[str, Order],
) -> Halt:
    """Write an inheritance into a new session's book, indicators, gate and orders."""
    arrays_from_json(book, content["book"])
    relist(book)
    left = upgraded(content["indicators"], studies.interval_minutes)
    take_studies(studies, state, left, content["symbols"], content["symbols"])
    gate.take_over(content.get("gate", {}))
    for fields in content.get("orders", ()):
        order = order_from_fields(fields)
        orders[order.client_order_id] = order
    return Halt(
        bool(content.get("halted", False)),
        str(content.get("halt_reason", "")),
        int(content.get("halt_us", 0)),
    )
