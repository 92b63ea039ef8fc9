"""Under which id of ours an order of the exchange is in the books."""

from __future__ import annotations

from dataclasses import replace

from trading.session.broker.exchange_port import ExchangeEvent
from trading.session.events import Discrepancy, Fill, OrderUpdate
from trading.session.orders import Leg, Order, Status
from trading.session.state import SessionState


def named_event(state: SessionState, item: ExchangeEvent) -> ExchangeEvent:
    """Return an event under our id of its order, as far as the books know the order or its entry.

    The exchange's own id goes with it into the journal.
    """
    event = item.event
    if isinstance(event, Discrepancy):
        return item
    if isinstance(event, OrderUpdate) and item.their_id:
        event = replace(event, their_id=item.their_id)
    if event.client_order_id not in state.orders:
        order_id = _id_in(state, item.their_id, item.protects, event.leg)
        if order_id:
            event = replace(event, client_order_id=order_id, leg=_leg_of(state, order_id, event))
    return replace(item, event=event)


def named_order(state: SessionState, order: Order) -> Order:
    """Return an order of the exchange under our id, as `named_event` does."""
    if order.client_order_id in state.orders:
        return order
    order_id = _id_in(state, order.their_id, order.protects, order.leg)
    return replace(order, client_order_id=order_id) if order_id else order


def first_word_of(state: SessionState, item: ExchangeEvent) -> OrderUpdate | None:
    """Return what the journal is to know of an order before its fill, None where it knows it.

    A fill does not say under which id the exchange has its order, and of a leg that the exchange
    made it may be the first that is heard.
    """
    fill = item.event
    if not isinstance(fill, Fill) or not item.their_id or item.their_id in state.their_ids:
        return None
    order = state.orders.get(fill.client_order_id)
    if order is not None:
        status, quantity, price = order.status, order.quantity, order.price
        if status in (Status.INTENDED, Status.UNKNOWN):
            status = Status.WORKING
    else:
        entry = state.orders.get(item.protects)
        if entry is None:
            return None
        # A target may have a stop that goes with it, on its own side.
        sign = 1 if (entry.quantity > 0) == (entry.leg != Leg.ENTRY) else -1
        status, quantity = Status.WORKING, sign * (entry.filled or abs(entry.quantity))
        price = entry.stop_price if fill.leg == Leg.STOP else None
    return OrderUpdate(
        fill.client_order_id,
        fill.symbol,
        fill.leg,
        status,
        fill.us,
        price,
        quantity,
        their_id=item.their_id,
    )


def _id_in(state: SessionState, their_id: str, protects: str, leg: str) -> str:
    known = state.their_ids.get(their_id)
    if known:
        return known
    entry = state.orders.get(protects)
    if entry is None or leg not in (Leg.STOP, Leg.TARGET):
        return ""
    return (entry.stop_id if leg == Leg.STOP else entry.target_id) or ""


def _leg_of(state: SessionState, order_id: str, event: Fill | OrderUpdate) -> str:
    known = state.orders.get(order_id)
    return event.leg if known is None else known.leg
