"""One symbol as it stands, before anything is asked of it."""

from __future__ import annotations

from dataclasses import dataclass

from trading.engine.book import Book
from trading.session.orders import Leg, Order


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


def common(ours: int, theirs: int) -> int:
    """Return the signed quantity that both sides have, 0 when they are on opposite sides."""
    if ours * theirs <= 0:
        return 0
    return min(ours, theirs) if ours > 0 else max(ours, theirs)
