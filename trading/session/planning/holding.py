"""What rests for a position, brought in line with what the book wants to rest."""

from __future__ import annotations

import math

from trading.session.events import Intent
from trading.session.orders import Leg, Order
from trading.session.planning.order_names import OrderNames, next_attempt
from trading.session.planning.standing import Standing


def protection_of(names: OrderNames, standing: Standing) -> list[Intent]:
    """Return what makes stop and target rest at the book's levels, in the position's quantity."""
    book, s, live = standing.book, standing.s, standing.live
    intents = [
        names.cancel(order)
        for order in live
        if order.leg == Leg.EXIT or (order.leg == Leg.ENTRY and book.pending[s] == 0)
    ]
    for leg, level in ((Leg.STOP, float(book.stop[s])), (Leg.TARGET, float(book.target[s]))):
        resting = standing.live_of(leg)
        # One is enough: two that fire would turn the position.
        intents += [names.cancel(order) for order in resting[1:]]
        if not math.isnan(level):
            intents += _rest(names, standing, leg, level, next(iter(resting), None))
    return intents


def _rest(
    names: OrderNames, standing: Standing, leg: Leg, level: float, resting: Order | None
) -> list[Intent]:
    quantity = -standing.held
    if resting is None:
        attempt = next_attempt(standing.known, leg)
        name = names.name(standing.symbol, leg, attempt)
        return [
            Intent(
                "submit", name, standing.symbol, leg, quantity, names.epoch, attempt, price=level
            )
        ]
    if resting.price != level or resting.quantity != quantity:
        return [names.move(resting, quantity, level)]
    return []
