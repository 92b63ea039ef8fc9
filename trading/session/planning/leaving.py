"""How a position is left."""

from __future__ import annotations

from collections.abc import Mapping

from trading.reasons import EXIT_OPERATOR, EXIT_UNPROTECTED, ExitReason
from trading.session.broker.facts import Abilities
from trading.session.events import Intent
from trading.session.orders import Leg, Status
from trading.session.planning.order_names import OrderNames, next_attempt
from trading.session.planning.standing import Standing, ends_of
from trading.session.protection.legs import PROTECTION

# What waits for no bar of a simulated exchange.
_AT_ONCE = (EXIT_OPERATOR, EXIT_UNPROTECTED)


def exit_of(
    names: OrderNames,
    standing: Standing,
    abilities: Abilities,
    newest: Mapping[str, float] | None,
) -> list[Intent]:
    """Return what leaves a position: first the end of what the exit does not end, then the exit.

    With `newest`, prices by symbol in USD, it is left now, at these prices or the last mark. So it
    is for an operator, and for a position that nothing protects: what the exchange is told is the
    newest price there is.
    """
    book, s, symbol, live = standing.book, standing.s, standing.symbol, standing.live
    is_immediate = newest is not None or int(book.exit_reason[s]) in _AT_ONCE
    if any(order.status == Status.TRIGGERED for order in live):
        return []
    if any(order.leg == Leg.EXIT and (order.is_immediate or not is_immediate) for order in live):
        return []
    others = [
        order for order in live if not (abilities.exit_ends_protection and order.leg in PROTECTION)
    ]
    if others:
        # Only what is confirmed cancelled is no risk to the quantity of the exit.
        return [names.cancel(order) for order in others]
    price = (newest or {}).get(symbol, float(book.mark[s]))
    return [_exit(names, standing, abs(standing.held), price if is_immediate else None)]


def exit_at_broker(names: OrderNames, standing: Standing, abilities: Abilities) -> list[Intent]:
    """Return what leaves a position at a broker, whose market orders wait for no bar.

    A stop that has begun to fill leaves it already. What else is there is first known to be gone:
    it may fill at this moment, and the exit is of what is left then.
    """
    firing = [order for order in standing.live if order.leg == Leg.STOP and order.filled > 0]
    leaving = firing or standing.live_of(Leg.EXIT)
    uncovered = abs(standing.held) - sum(order.remaining for order in leaving)
    others = standing.live if uncovered < 0 else [o for o in standing.live if o not in leaving]
    if others:
        return [names.cancel(order) for order in ends_of(others, abilities)]
    # Fills may be heard of after an exit was sent: what it leaves is left by another.
    return [_exit(names, standing, uncovered, None)] if uncovered else []


def _exit(names: OrderNames, standing: Standing, quantity: int, price: float | None) -> Intent:
    """Return a market order of so many shares; with a price, USD, it waits for no bar."""
    book, s, symbol = standing.book, standing.s, standing.symbol
    attempt = next_attempt(standing.known, Leg.EXIT)
    return Intent(
        "submit",
        names.name(symbol, Leg.EXIT, attempt),
        symbol,
        Leg.EXIT,
        quantity if standing.held < 0 else -quantity,
        names.epoch,
        attempt,
        reason=ExitReason(int(book.exit_reason[s])).word,
        reference_price=price,
        is_immediate=price is not None,
    )
