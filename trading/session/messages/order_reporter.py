"""What people should hear of a session's orders, fills and trades."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime

from trading.engine.tapes.trade_tape import TradeRow
from trading.market.calendar import from_microseconds
from trading.reasons import ExitReason, Reason
from trading.session.broker.answers import in_words
from trading.session.events import Fill, Intent, OrderUpdate
from trading.session.messages.message import Kind, OrderMessage, TradeMessage
from trading.session.orders import TERMINAL, Leg, Order, OrderType, Status
from trading.session.state import SessionState

ORDER_TYPES = {Leg.STOP: "stop", Leg.TARGET: "limit"}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a session trades, as messages name it."""

    account: str
    exchange: str
    provider: str = ""


class OrderReporter:
    """Remembers what each order was asked at, and why."""

    def __init__(self, state: SessionState, place: Place) -> None:
        self._state = state
        self._place = place
        self._asked: dict[str, tuple[float | None, str]] = {}

    def now(self) -> datetime:
        """Return the end of the last bar: what has no time of its own happened after it."""
        state = self._state
        if state.last_bar < 0:
            return state.session.open
        return state.session.bar_end(state.last_bar, state.plan.interval_minutes)

    def price_of(self, order_id: str) -> float | None:
        """Return what an order is meant to trade at: its limit, its stop, or the decision's price.

        To be asked before a fill is applied.
        """
        order = self._state.orders.get(order_id)
        if order is not None and order.price is not None:
            return order.price
        return self._asked.get(order_id, (None, ""))[0]

    def sent(self, intent: Intent) -> OrderMessage:
        """Return the message of a new order, once its intent is applied."""
        reason, price = intent.reason, intent.price or intent.reference_price
        if intent.leg == Leg.ENTRY:
            reason = (Reason.ENTER_LONG if intent.quantity > 0 else Reason.ENTER_SHORT).word
        elif price is None:
            mark = float(self._state.book.mark[self._state.index[intent.symbol]])
            price = None if math.isnan(mark) else mark
        self._asked[intent.client_order_id] = (price, reason)
        order = self._state.orders[intent.client_order_id]
        return self._message(
            Kind.ORDER_SENT, f"{order.client_order_id}.sent", self.now(), order, price
        )

    def filled(self, fill: Fill, order_price: float | None) -> OrderMessage:
        """Return the message of a fill, once it is applied."""
        order = self._state.orders.get(fill.client_order_id)
        if order is None:
            order = Order(fill.client_order_id, fill.symbol, Leg.EXIT, fill.quantity)
        return self._message(
            Kind.ORDER_FILLED,
            f"{fill.exec_id}.filled",
            from_microseconds(fill.us),
            order,
            order_price,
            reason=fill.leg if fill.leg == "assumed_close" else "",
            fill_price=fill.price,
            filled_quantity=abs(fill.quantity),
        )

    def ended(self, update: OrderUpdate, before: Order | None) -> OrderMessage | None:
        """Return the message of an order that ended unfilled, None for what is no news."""
        order = self._state.orders[update.client_order_id]
        is_over = order.status in TERMINAL and order.status != Status.FILLED
        if not is_over or (before is not None and before.status == order.status):
            return None
        # One leg of a bracket ends the other: of a protection only a refusal is news.
        if order.leg in ORDER_TYPES and order.status != Status.REJECTED:
            return None
        return self._message(
            Kind.ORDER_CANCELLED,
            f"{order.client_order_id}.{order.status}",
            from_microseconds(update.us) if update.us else self.now(),
            order,
            self.price_of(order.client_order_id),
            filled_quantity=order.filled,
            cancel_reason=in_words(update.reason) or str(order.status),
        )

    def traded(self, number: int) -> TradeMessage:
        """Return the message of a trade of the tape."""
        state = self._state
        trade: TradeRow[float] = TradeRow(*state.tape.trades[number].tolist())
        return TradeMessage(
            f"{state.session.date.isoformat()}-trade-{number}",
            Kind.TRADE_CLOSED,
            from_microseconds(int(trade.exit_us)),
            state.plan.symbols[int(trade.symbol)],
            "long" if trade.side > 0 else "short",
            int(trade.quantity),
            trade.entry_price,
            trade.exit_price,
            trade.pnl,
            trade.pnl_pct,
            ExitReason(int(trade.exit_reason)).word,
            state.plan.strategy_name,
            self._place.account,
        )

    def _message(
        self,
        kind: Kind,
        message_id: str,
        when: datetime,
        order: Order,
        order_price: float | None,
        *,
        reason: str = "",
        fill_price: float | None = None,
        filled_quantity: int | None = None,
        cancel_reason: str | None = None,
    ) -> OrderMessage:
        asked_for = self._asked.get(order.client_order_id, (None, ""))[1]
        return OrderMessage(
            message_id,
            kind,
            when,
            order.client_order_id,
            order.symbol,
            "buy" if order.quantity > 0 else "sell",
            _type_of(order),
            abs(order.quantity),
            self._state.plan.strategy_name,
            reason or asked_for or str(order.leg),
            self._place.exchange,
            self._place.account,
            order_price,
            fill_price,
            filled_quantity,
            None if kind == Kind.ORDER_SENT else order.remaining,
            cancel_reason,
        )


def _type_of(order: Order) -> str:
    if order.leg == Leg.ENTRY:
        return OrderType.MARKET if order.is_reached else order.order_type
    return ORDER_TYPES.get(order.leg, OrderType.MARKET)
