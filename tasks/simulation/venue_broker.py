"""A broker of our style: the simulated venue, which outlives the processes that trade at it."""

from __future__ import annotations

from tasks.parity.model_account import ModelExchange
from tasks.simulation.watch import Execution, SeenOrder
from trading.market.calendar import Session
from trading.plan import RunPlan
from trading.session.broker.answers import Answer, Refusal, Refused
from trading.session.broker.exchange_port import EventPage, ExchangeEvent, StreamPosition
from trading.session.events import Fill, Intent
from trading.session.orders import Leg, Order, Status
from trading.session.state import SessionState

RESTING = frozenset({Status.WORKING, Status.TRIGGERED})


class VenueBroker(ModelExchange):
    """Remembers every order; its stream has an identity that may change."""

    name = "mock"

    def __init__(self, plan: RunPlan, session: Session) -> None:
        super().__init__(SessionState(plan, session), {})
        self._streams = 1
        self._touched: list[str] = []
        self.foreign_orders: dict[str, Order] = {}
        self.foreign_positions: dict[str, int] = {}

    def order_of_others(self, symbol: str, quantity: int) -> None:
        """Let somebody else have an order at the account."""
        name = f"manual-{len(self.foreign_orders) + 1}"
        self.foreign_orders[name] = Order(
            name, symbol, Leg.ENTRY, quantity, price=1.0, status=Status.WORKING
        )

    def trade_of_others(self, symbol: str, quantity: int) -> None:
        """Let somebody else trade in the account."""
        self.foreign_positions[symbol] = self.foreign_positions.get(symbol, 0) + quantity

    def has_others(self, symbol: str) -> bool:
        """Return whether somebody else had a hand in a symbol."""
        return symbol in self.foreign_positions or any(
            order.symbol == symbol for order in self.foreign_orders.values()
        )

    def replace(self, intent: Intent) -> Answer:
        """Move a resting order's price or quantity."""
        return self._touch(intent) or super().replace(intent)

    def cancel(self, intent: Intent) -> Answer:
        """Cancel a working order."""
        return self._touch(intent) or super().cancel(intent)

    def _touch(self, intent: Intent) -> Answer | None:
        if intent.client_order_id not in self.foreign_orders:
            return None
        self._touched.append(intent.client_order_id)
        return Refused(Refusal.PERMANENT, "not yours")

    def touched(self) -> list[str]:
        """Return the orders of others that a request of ours has named."""
        return self._touched

    @property
    def happened(self) -> int:
        """Return how many events there were."""
        return len(self._happened)

    def begin_stream(self) -> None:
        """Tell everything again, under another identity."""
        self._streams += 1

    def events(self, since: StreamPosition) -> EventPage:
        """Return what happened after a position."""
        identity = f"stream-{self._streams}"
        begins_anew = since.identity not in ("", identity)
        first = 0 if begins_anew else int(since.cursor or 0)
        found = [ExchangeEvent(event) for event in self._happened[first:]]
        return EventPage(StreamPosition(identity, str(len(self._happened))), found, begins_anew)

    def open_orders(self) -> list[Order]:
        """Return every order that rests or works, those of others too."""
        return [*super().open_orders(), *self.foreign_orders.values()]

    def positions(self) -> dict[str, int]:
        """Return what is held, by us and by others."""
        found = super().positions()
        for symbol, quantity in self.foreign_positions.items():
            found[symbol] = found.get(symbol, 0) + quantity
        return {symbol: quantity for symbol, quantity in found.items() if quantity}

    def seen_orders(self) -> list[SeenOrder]:
        """Return all orders of ours; a stop and its target are one group."""
        found = []
        for order in self._venue.state.orders.values():
            is_alone = order.leg in (Leg.ENTRY, Leg.EXIT)
            found.append(
                SeenOrder(
                    order.client_order_id,
                    order.symbol,
                    # A stop or target that has fired goes on as a market exit.
                    Leg.EXIT if order.status == Status.TRIGGERED else order.leg,
                    order.quantity,
                    order.filled,
                    order.is_live,
                    order.status in RESTING,
                    order.client_order_id if is_alone else f"{order.symbol} protection",
                )
            )
        return found

    def executions(self) -> list[Execution]:
        """Return all fills, in order."""
        return [
            Execution(e.exec_id, e.client_order_id, e.symbol, _leg_of(e), e.quantity, e.price)
            for e in self._happened
            if isinstance(e, Fill)
        ]


def _leg_of(fill: Fill) -> str:
    return fill.leg if fill.leg in ("entry", "stop", "target") else "exit"
