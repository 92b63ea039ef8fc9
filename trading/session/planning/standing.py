"""One symbol as it stands, before anything is asked of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from trading.engine.book import Book
from trading.session.broker.facts import Abilities
from trading.session.orders import Leg, Order
from trading.session.protection.legs import PROTECTION, is_unheard


@dataclass(frozen=True, slots=True)
class Standing:
    """A symbol's number in the book, what is held of it on both sides, signed, and its orders.

    `known` are all its orders of the session, `live` those that may still change.
    """

    book: Book
    s: int
    symbol: str
    held: int
    known: list[Order]
    live: list[Order]

    def live_of(self, leg: Leg) -> list[Order]:
        """Return the orders of a leg that may still change."""
        return [order for order in self.live if order.leg == leg]


def ends_of(orders: list[Order], abilities: Abilities) -> list[Order]:
    """Return which of a symbol's orders are to be cancelled so that all of them end.

    Where a broker counts open exits as one, an entry's legs end with it, and a stop with its
    target; whether they did is looked up.
    """
    if not abilities.counts_open_exits:
        return orders
    entries = [order for order in orders if order.leg == Leg.ENTRY]
    exits = [order for order in orders if order.leg == Leg.EXIT]
    return [*exits, *(entries or [order for order in orders if order.leg in PROTECTION][:1])]


def common(ours: int, theirs: int) -> int:
    """Return the signed quantity that both sides have, 0 when they are on opposite sides."""
    if ours * theirs <= 0:
        return 0
    return min(ours, theirs) if ours > 0 else max(ours, theirs)


def left_of(ours: int, known: Iterable[Order]) -> int:
    """Return what is left of a position, signed, by the exits that are known to be filled.

    Their fills may not have been heard; what the exchange holds then is somebody else's.
    """
    exits = (order for order in known if order.leg != Leg.ENTRY and is_unheard(order))
    left = max(0, abs(ours) - sum(order.remaining for order in exits))
    return left if ours > 0 else -left
