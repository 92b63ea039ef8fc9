"""A broker of Alpaca's style: the model of its API, a market that moves it, and what is watched."""

from __future__ import annotations

from decimal import Decimal

from tasks.simulation.alpaca_model.answers import Json
from tasks.simulation.alpaca_model.fill_models import ImmediateFills
from tasks.simulation.alpaca_model.model import AlpacaModel
from tasks.simulation.alpaca_model.their_orders import OrderClass, TheirOrder
from tasks.simulation.clock import WorldTime
from tasks.simulation.faults import Fault, Faults
from tasks.simulation.watch import Execution, SeenOrder
from trading.market.calendar import Session
from trading.plan import RunPlan
from trading.session.orders import is_ours

LEGS = ("entry", "stop", "target", "exit")


class AlpacaBroker:
    """The model, traded through by the ticks of walks at the world's time."""

    def __init__(
        self,
        plan: RunPlan,
        session: Session,
        time: WorldTime,
        faults: Faults,
    ) -> None:
        self._faults = faults
        self._time = time
        fills = ImmediateFills(plan.rules(), self._part)
        self.model = AlpacaModel(plan.rules(), plan.symbols, [session], plan.capital, fills=fills)
        self.touched_orders: list[str] = []
        # Symbols in which somebody else had a hand.
        self.others: set[str] = set()
        # What was seen of the book when it had so many updates; every change of an order is one.
        self._seen_at = -1
        self._seen: list[SeenOrder] = []
        self._executions: list[Execution] = []

    def take_price(self, symbol: str, price: float) -> None:
        """Let a symbol trade at a price now."""
        self.model.take_price(symbol, price, self._time.now)

    def order_of_others(self, symbol: str, quantity: int) -> None:
        """Let somebody else have an order at the account, far from the market."""
        name = f"manual-{len(self.others) + 1}"
        body: Json = {
            "symbol": symbol,
            "qty": str(abs(quantity)),
            "side": "buy" if quantity > 0 else "sell",
            "type": "limit",
            "time_in_force": "day",
            "limit_price": "1.00" if quantity > 0 else "900.00",
            "client_order_id": name,
        }
        if self.model.respond("POST", "/v2/orders", {}, body, self._time.now).status < 400:
            self.others.add(symbol)

    def trade_of_others(self, symbol: str, quantity: int) -> None:
        """Let somebody else trade in the account."""
        last = self.model.holdings.prices.get(symbol)
        if last is not None:
            self.others.add(symbol)
            self.model.trade_by_hand(symbol, quantity, float(last), self._time.now)

    def has_others(self, symbol: str) -> bool:
        """Return whether somebody else had a hand in a symbol."""
        return symbol in self.others

    def fill(self, their_id: str) -> None:
        """Fill an order at the last price at this moment, if it works."""
        book = self.model.book
        order = book.orders.get(their_id)
        last = None if order is None else self.model.holdings.prices.get(order.symbol)
        if order is not None and last is not None and book.works(order) and order.remaining > 0:
            book.execute(order, order.remaining, last, self._time.now)

    def _part(self, order: TheirOrder) -> Decimal:
        if order.remaining > 1 and self._faults.strikes(Fault.PARTIAL):
            share = self._faults.between(Fault.PARTIAL, 0.0, 1.0)
            return Decimal(int(share * int(order.remaining)))
        return order.remaining

    def is_ours(self, order: TheirOrder) -> bool:
        """Return whether an order, or what it hangs on, was asked for by us."""
        return is_ours(self._asked_as(order))

    def name(self, order: TheirOrder) -> str:
        """Return our client order id, for a leg that of its parent with which leg it is."""
        asked = self._asked_as(order)
        return f"{asked} {self.leg(order)}" if order.parent_id else asked

    def leg(self, order: TheirOrder) -> str:
        """Return which leg an order of ours is."""
        if order.parent_id:
            return "target" if order.stop_price is None else "stop"
        asked = self._asked_as(order)
        return next((leg for leg in LEGS if f"-{leg}-" in asked), "exit")

    def seen_orders(self) -> list[SeenOrder]:
        """Return all orders of ours; legs of one request are one group."""
        self._look()
        return self._seen

    def executions(self) -> list[Execution]:
        """Return all fills of ours, in order."""
        self._look()
        return self._executions

    def _look(self) -> None:
        # Who watches looks many times between two changes.
        count = len(self.model.book.updates)
        if count != self._seen_at:
            self._seen, self._executions = self._orders_of_ours(), self._fills_of_ours()
            self._seen_at = count

    def _orders_of_ours(self) -> list[SeenOrder]:
        book, found = self.model.book, []
        for order in book.orders.values():
            if not self.is_ours(order):
                continue
            is_alone = order.order_class is OrderClass.SIMPLE or not (
                order.parent_id or order.order_class is OrderClass.OCO
            )
            found.append(
                SeenOrder(
                    self.name(order),
                    order.symbol,
                    self.leg(order),
                    int(order.qty) * order.side.sign,
                    int(order.filled_qty),
                    order.is_open,
                    book.works(order),
                    order.id if is_alone else order.parent_id or order.id,
                )
            )
        return found

    def _fills_of_ours(self) -> list[Execution]:
        found = []
        for fill in self.model.book.executions:
            order = self.model.book.orders[fill.order_id]
            if self.is_ours(order):
                signed = int(fill.qty) * order.side.sign
                found.append(
                    Execution(
                        fill.id,
                        self.name(order),
                        fill.symbol,
                        self.leg(order),
                        signed,
                        float(fill.price),
                    )
                )
        return found

    def touched(self) -> list[str]:
        """Return the orders of others that a request of ours has named."""
        return self.touched_orders

    def _asked_as(self, order: TheirOrder) -> str:
        orders = self.model.book.orders
        while order.replaces or order.parent_id:
            order = orders[order.replaces or order.parent_id]
        return order.client_order_id
