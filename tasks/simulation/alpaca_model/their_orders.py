"""An order as the broker keeps it, and its JSON."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from tasks.simulation.alpaca_model.answers import Json


class Side(StrEnum):
    """Whether an order buys or sells."""

    BUY = "buy"
    SELL = "sell"

    @property
    def sign(self) -> int:
        """Return 1 for what buys, -1 for what sells."""
        return 1 if self is Side.BUY else -1

    @property
    def other(self) -> Side:
        """Return the opposite side."""
        return Side.SELL if self is Side.BUY else Side.BUY


class OrderClass(StrEnum):
    """How many orders are one request."""

    SIMPLE = "simple"
    BRACKET = "bracket"
    OCO = "oco"
    OTO = "oto"


class TheirType(StrEnum):
    """How an order is priced."""

    MARKET = "market"
    LIMIT = "limit"
    STOP = "stop"
    STOP_LIMIT = "stop_limit"


class TheirStatus(StrEnum):
    """Where an order is."""

    NEW = "new"
    PARTIALLY_FILLED = "partially_filled"
    FILLED = "filled"
    CANCELED = "canceled"
    EXPIRED = "expired"
    REPLACED = "replaced"
    PENDING_CANCEL = "pending_cancel"
    PENDING_REPLACE = "pending_replace"
    ACCEPTED = "accepted"
    PENDING_NEW = "pending_new"
    REJECTED = "rejected"
    HELD = "held"


ENDED = frozenset(
    {
        TheirStatus.FILLED,
        TheirStatus.CANCELED,
        TheirStatus.EXPIRED,
        TheirStatus.REPLACED,
        TheirStatus.REJECTED,
    }
)


@dataclass(slots=True)
class TheirOrder:
    """One order; quantities in shares, not signed, prices in USD.

    A leg names its parent, and a parent its legs. `is_triggered` says of a stop that it was
    reached and is a market order from then on.
    """

    id: str
    client_order_id: str
    asset_id: str
    symbol: str
    side: Side
    qty: Decimal
    order_class: OrderClass
    order_type: TheirType
    time_in_force: str
    limit_price: Decimal | None
    stop_price: Decimal | None
    status: TheirStatus
    submitted_at: datetime
    updated_at: datetime
    expires_at: datetime | None
    extended_hours: bool = False
    parent_id: str = ""
    leg_ids: list[str] = field(default_factory=list)
    filled_qty: Decimal = Decimal(0)
    paid: Decimal = Decimal(0)
    filled_at: datetime | None = None
    expired_at: datetime | None = None
    canceled_at: datetime | None = None
    failed_at: datetime | None = None
    replaced_at: datetime | None = None
    replaced_by: str | None = None
    replaces: str | None = None
    is_triggered: bool = False

    @property
    def is_open(self) -> bool:
        """Return whether the order may still change."""
        return self.status not in ENDED

    @property
    def remaining(self) -> Decimal:
        """Return the unfilled quantity."""
        return self.qty - self.filled_qty

    @property
    def is_market(self) -> bool:
        """Return whether the order takes any price: a market order, or a stop that was reached."""
        by_trigger = self.is_triggered and self.order_type is TheirType.STOP
        return self.order_type is TheirType.MARKET or by_trigger


def number_text(number: Decimal | None) -> str | None:
    """Return a number as the API writes it: no exponent and no zeros at its end."""
    return None if number is None else f"{number.normalize():f}"


def moment_text(moment: datetime | None) -> str | None:
    """Return a moment as the API writes it, UTC."""
    return None if moment is None else moment.isoformat().replace("+00:00", "Z")


def order_json(order: TheirOrder, legs: list[TheirOrder] | None = None) -> dict[str, Json]:
    """Return an order as the API says it, with its legs where they are given."""
    average = None
    if order.filled_qty:
        average = number_text(round(order.paid / order.filled_qty, 6))
    return {
        "id": order.id,
        "client_order_id": order.client_order_id,
        "created_at": moment_text(order.submitted_at),
        "updated_at": moment_text(order.updated_at),
        "submitted_at": moment_text(order.submitted_at),
        "filled_at": moment_text(order.filled_at),
        "expired_at": moment_text(order.expired_at),
        "expires_at": moment_text(order.expires_at),
        "canceled_at": moment_text(order.canceled_at),
        "failed_at": moment_text(order.failed_at),
        "replaced_at": moment_text(order.replaced_at),
        "replaced_by": order.replaced_by,
        "replaces": order.replaces,
        "asset_id": order.asset_id,
        "symbol": order.symbol,
        "asset_class": "us_equity",
        "notional": None,
        "qty": number_text(order.qty),
        "filled_qty": number_text(order.filled_qty),
        "filled_avg_price": average,
        "order_class": order.order_class.value,
        "order_type": order.order_type.value,
        "type": order.order_type.value,
        "side": order.side.value,
        "time_in_force": order.time_in_force,
        "limit_price": number_text(order.limit_price),
        "stop_price": number_text(order.stop_price),
        "status": order.status.value,
        "extended_hours": order.extended_hours,
        "legs": [order_json(leg) for leg in legs] if legs else None,
        "trail_percent": None,
        "trail_price": None,
        "hwm": None,
    }
