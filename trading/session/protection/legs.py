"""Which orders protect a position at this moment, and which only will."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from trading.session.orders import Leg, Order, Status

PROTECTION = (Leg.STOP, Leg.TARGET)
_AT_WORK = (Status.WORKING, Status.TRIGGERED)


def legs_of(order: Order) -> tuple[str, ...]:
    """Return the ids of the legs that an order carries."""
    return tuple(name for name in (order.stop_id, order.target_id) if name)


def is_filling(order: Order) -> bool:
    """Return whether an order is an entry of which more may be filled."""
    return order.leg == Leg.ENTRY and order.is_live and order.remaining > 0


def is_unheard(order: Order) -> bool:
    """Return whether an order is known to be filled before all of its fills have been heard."""
    return order.status == Status.FILLED and order.remaining > 0


def parent_of(leg: Order, known: Iterable[Order]) -> Order | None:
    """Return the newest entry that carries a leg, None for an order of its own.

    An entry that ended unfilled leaves the names of its legs to the next one.
    """
    carrying = [
        order for order in known if order.leg == Leg.ENTRY and leg.client_order_id in legs_of(order)
    ]
    return max(carrying, key=lambda order: order.attempt, default=None)


def is_held(leg: Order, known: Iterable[Order]) -> bool:
    """Return whether a leg rests for nothing yet: its entry is not filled whole.

    So it is where a broker rests protection by the orders of a bracket.
    """
    parent = parent_of(leg, known)
    return leg.status == Status.HELD or (parent is not None and is_filling(parent))


def guarded_quantity(known: Sequence[Order], held: int, *, are_legs_held: bool) -> int:
    """Return for how many of the shares held, signed, a stop rests or an exit is at work.

    `are_legs_held` says that an entry's legs rest only once it is filled whole. What an exit is
    known to have filled is gone already, though its fills have not been heard.
    """
    guarded = 0
    for order in known:
        if order.quantity * held >= 0:
            continue
        if is_unheard(order):
            guarded += order.remaining
        if order.status not in _AT_WORK:
            continue
        is_asleep = are_legs_held and is_held(order, known)
        if not is_asleep and (order.leg == Leg.EXIT or _is_stop(order, known)):
            guarded += order.remaining
    return min(guarded, abs(held))


def _is_stop(order: Order, known: Sequence[Order]) -> bool:
    """Return whether an order is a stop, or a target with a stop that nobody has named yet."""
    if order.leg == Leg.TARGET and order.stop_id is not None:
        return all(other.client_order_id != order.stop_id for other in known)
    return order.leg == Leg.STOP
