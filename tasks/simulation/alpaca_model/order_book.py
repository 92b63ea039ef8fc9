"""The broker's orders and how they live: accepted, held, active, filled, replaced, ended."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from tasks.simulation.alpaca_model.answers import Json
from tasks.simulation.alpaca_model.holdings import Holdings
from tasks.simulation.alpaca_model.order_changes import Execution, Replacement, update_json
from tasks.simulation.alpaca_model.order_requests import OrderRequest, leg_prices, leg_type
from tasks.simulation.alpaca_model.their_orders import (
    OrderClass,
    TheirOrder,
    TheirStatus,
)


class OrderBook:
    """Keeps every order ever sent; each change is an update of the stream.

    `is_prompt` says that requests take effect at once; otherwise orders are pending until
    `settle`, and may be filled meanwhile. Ids are made of `name` and a count.
    """

    def __init__(self, name: str, holdings: Holdings, *, is_prompt: bool = True) -> None:
        self.holdings = holdings
        self.is_prompt = is_prompt
        self.orders: dict[str, TheirOrder] = {}
        self.by_client_id: dict[str, str] = {}
        self.updates: list[Json] = []
        self.executions: list[Execution] = []
        self._name = name
        self._made = 0
        self._pending: list[TheirOrder] = []

    def new_id(self) -> str:
        """Return an id that no other thing of this broker has."""
        self._made += 1
        return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{self._name}/{self._made}"))

    def open_orders(self, symbol: str | None = None) -> list[TheirOrder]:
        """Return what may still change, in the order in which it came."""
        return [
            order
            for order in self.orders.values()
            if order.is_open and (symbol is None or order.symbol == symbol)
        ]

    def works(self, order: TheirOrder) -> bool:
        """Return whether an order may be filled now; the stop of an OCO may although it is held."""
        if order.status is TheirStatus.HELD:
            return order.order_class is OrderClass.OCO
        return order.is_open and order.status is not TheirStatus.PENDING_NEW

    def legs(self, order: TheirOrder) -> list[TheirOrder]:
        """Return the legs of an order, those in whose place another came left out."""
        found = (self.orders[id_] for id_ in order.leg_ids)
        return [leg for leg in found if leg.status is not TheirStatus.REPLACED]

    def parent(self, order: TheirOrder) -> TheirOrder | None:
        """Return the order that a leg hangs on, the newest where that was replaced."""
        parent = self.orders.get(order.parent_id)
        while parent is not None and parent.replaced_by is not None:
            parent = self.orders[parent.replaced_by]
        return parent

    def alternatives(self, order: TheirOrder) -> Iterator[TheirOrder]:
        """Yield what ends when this order is filled: the other leg, or the other side of an OCO."""
        parent = self.parent(order)
        group = self.legs(order) if parent is None else self.legs(parent)
        if parent is not None and order.order_class is OrderClass.OCO:
            group = [parent, *group]
        if parent is None and order.order_class is not OrderClass.OCO:
            return
        yield from (other for other in group if other.id != order.id and other.is_open)

    def accept(
        self,
        request: OrderRequest,
        asset_id: str,
        expires_at: datetime | None,
        now: datetime,
        *,
        is_open: bool,
    ) -> TheirOrder:
        """Take a request that nothing speaks against; return its order, legs included."""
        order_id = self.new_id()
        order = TheirOrder(
            order_id,
            request.client_order_id or self.new_id(),
            asset_id,
            request.symbol,
            request.side,
            request.qty,
            request.order_class,
            request.order_type,
            request.time_in_force,
            request.limit_price,
            request.stop_price,
            TheirStatus.PENDING_NEW,
            now,
            now,
            expires_at,
            request.extended_hours,
        )
        self._keep(order)
        for limit_price, stop_price in leg_prices(request):
            leg = replace(
                order,
                id=self.new_id(),
                client_order_id=self.new_id(),
                side=order.side if request.order_class is OrderClass.OCO else order.side.other,
                order_type=leg_type(limit_price, stop_price),
                limit_price=limit_price,
                stop_price=stop_price,
                status=TheirStatus.HELD,
                parent_id=order_id,
                leg_ids=[],
            )
            self._keep(leg)
            order.leg_ids.append(leg.id)
        self._say("pending_new", order)
        if not is_open:
            order.status = TheirStatus.ACCEPTED
            self._say("accepted", order)
        elif self.is_prompt:
            self._activate(order, now)
        else:
            self._pending.append(order)
        return order

    def cancel(self, order: TheirOrder, now: datetime) -> None:
        """End an order at its owner's word, and what hangs on it."""
        if self.is_prompt or order.status is TheirStatus.HELD:
            self.end(order, TheirStatus.CANCELED, now)
            return
        order.status, order.updated_at = TheirStatus.PENDING_CANCEL, now
        self._say("pending_cancel", order)
        self._pending.append(order)

    def replace(self, order: TheirOrder, change: Replacement, now: datetime) -> TheirOrder:
        """Put a new order in the place of one; return the new one."""
        newer = replace(
            order,
            id=self.new_id(),
            client_order_id=change.client_order_id or self.new_id(),
            qty=change.qty or order.qty,
            limit_price=change.limit_price or order.limit_price,
            stop_price=change.stop_price or order.stop_price,
            time_in_force=change.time_in_force or order.time_in_force,
            filled_qty=Decimal(0),
            paid=Decimal(0),
            filled_at=None,
            submitted_at=now,
            updated_at=now,
            replaces=order.id,
            leg_ids=list(order.leg_ids),
        )
        self._keep(newer)
        if self.is_prompt or order.status is TheirStatus.HELD:
            self._take_place(order, newer, now)
        else:
            newer.status = TheirStatus.PENDING_NEW
            order.status, order.updated_at = TheirStatus.PENDING_REPLACE, now
            self._say("pending_replace", order)
            self._pending.append(newer)
        return newer

    def settle(self, now: datetime) -> None:
        """Carry out what is pending; a request that comes after the fill is refused."""
        pending, self._pending = self._pending, []
        for order in pending:
            old = self.orders.get(order.replaces or "")
            if order.status is TheirStatus.PENDING_CANCEL:
                self.end(order, TheirStatus.CANCELED, now)
                if old is not None and old.status is TheirStatus.PENDING_REPLACE:
                    # What was to take its place is gone: it goes on as it was.
                    filled = TheirStatus.PARTIALLY_FILLED
                    old.status = filled if old.filled_qty else TheirStatus.NEW
                    old.updated_at = now
                    self._say("order_replace_rejected", old)
            elif order.status is not TheirStatus.PENDING_NEW:
                continue
            elif old is None:
                self._activate(order, now)
            elif old.is_open:
                self._take_place(old, order, now)
            else:
                order.status, order.failed_at = TheirStatus.REJECTED, now
                self._say("rejected", order)

    def begin_day(self, now: datetime) -> None:
        """Send what was accepted while the market was closed."""
        for order in self.open_orders():
            if order.status is TheirStatus.ACCEPTED:
                self._activate(order, now)

    def execute(self, order: TheirOrder, qty: Decimal, price: Decimal, now: datetime) -> None:
        """Fill a part of an order at a price, and do what follows from it."""
        order.filled_qty += qty
        order.paid += qty * price
        order.updated_at = order.filled_at = now
        self.holdings.trade(order.symbol, qty * order.side.sign, price)
        is_done = order.remaining == 0
        if is_done:
            order.status = TheirStatus.FILLED
        elif order.status in (TheirStatus.NEW, TheirStatus.HELD):
            order.status = TheirStatus.PARTIALLY_FILLED
        execution = Execution(
            self.new_id(),
            order.id,
            order.symbol,
            order.side,
            qty,
            price,
            order.filled_qty,
            order.remaining,
            order.status,
            now,
        )
        self.executions.append(execution)
        self._say("fill" if is_done else "partial_fill", order, execution)
        for other in list(self.alternatives(order)):
            if is_done or order.is_triggered:
                self._end_alone(other, TheirStatus.CANCELED, now)
            else:
                other.qty = other.filled_qty + order.remaining
        if is_done and order.order_class is not OrderClass.OCO:
            for leg in self.legs(order):
                if leg.status is TheirStatus.HELD:
                    self._activate(leg, now)

    def end(self, order: TheirOrder, status: TheirStatus, now: datetime) -> None:
        """End an order without a fill, and with it whatever is open of its group."""
        self._end_alone(order, status, now)
        parent = self.parent(order)
        together = self.legs(order) if parent is None else [parent, *self.legs(parent)]
        for other in together:
            if other.is_open:
                self._end_alone(other, status, now)

    def expire(self, now: datetime) -> None:
        """End the orders of a day that is over."""
        for order in self.open_orders():
            if order.expires_at is not None and order.expires_at <= now:
                self._end_alone(order, TheirStatus.EXPIRED, order.expires_at)

    def _keep(self, order: TheirOrder) -> None:
        self.orders[order.id] = order
        self.by_client_id[order.client_order_id] = order.id

    def _activate(self, order: TheirOrder, now: datetime) -> None:
        order.status, order.updated_at = TheirStatus.NEW, now
        self._say("new", order)

    def _take_place(self, old: TheirOrder, newer: TheirOrder, now: datetime) -> None:
        newer.qty -= old.filled_qty
        newer.status = TheirStatus.HELD if old.status is TheirStatus.HELD else TheirStatus.NEW
        old.status = TheirStatus.REPLACED
        old.updated_at = old.replaced_at = now
        old.replaced_by = newer.id
        parent = self.parent(newer)
        if parent is not None:
            parent.leg_ids.insert(parent.leg_ids.index(old.id), newer.id)
        self._say("replaced", old)
        self._say("new", newer)

    def _end_alone(self, order: TheirOrder, status: TheirStatus, now: datetime) -> None:
        order.status, order.updated_at = status, now
        if status is TheirStatus.EXPIRED:
            order.expired_at = now
        else:
            order.canceled_at = now
        self._say(status.value, order)

    def _say(self, event: str, order: TheirOrder, execution: Execution | None = None) -> None:
        number, held = len(self.updates) + 1, self.holdings.quantity(order.symbol)
        self.updates.append(update_json(number, event, order, self.legs(order), execution, held))
