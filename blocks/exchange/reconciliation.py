"""Where ledger and exchange differ: the union of positions, open orders, and fills heard."""

from __future__ import annotations

from trading.session.objections import unbooked_fills
from trading.session.orders import Order, Status
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


def differences(
    state: SessionState, open_there: list[Order], unequal: dict[str, tuple[int, int]]
) -> dict[str, str]:
    """Return by symbol, in words, where the exchange differs from the ledger or contradicts it.

    `unequal` is what `quantity_differences` has found.
    """
    found = dict(state.discrepancies)
    found |= _order_differences(state, open_there)
    found |= unbooked_fills(state)
    for symbol, (ours, theirs) in unequal.items():
        found[symbol] = f"ledger {ours}, exchange {theirs}"
    return dict(sorted(found.items()))


def only_here(state: SessionState, open_there: list[Order]) -> list[Order]:
    """Return the orders that rest in the ledger and not at the exchange, nothing being asked."""
    there = {order.client_order_id for order in open_there}
    asked = _asked(state)
    return [
        order
        for order in state.orders.values()
        if order.status in RESTING
        and order.symbol not in asked
        and order.client_order_id not in there
    ]


def _asked(state: SessionState) -> set[str]:
    return {intent.symbol for intent in state.unanswered.values()}


def _order_differences(state: SessionState, theirs: list[Order]) -> dict[str, str]:
    asked = _asked(state)
    found: dict[str, str] = {}
    for order in theirs:
        order_id = order.client_order_id
        ours = state.orders.get(order_id)
        if ours is None or not ours.is_live:
            found[order.symbol] = f"order {order_id} is open at the exchange and not in the ledger"
        elif ours.quantity != order.quantity and order.symbol not in asked:
            found[order.symbol] = (
                f"order {order_id} is of {ours.quantity} in the ledger, of {order.quantity} at the"
                " exchange"
            )
    for order in only_here(state, theirs):
        found[order.symbol] = (
            f"order {order.client_order_id} is open in the ledger and not at the exchange"
        )
    return found
