"""What orders of ours come to, over all the orders that stood for them at Alpaca."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from blocks.exchange.alpaca.account_facts import whole
from blocks.exchange.alpaca.identities import Identities, leg_in
from blocks.exchange.alpaca.their_order import TheirOrder, status_of
from trading.session.events import OrderUpdate
from trading.session.orders import Leg, Order, Status, attempt_of


@dataclass(frozen=True, slots=True)
class OrderView:
    """One order as we speak of it. `key` is our id, or theirs where it has none with us.

    `current` stands for it now, `members` are all that did, with what of them was traded.
    """

    key: str
    ours: str
    protects: str
    leg: str
    current: TheirOrder
    members: tuple[TheirOrder, ...]
    status: Status

    @property
    def filled(self) -> int:
        """Return the shares that were traded in all, not signed."""
        return whole(sum((member.filled for member in self.members), start=self.current.filled * 0))

    @property
    def quantity(self) -> int:
        """Return the signed quantity in all."""
        before = self.filled - whole(self.current.filled)
        return self.current.sign * (whole(self.current.qty or self.current.filled) + before)

    def order(self, symbol: str) -> Order:
        """Return the order, under the client order id that it has there if it is not ours."""
        return Order(
            self.ours or self.current.client_order_id,
            symbol,
            Leg(self.leg) if self.leg else Leg.ENTRY,
            self.quantity,
            price=self.current.price,
            status=self.status,
            filled=self.filled,
            attempt=attempt_of(self.ours),
            their_id=self.current.id,
        )

    def update(self, symbol: str) -> OrderUpdate:
        """Return how the order stands as news."""
        return OrderUpdate(
            self.ours,
            symbol,
            self.leg,
            self.status,
            max(member.changed_us for member in self.members),
            self.current.price,
            self.quantity,
            f"alpaca: {self.current.status}" if self.status in _SAID else "",
            self.current.id,
        )


_SAID = (Status.CANCELLED, Status.REJECTED, Status.EXPIRED)


class OrderViews:
    """Keeps the newest that Alpaca said of each order, and puts together what belongs together."""

    def __init__(self, identities: Identities) -> None:
        self._identities = identities
        self._records: dict[str, TheirOrder] = {}

    def take(self, orders: Iterable[TheirOrder]) -> None:
        """Take orders with their legs; an older word of the same order changes nothing."""
        found = list(orders)
        self._identities.learn(found)
        for order in found:
            self._keep(order)
            for leg in order.legs or ():
                self._keep(leg)

    def record(self, their_id: str) -> TheirOrder | None:
        """Return the newest that was said of an order."""
        return self._records.get(their_id)

    def successors(self) -> list[str]:
        """Return the ids of orders that replaced one of ours and were not seen yet."""
        return [
            record.replaced_by
            for record in self._records.values()
            if record.replaced_by is not None
            and record.replaced_by not in self._records
            and not self._identities.is_foreign(record.id)
        ]

    def all(self) -> list[OrderView]:
        """Return every order, in the order in which Alpaca told of them first."""
        groups: dict[str, list[TheirOrder]] = {}
        for record in self._records.values():
            groups.setdefault(self._identities.ours(record.id) or record.id, []).append(record)
        return [self._view(key, members) for key, members in groups.items()]

    def of(self, ours: str) -> OrderView | None:
        """Return an order of ours."""
        members = [
            record for record in self._records.values() if self._identities.ours(record.id) == ours
        ]
        return self._view(ours, members) if members else None

    def _keep(self, order: TheirOrder) -> None:
        known = self._records.get(order.id)
        if known is not None and _is_newer(known, order):
            return
        self._records[order.id] = order

    def _view(self, key: str, members: list[TheirOrder]) -> OrderView:
        current = _current(members)
        ours = self._identities.ours(current.id)
        if ours:
            self._identities.points_to(ours, current.id)
        link = self._identities.link(current.id)
        leg = leg_in(ours) if ours else link.leg if link else ""
        return OrderView(
            key,
            ours,
            link.parent if link and not ours else "",
            leg,
            current,
            tuple(members),
            status_of(current, is_guarded=self._is_guarded(current)),
        )

    def _is_guarded(self, leg: TheirOrder) -> bool:
        link = self._identities.link(leg.id)
        parent = self.of(link.parent) if link else None
        if parent is None:
            return False
        is_pair = any(member.order_class == "oco" for member in parent.members)
        return is_pair or parent.status == Status.FILLED


def _current(members: list[TheirOrder]) -> TheirOrder:
    """Return which of the orders that stood for ours does so now.

    A replacement that was refused leaves the order that it was to replace.
    """
    replaced = {member.replaces for member in members if member.status != "rejected"}
    standing = [
        member for member in members if member.id not in replaced and member.status != "replaced"
    ]
    taken = [member for member in standing if member.status != "rejected"]
    return (taken or standing or members)[-1]


def _is_newer(known: TheirOrder, order: TheirOrder) -> bool:
    """Return whether what is known of an order is newer than what comes late."""
    if known.is_ended and not order.is_ended:
        return True
    if known.filled > order.filled:
        return True
    return known.changed_us > order.changed_us and known.filled == order.filled
