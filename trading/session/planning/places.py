"""What room there is for entries, where others that are to end may still be filled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from trading.engine.book import Book, equity, gross_exposure, reserved_cost
from trading.session.entry_terms import EntryTerms, awaited_terms, terms_of
from trading.session.events import Intent
from trading.session.orders import Leg, Order
from trading.session.protection.legs import is_unheard

# Sizes are within the money of a decision's prices, which move a little until they are asked for.
SLACK = 0.01


def within_places(
    entries: Sequence[Intent],
    book: Book,
    symbols: Sequence[str],
    orders: Mapping[str, Sequence[Order]],
    most: int,
    leverage: float,
) -> list[Intent]:
    """Return the entries that there is room for, the first ones, at a broker elsewhere.

    An entry whose cancel is not confirmed is no part of the book any more, and may be filled at
    this moment: it keeps its place among the `most` positions, and its money of `leverage` times
    the equity, until it is known to be gone; so does one in whose place another is awaited, which
    may be the smaller. One that was filled all the same keeps both. What waits for such a place is
    asked for at a later look. `orders` are a symbol's, by symbol.
    """
    taken, may_cost = 0, 0.0
    for s, symbol in enumerate(symbols):
        is_held = bool(book.quantity[s]) and not book.exit_waiting[s]
        awaited = awaited_terms(book, s)
        ending = [
            order
            for order in orders.get(symbol, ())
            if order.leg == Leg.ENTRY and _may_fill(order) and terms_of(order) != awaited
        ]
        taken += is_held or awaited is not None or bool(ending and not book.quantity[s])
        mark = float(book.mark[s])
        ending_cost = sum(
            _cost(terms_of(order)._replace(quantity=order.remaining), mark) for order in ending
        )
        # Of the entry that is to take its place the book has the money already.
        reserved = 0.0 if awaited is None else _cost(awaited, mark)
        may_cost += max(0.0, ending_cost - reserved)
    room = max(0, len(entries) - max(0, taken - most))
    left = list(entries[:room])
    worth = leverage * equity(book)
    money = (1 + SLACK) * worth - gross_exposure(book) - reserved_cost(book) - may_cost
    # The money of those that were left out already is free.
    money += sum(_cost(terms_of(entry)) for entry in entries[room:])
    while left and money < 0:
        money += _cost(terms_of(left.pop()))
    return left


def _may_fill(order: Order) -> bool:
    """Return whether more of an order may be filled, or is and has not been heard."""
    return order.is_live or is_unheard(order)


def _cost(terms: EntryTerms, mark: float = 0.0) -> float:
    """Return what an entry may cost, USD; `mark` is for rows that leave its prices out."""
    return abs(terms.quantity) * (terms.reference_price or terms.level or mark)
