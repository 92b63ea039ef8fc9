"""What an entry asks for, in the same words whether an order says it or the book waits for it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from trading.engine.book import Book
from trading.engine.book_changes import plan_entry, rest_entry
from trading.session.orders import OrderType, TargetKind

if TYPE_CHECKING:
    from trading.session.events import Intent
    from trading.session.orders import Order

# By the numbers of `trading.entries`.
ORDER_TYPES = (OrderType.MARKET, OrderType.STOP, OrderType.LIMIT)
TARGET_KINDS = (TargetKind.USD, TargetKind.FRACTION, TargetKind.R)


class EntryTerms(NamedTuple):
    """An entry's signed quantity, how it is ordered, and its protection; prices in USD.

    `target_offset` counts from the entry's fill in what `target_kind` says. Two entries of equal
    terms are one: nothing is to be cancelled for the other.
    """

    quantity: int
    reference_price: float
    stop_price: float
    target_offset: float | None
    target_kind: TargetKind
    order_type: OrderType
    level: float | None


def terms_of(order: Order | Intent) -> EntryTerms:
    """Return what an entry order asks for; rows of earlier versions may leave prices out."""
    return EntryTerms(
        order.quantity,
        order.reference_price or 0.0,
        order.stop_price or 0.0,
        order.target_offset,
        TargetKind(order.target_kind),
        OrderType(order.order_type),
        order.level,
    )


def awaited_terms(book: Book, s: int) -> EntryTerms | None:
    """Return the entry that the book waits for, None where it waits for none."""
    if book.pending[s] == 0:
        return None
    return EntryTerms(
        int(book.pending[s]),
        float(book.pending_reference[s]),
        float(book.pending_stop[s]),
        _known(book.pending_target[s]),
        TARGET_KINDS[book.pending_target_kind[s]],
        ORDER_TYPES[book.pending_order[s]],
        _known(book.pending_level[s]),
    )


def await_entry(book: Book, s: int, terms: EntryTerms) -> None:
    """Let the book wait for an entry, until it is cancelled or filled."""
    offset = _number(terms.target_offset)
    plan_entry(book, s, terms.quantity, terms.reference_price, terms.stop_price, offset)
    rest_entry(
        book,
        s,
        ORDER_TYPES.index(terms.order_type),
        _number(terms.level),
        0,
        TARGET_KINDS.index(terms.target_kind),
    )


def fill_by(book: Book, s: int, terms: EntryTerms) -> None:
    """Let the symbol's next entry fill find the level, stop and target of these terms."""
    book.pending_stop[s] = terms.stop_price
    book.pending_target[s] = _number(terms.target_offset)
    book.pending_target_kind[s] = TARGET_KINDS.index(terms.target_kind)
    book.pending_order[s] = ORDER_TYPES.index(terms.order_type)
    book.pending_level[s] = _number(terms.level)


def _known(value: float) -> float | None:
    return None if math.isnan(value) else float(value)


def _number(value: float | None) -> float:
    return math.nan if value is None else value
