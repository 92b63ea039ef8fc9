"""Where ledger and exchange differ: positions, open orders, and fills heard.

What others hold and order at the account blocks a symbol that is traded here, and no other.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from fractions import Fraction

from trading.session.objections import unbooked_fills
from trading.session.orders import Order, Status, is_ours
from trading.session.state import SessionState

UNEVEN_SPLITS = (Fraction(3, 2), Fraction(5, 2), Fraction(5, 4), Fraction(4, 3))
RESTING = (Status.WORKING, Status.TRIGGERED)


def quantity_differences(
    state: SessionState, positions: dict[str, int]
) -> dict[str, tuple[int, int]]:
    """Return symbols traded here whose quantity differs, as (ledger, exchange)."""
    found: dict[str, tuple[int, int]] = {}
    for symbol, s in state.index.items():
        ours = int(state.book.quantity[s])
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
        found[symbol] = f"ledger {ours}, exchange {theirs}{_explanation(ours, theirs)}"
    return dict(sorted(found.items()))


def held_by_others(
    state: SessionState, positions: Mapping[str, int], open_there: Iterable[Order]
) -> dict[str, str]:
    """Return in words, by symbol that is not traded here, what others have there."""
    orders = Counter(
        order.symbol
        for order in open_there
        if order.symbol not in state.index and not is_ours(order.client_order_id)
    )
    found: dict[str, str] = {}
    for symbol in sorted({*positions, *orders} - state.index.keys()):
        shares, count = positions.get(symbol, 0), orders[symbol]
        parts = [f"{shares} shares"] if shares else []
        parts += [f"{count} open order{'s' * (count > 1)}"] if count else []
        found[symbol] = " and ".join(parts)
    return found


def _explanation(ours: int, theirs: int) -> str:
    """Return what a difference may come from, where its numbers say so."""
    if ours == 0:
        return ": no order of ours made the position"
    ratio = Fraction(theirs, ours)
    is_whole = 1 in (ratio.numerator, ratio.denominator) and ratio > 0
    if is_whole or ratio in UNEVEN_SPLITS:
        return f": as after a split of {ratio.numerator} for {ratio.denominator}"
    return ""


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
        if not is_ours(order_id):
            if order.symbol in state.index:
                side = "buys" if order.quantity > 0 else "sells"
                name = f" ({order_id})" if order_id else ""
                found[order.symbol] = (
                    f"an open order that is not ours{name} {side} {abs(order.quantity)} shares"
                )
        elif ours is None or not ours.is_live:
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
