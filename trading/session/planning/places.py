"""How many positions there may be, where entries that are to end may still be filled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from trading.engine.book import Book
from trading.session.entry_terms import awaited_terms
from trading.session.events import Intent
from trading.session.orders import Leg, Order


def within_places(
    entries: Sequence[Intent],
    book: Book,
    symbols: Sequence[str],
    orders: Mapping[str, Sequence[Order]],
    most: int,
) -> list[Intent]:
    """Return the entries that there is room for, the first ones, at a broker elsewhere.

    An entry whose cancel is not confirmed is no part of the book any more, and may be filled at
    this moment: it keeps its place among the `most` positions until it is known to be gone. What
    waits for such a place is asked for at a later look. `orders` are a symbol's, by symbol.
    """
    taken = 0
    for s, symbol in enumerate(symbols):
        is_held = bool(book.quantity[s]) and not book.exit_waiting[s]
        may_fill = any(o.is_live and o.leg == Leg.ENTRY for o in orders.get(symbol, ()))
        is_awaited = awaited_terms(book, s) is not None
        taken += is_held or is_awaited or (may_fill and not book.quantity[s])
    too_many = max(0, taken - most)
    return list(entries[: max(0, len(entries) - too_many)])
