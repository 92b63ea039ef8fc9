"""Where ledger and exchange differ: the union of positions, open orders, and fills heard."""

from __future__ import annotations

from trading.session.objections import unbooked_fills
from trading.session.orders import Order, Status
from trading.session.ports import Exchange
from trading.session.state import SessionState

RESTING = (Status.WORKING, Status.TRIGGERED)


def quantity_differences(
    state: SessionState, positions: dict[str, int]
) -> dict[str, tuple[int, int]]:
    """Return symbols whose quantity differs, as (ledger, exchange), over both sides' union."""
    found: dict[str, tuple[int, int]] = {}
    for symbol in {*state.index, *positions}:
        s = state.index.get(symbol)
        ours = 0 if s is None else int(state.book.quantity[s])
        if ours != positions.get(symbol, 0):
            found[symbol] = (ours, positions.get(symbol, 0))
    return found


def differences(state: SessionState, exchange: Exchange) -> dict[str, str]:
    """Return by symbol, in words, where the exchange differs from the ledger or contradicts it."""
    found = dict(state.discrepancies)
    found |= _order_differences(state, exchange.open_orders())
    found |= unbooked_fills(state)
    for symbol, (ours, theirs) in quantity_differences(state, exchange.positions()).items():
        found[symbol] = f"ledger {ours}, exchange {theirs}"
    return dict(sorted(found.items()))


def vanished_orders(state: SessionState, exchange: Exchange) -> list[Order]:
    """Return the orders that rest in the ledger and that the exchange has never heard of."""
    open_there = {order.client_order_id for order in exchange.open_orders()}
    asked = {intent.symbol for intent in state.unanswered.values()}
    return [
        order
        for order in state.orders.values()
        if order.status in RESTING
        and order.symbol not in asked
        and order.client_order_id not in open_there
        and exchange.find_order(order.client_order_id) is None
    ]


def _order_differences(state: SessionState, theirs: list[Order]) -> dict[str, str]:
    open_there = {order.client_order_id: order for order in theirs}
    asked = {intent.symbol for intent in state.unanswered.values()}
    found: dict[str, str] = {}
    for order_id, order in open_there.items():
        ours = state.orders.get(order_id)
        if ours is None or not ours.is_live:
            found[order.symbol] = f"order {order_id} is open at the exchange and not in the ledger"
        elif ours.quantity != order.quantity and order.symbol not in asked:
            found[order.symbol] = (
                f"order {order_id} is of {ours.quantity} in the ledger, of {order.quantity} at the"
                " exchange"
            )
    for order in state.orders.values():
        is_open = order.status in RESTING and order.symbol not in asked
        if is_open and order.client_order_id not in open_there:
            found[order.symbol] = (
                f"order {order.client_order_id} is open in the ledger and not at the exchange"
            )
    return found
