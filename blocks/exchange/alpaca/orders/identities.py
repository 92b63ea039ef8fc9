"""Whose an order at Alpaca is: their ids and our client order ids, legs and replacements too."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from blocks.exchange.alpaca.orders.their_order import TheirOrder
from trading.session.events import Intent
from trading.session.orders import Leg, is_ours

# A replaced order is another order with another id: ours, and which replacement it is.
_REPLACED = re.compile(r"(.+)~(\d+)")
LONGEST_CLIENT_ID = 48


@dataclass(frozen=True, slots=True)
class Link:
    """Of which order a leg is, by our id of that order, and which leg it is."""

    parent: str
    leg: Leg


class Identities:
    """Learns from intents, from the journal and from every order that Alpaca shows."""

    def __init__(self) -> None:
        self._ours: dict[str, str] = {}
        self._theirs: dict[str, str] = {}
        self._links: dict[str, Link] = {}
        self._symbols: dict[str, str] = {}
        self._expected: dict[Link, str] = {}
        self._replacements: dict[str, int] = {}

    def expect(self, intent: Intent) -> None:
        """Take note of the ids that the legs of an order have with us, before it is sent."""
        if intent.stop_id is not None:
            self._expected[Link(intent.client_order_id, Leg.STOP)] = intent.stop_id
        if intent.target_id is not None:
            self._expected[Link(intent.client_order_id, Leg.TARGET)] = intent.target_id

    def know(self, their_ids: Mapping[str, str]) -> None:
        """Take note of our ids by theirs, as the journal has them."""
        for theirs, ours in their_ids.items():
            self._ours[theirs] = ours
            self._theirs.setdefault(ours, theirs)

    def learn(self, orders: Iterable[TheirOrder]) -> None:
        """Take note of orders, their legs and what replaces what; the older first."""
        for order in orders:
            self._learn(order)
            kept = self._ours.get(order.id)
            for leg in order.legs or ():
                if kept is not None:
                    self._links.setdefault(leg.id, Link(kept, _kind(leg)))
                self._learn(leg)

    def ours(self, their_id: str) -> str:
        """Return our client order id of an order, an empty text where it has none."""
        return self._ours.get(their_id, "")

    def theirs(self, ours: str) -> str:
        """Return the id of the order that stands for ours now, an empty text for none."""
        return self._theirs.get(ours, "")

    def link(self, their_id: str) -> Link | None:
        """Return of which order of ours this is a leg."""
        return self._links.get(their_id)

    def is_foreign(self, their_id: str) -> bool:
        """Return whether an order is neither ours nor a leg of ours."""
        return their_id not in self._ours and their_id not in self._links

    def points_to(self, ours: str, their_id: str) -> None:
        """Take note of which of several orders stands for ours now."""
        self._theirs[ours] = their_id

    def unnamed_leg(self, symbol: str, leg: str) -> str:
        """Return the id of a symbol's leg that has no id of ours yet, the newest; or nothing.

        So it is after a restart, until the journal is known.
        """
        found = [
            theirs
            for theirs, link in self._links.items()
            if link.leg == leg and theirs not in self._ours and self._symbols.get(theirs) == symbol
        ]
        return found[-1] if found else ""

    def next_client_id(self, ours: str) -> str | None:
        """Return the client order id of the next replacement, None where it grows too long."""
        name = f"{ours}~{self._replacements.get(ours, 1) + 1}"
        return name if len(name) <= LONGEST_CLIENT_ID else None

    def used(self, client_order_id: str) -> None:
        """Take note that a client order id was sent: it is refused ever after."""
        found = _REPLACED.fullmatch(client_order_id)
        if found:
            ours, number = found[1], int(found[2])
            self._replacements[ours] = max(number, self._replacements.get(ours, 1))

    def _learn(self, order: TheirOrder) -> None:
        self._symbols[order.id] = order.symbol
        self.used(order.client_order_id)
        name = base_of(order.client_order_id)
        before = order.replaces
        if before is not None and order.id not in self._links and before in self._links:
            # Alpaca replaces orders by itself too: a stop that is reached, a split.
            self._links[order.id] = self._links[before]
        link = self._links.get(order.id)
        if is_ours(name):
            self._ours[order.id] = name
        elif link is not None and link in self._expected:
            self._ours.setdefault(order.id, self._expected[link])
        elif before is not None and self._links.get(before) == link and before in self._ours:
            self._ours.setdefault(order.id, self._ours[before])
        kept = self._ours.get(order.id)
        if kept is not None and (kept not in self._theirs or not order.is_ended):
            self._theirs[kept] = order.id


def base_of(client_order_id: str) -> str:
    """Return our id of an order by the client order id that it or its replacement has.

    >>> base_of("ob-20260302-AAPL-stop-1-0123456789~3")
    'ob-20260302-AAPL-stop-1-0123456789'
    """
    found = _REPLACED.fullmatch(client_order_id)
    return found[1] if found else client_order_id


def leg_in(client_order_id: str) -> Leg:
    """Return which leg an id of ours names."""
    return Leg(client_order_id.rsplit("-", 3)[1])


def _kind(leg: TheirOrder) -> Leg:
    return Leg.TARGET if leg.type == "limit" else Leg.STOP
