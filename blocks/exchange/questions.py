"""What became of orders of which nothing is heard: asked by their ids, and not too often."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from trading.session.broker.answers import ExchangeUnavailable
from trading.session.broker.exchange_port import Exchange
from trading.session.events import Intent, OrderUpdate, update_of
from trading.session.orders import Leg, Order, Status
from trading.session.state import SessionState

GONE = "not at the exchange"


class Questions:
    """Asks an exchange about orders; `question_seconds` of the clock go by between two questions.

    A clock that says 0 is none: then nothing is waited for.
    """

    def __init__(self, exchange: Exchange, question_seconds: float) -> None:
        self.exchange = exchange
        self._pause_us = question_seconds * 1e6
        self._asked: dict[str, tuple[int, int]] = {}

    def settle(self, state: SessionState, us: int) -> Iterator[OrderUpdate]:
        """Yield how the orders stand that may have ended or changed without a word."""
        for name in list(state.protection.unsettled):
            # While nobody knows whether what carries a leg has arrived, the leg cannot be gone.
            if _is_carried_by(state.unanswered.values(), name) or not self.is_due(name, us):
                continue
            try:
                found = self.exchange.find_order(name)
            except ExchangeUnavailable:
                # Asked again: until there is an answer nothing else is asked of its symbol.
                continue
            known = state.orders.get(name) or _leg_named(state, name)
            if found is not None:
                yield update_of(replace(found, client_order_id=name), us)
            elif known is not None:
                yield update_of(replace(known, status=Status.CANCELLED), us, GONE)

    def is_due(self, name: str, us: int) -> bool:
        """Return whether an order may be asked about now, and count that it is."""
        times, last = self._asked.get(name, (0, 0))
        if us and times and us - last < self._pause_us:
            return False
        self._asked[name] = (times + 1, us)
        return True

    def is_to_be_repeated(self, name: str) -> bool:
        """Return whether a request that changed nothing is sent again: ever more rarely."""
        times = self._asked.get(name, (0, 0))[0]
        return times > 1 and times & (times - 1) == 0

    def forget(self, name: str) -> None:
        """Count anew: another request is sent for an order."""
        self._asked.pop(name, None)


def _is_carried_by(submitted: Iterable[Intent], name: str) -> bool:
    """Return whether an order is a leg that comes with one of these requests."""
    return any(
        intent.action == "submit" and name in (intent.stop_id, intent.target_id)
        for intent in submitted
    )


def _leg_named(state: SessionState, name: str) -> Order | None:
    """Return a leg that nobody has told of, as its entry or its target has asked for it."""
    for order in state.orders.values():
        quantity = -order.quantity if order.leg == Leg.ENTRY else order.quantity
        if name == order.stop_id:
            return Order(name, order.symbol, Leg.STOP, quantity, price=order.stop_price)
        if name == order.target_id:
            return Order(name, order.symbol, Leg.TARGET, quantity)
    return None
