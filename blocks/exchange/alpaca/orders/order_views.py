"""What orders of ours come to, over all the orders that stood for them at Alpaca."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from blocks.exchange.alpaca.account_facts import whole
from blocks.exchange.alpaca.orders.identities import Identities, leg_in
from blocks.exchange.alpaca.orders.their_order import TheirOrder, status_of
from trading.session.broker.answers import Refusal, Refused, reason_of
from trading.session.events import OrderUpdate
from trading.session.orders import Leg, Order, OrderType, Status, attempt_of

NEVER = datetime.min.replace(tzinfo=UTC)


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
        return sum(whole(member.filled) for member in self.members)

    @property
    def quantity(self) -> int:
        """Return the signed quantity in all: what replaced an order is what was left of it.

        One that was filled before a replacement could take its place leaves that nothing.
        """
        others = [member for member in self.members if member.id != self.current.id]
        before = sum(whole(member.filled) for member in others if member.status == "replaced")
        return self.current.sign * (whole(self.current.qty or self.current.filled) + before)

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
            self._reason,
            self.current.id,
        )

    @property
    def _reason(self) -> str:
        if self.status == Status.EXPIRED:
            return "it ended with the day"
        if self.status != Status.REJECTED:
            return ""
        # Why, nobody says: an entry is left at that, and what a position waits for is tried again.
        refusal = Refusal.PERMANENT if self.leg == Leg.ENTRY else Refusal.RETRY
        return reason_of(Refused(refusal, "alpaca rejected it after taking it"))


class OrderViews:
    """Keeps the newest that Alpaca said of each order, and puts together what belongs together."""

    def __init__(self, identities: Identities) -> None:
        self._identities = identities
        self._records: dict[str, TheirOrder] = {}

    def take(self, orders: Iterable[TheirOrder]) -> set[str]:
        """Take orders with their legs, and return the ids of all of them.

        An older word of the same order changes nothing.
        """
        parents = list(orders)
        self._identities.learn(parents)
        found = [order for parent in parents for order in (parent, *(parent.legs or ()))]
        for order in found:
            self._keep(order)
        return {order.id for order in found}

    def forget(self, their_id: str) -> None:
        """Forget an order of which Alpaca knows nothing."""
        self._records.pop(their_id, None)

    def forget_before(self, moment: datetime) -> None:
        """Forget orders that were sent before a moment and are over, with what they replaced."""
        over = {
            record.id
            for members in self._groups().values()
            if _current(members).is_ended
            for record in members
            if all(each.submitted_at and each.submitted_at < moment for each in members)
        }
        self._records = {
            their_id: record for their_id, record in self._records.items() if their_id not in over
        }

    def forget_others(self, seen: Collection[str], moment: datetime) -> None:
        """Forget orders of others from before a moment that are in no list of open ones."""
        for record in list(self._records.values()):
            is_old = record.submitted_at is not None and record.submitted_at < moment
            if is_old and record.id not in seen and self._identities.is_foreign(record.id):
                self.forget(record.id)

    def record(self, their_id: str) -> TheirOrder | None:
        """Return the newest that was said of an order."""
        return self._records.get(their_id)

    def unseen(self, seen: Collection[str]) -> list[str]:
        """Return the ids of orders of ours that a list of orders should have told of, and did not.

        What replaced one of them is not in it at times, nor a leg that never took its place.
        """
        ours = [r for r in self._records.values() if not self._identities.is_foreign(r.id)]
        missing = [r.id for r in ours if not r.is_ended and r.id not in seen]
        return missing + [
            record.replaced_by
            for record in ours
            if record.replaced_by is not None and record.replaced_by not in self._records
        ]

    def all(self) -> list[OrderView]:
        """Return every order, in the order in which Alpaca told of them first."""
        groups = self._groups()
        return [self._view(key, groups) for key in groups]

    def of(self, ours: str) -> OrderView | None:
        """Return an order of ours."""
        groups = self._groups()
        return self._view(ours, groups) if ours in groups else None

    def order(self, view: OrderView, symbol: str) -> Order:
        """Return an order, under the client order id that it has there if it is not ours.

        Of an entry's protection it says what its legs say; a target counts from the fill, where
        there is one.
        """
        current = view.current
        order = Order(
            view.ours or current.client_order_id,
            symbol,
            Leg(view.leg) if view.leg else Leg.ENTRY,
            view.quantity,
            price=current.price,
            status=view.status,
            filled=view.filled,
            attempt=attempt_of(view.ours),
            their_id=current.id,
        )
        if not view.ours or order.leg != Leg.ENTRY:
            return order
        order_type = _TYPES.get(current.type or "", OrderType.MARKET)
        order = replace(order, price=None, order_type=order_type, level=current.price)
        for leg in current.legs or ():
            link = self._identities.link(leg.id)
            name = self._identities.ours(leg.id) or None
            if link is not None and link.leg == Leg.STOP:
                order = replace(order, stop_price=leg.price, stop_id=name)
            elif link is not None and leg.price is not None:
                base = current.filled_avg_price or current.price
                offset = None if base is None else abs(leg.price - float(base))
                order = replace(order, target_offset=offset, target_id=name)
        return order

    def _keep(self, order: TheirOrder) -> None:
        known = self._records.get(order.id)
        if known is None or not _is_newer(known, order):
            self._records[order.id] = order

    def _groups(self) -> dict[str, list[TheirOrder]]:
        groups: dict[str, list[TheirOrder]] = {}
        for record in self._records.values():
            groups.setdefault(self._identities.ours(record.id) or record.id, []).append(record)
        return groups

    def _view(self, key: str, groups: dict[str, list[TheirOrder]]) -> OrderView:
        members = groups[key]
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
            status_of(current, is_guarded=_is_guarded(groups.get(link.parent) if link else None)),
        )


_TYPES = {"limit": OrderType.LIMIT, "stop": OrderType.STOP}


def _is_guarded(parents: list[TheirOrder] | None) -> bool:
    """Return whether Alpaca watches a leg that it holds: its parent is whole, or its other half."""
    return parents is not None and (
        _current(parents).is_whole or any(parent.order_class == "oco" for parent in parents)
    )


def _current(members: list[TheirOrder]) -> TheirOrder:
    """Return which of the orders that stood for ours does so now: the newest that still may trade.

    A replacement that ended before it took its place leaves the order that it was to replace. Of
    two for the same order, one refused and one that took its place, Alpaca may list either first.
    """
    by_id = {member.id: member for member in members}
    ordered = sorted(
        members,
        key=lambda member: (
            _depth(member, by_id),
            member.status != "rejected",
            member.submitted_at or NEVER,
        ),
    )
    live = [member for member in ordered if not member.is_ended]
    ended = [member for member in ordered if member.status != "replaced"]
    placed = [
        member
        for member in ended
        if member.replaces not in by_id or by_id[member.replaces].status == "replaced"
    ]
    return (live or placed or ended or ordered)[-1]


def _depth(member: TheirOrder, by_id: dict[str, TheirOrder]) -> int:
    """Return how many orders were replaced before this one."""
    depth = 0
    while member.replaces in by_id and depth < len(by_id):
        member, depth = by_id[member.replaces], depth + 1
    return depth


def _is_newer(known: TheirOrder, order: TheirOrder) -> bool:
    """Return whether what is known of an order is newer than what comes late."""
    if known.is_ended != order.is_ended:
        return known.is_ended
    if known.filled != order.filled:
        return known.filled > order.filled
    return known.changed_us > order.changed_us
