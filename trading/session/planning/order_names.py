"""What the bot's orders are called, and the requests that name them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from trading.session.events import Intent
from trading.session.orders import Leg, Order, client_order_id


@dataclass(frozen=True, slots=True)
class OrderNames:
    """Names the orders of one account, session and strategy; `epoch` is that of the lease."""

    account: str
    session: str
    strategy: str
    epoch: int

    def name(self, symbol: str, leg: Leg, attempt: int) -> str:
        """Return the id of an attempt, the same whenever it is made."""
        return client_order_id(self.account, self.session, self.strategy, symbol, leg, attempt)

    def cancel(self, order: Order) -> Intent:
        """Return the request that ends an order."""
        return Intent(
            "cancel",
            order.client_order_id,
            order.symbol,
            order.leg,
            order.quantity,
            self.epoch,
            order.attempt,
        )

    def move(self, order: Order, quantity: int, level: float) -> Intent:
        """Return the request that gives a resting order another quantity or level, USD."""
        return Intent(
            "replace",
            order.client_order_id,
            order.symbol,
            order.leg,
            quantity,
            self.epoch,
            order.attempt,
            price=level,
        )


def next_attempt(known: Iterable[Order], leg: Leg) -> int:
    """Return the number of a symbol's next order of a leg: none is used twice."""
    return max((order.attempt for order in known if order.leg == leg), default=0) + 1
