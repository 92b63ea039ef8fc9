"""What an exchange says that a session cannot book, in words."""

from __future__ import annotations

from trading.session.events import Fill, OrderUpdate
from trading.session.orders import IllegalTransition, Leg, is_ours, transition
from trading.session.state import SessionState


def objection_to(state: SessionState, event: Fill | OrderUpdate) -> str:
    """Return why an event of the exchange cannot be booked, an empty text where it can.

    What was heard before is no objection: exchanges repeat themselves.
    """
    if not is_ours(event.client_order_id):
        return _foreign(event)
    if event.symbol not in state.index:
        return f"order {event.client_order_id} is of a symbol that this session does not trade"
    return _misfit(state, event) if isinstance(event, Fill) else _contradiction(state, event)


def is_of_others(state: SessionState, event: Fill | OrderUpdate) -> bool:
    """Return whether an event is of somebody else's order, of a symbol that is not traded here."""
    return event.symbol not in state.index and not is_ours(event.client_order_id)


def _foreign(event: Fill | OrderUpdate) -> str:
    """Return what an order did that this account's sessions did not send: a person, the broker."""
    name = f" ({event.client_order_id})" if event.client_order_id else ""
    if isinstance(event, Fill):
        done = "bought" if event.quantity > 0 else "sold"
        return (
            f"{abs(event.quantity)} shares were {done} at {event.price:g} by an order that is not"
            f" ours{name}"
        )
    return f"an order that is not ours{name} is {event.status} at the exchange"


def _misfit(state: SessionState, fill: Fill) -> str:
    if state.has_heard(fill.exec_id):
        return ""
    order = state.orders.get(fill.client_order_id)
    if order is not None and abs(fill.quantity) > order.remaining:
        return f"fill {fill.exec_id} of {fill.quantity} is more than is left of its order"
    held = int(state.book.quantity[state.index[fill.symbol]])
    is_opposite = (fill.quantity > 0) != (held > 0)
    if fill.leg == Leg.ENTRY:
        if order is None:
            return f"fill {fill.exec_id} is of an entry that nobody knows"
        fits = held == 0 or not is_opposite
    else:
        fits = held != 0 and is_opposite and abs(fill.quantity) <= abs(held)
    if fits and fill.quantity != 0 and fill.price > 0:
        return ""
    return (
        f"fill {fill.exec_id} of {fill.quantity} at {fill.price:g} does not fit the position of"
        f" {held}"
    )


def _contradiction(state: SessionState, update: OrderUpdate) -> str:
    order = state.orders.get(update.client_order_id)
    if order is None:
        return ""
    try:
        transition(order, update.status)
    except IllegalTransition as error:
        return error.what
    return ""


def unbooked_fills(state: SessionState) -> dict[str, str]:
    """Return by symbol which filled order's fills do not add up to it."""
    return {
        order.symbol: (
            f"order {order.client_order_id} is filled with {abs(order.quantity)}, its fills are"
            f" {order.filled}"
        )
        for order in state.orders.values()
        if order.status == "filled" and order.filled != abs(order.quantity)
    }
