"""What changes an order, and how the stream tells of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from tasks.simulation.alpaca_model.answers import Json
from tasks.simulation.alpaca_model.their_orders import (
    TheirOrder,
    moment_text,
    number_text,
    order_json,
)


@dataclass(frozen=True, slots=True)
class Replacement:
    """The changed values of `PATCH /v2/orders/{id}`; what is None stays."""

    qty: Decimal | None = None
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    time_in_force: str | None = None
    client_order_id: str = ""


@dataclass(frozen=True, slots=True)
class Execution:
    """One fill of an order as the account's activities say it."""

    id: str
    order_id: str
    symbol: str
    side: str
    qty: Decimal
    price: Decimal
    cum_qty: Decimal
    leaves_qty: Decimal
    status: str
    at: datetime


def update_json(
    number: int,
    event: str,
    order: TheirOrder,
    legs: list[TheirOrder],
    execution: Execution | None,
    held: Decimal,
) -> Json:
    """Return a message of the stream of trade updates; `held` is the position after it, signed."""
    said: dict[str, Json] = {
        "event": event,
        "event_id": f"{number:026d}",
        "timestamp": moment_text(order.updated_at),
        "order": order_json(order, legs),
    }
    if execution is not None:
        said |= {
            "execution_id": execution.id,
            "price": number_text(execution.price),
            "qty": number_text(execution.qty),
            "position_qty": number_text(held),
        }
    return {"stream": "trade_updates", "data": said}
