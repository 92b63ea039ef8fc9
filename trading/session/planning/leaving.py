"""How a position is left."""

from __future__ import annotations

from collections.abc import Mapping

from trading.reasons import EXIT_OPERATOR, ExitReason
from trading.session.events import Intent
from trading.session.orders import Leg, Status
from trading.session.planning.order_names import OrderNames, next_attempt
from trading.session.planning.standing import Standing


def exit_of(
    names: OrderNames, standing: Standing, newest: Mapping[str, float] | None
) -> list[Intent]:
    """Return what leaves a position: first the end of what rests, then the exit.

    With `newest`, prices by symbol in USD, it is left now, at these prices or the last mark. So it
    is for an operator: what the exchange is told is the newest price there is.
    """
    book, s, symbol, live = standing.book, standing.s, standing.symbol, standing.live
    is_immediate = newest is not None or int(book.exit_reason[s]) == EXIT_OPERATOR
    if any(order.status == Status.TRIGGERED for order in live):
        return []
    if any(order.leg == Leg.EXIT and (order.is_immediate or not is_immediate) for order in live):
        return []
    if live:
        # Only what is confirmed cancelled is no risk to the quantity of the exit.
        return [names.cancel(order) for order in live]
    attempt = next_attempt(standing.known, Leg.EXIT)
    price = (newest or {}).get(symbol, float(book.mark[s]))
    return [
        Intent(
            "submit",
            names.name(symbol, Leg.EXIT, attempt),
            symbol,
            Leg.EXIT,
            -standing.held,
            names.epoch,
            attempt,
            reason=ExitReason(int(book.exit_reason[s])).word,
            reference_price=price if is_immediate else None,
            is_immediate=is_immediate,
        )
    ]
