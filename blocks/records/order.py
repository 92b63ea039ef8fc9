"""An order as the books have it; a session's own is `trading.session.orders.Order`."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import Field, field_validator

from blocks.records.fields import Money, Record, Symbol
from trading.session.orders import TERMINAL, Leg, Status

# As the ledger's questions have it.
ENDED = tuple(sorted(str(status) for status in TERMINAL))


class Order(Record):
    """One order: `quantity` is signed (buys positive), `filled` is not.

    `price` is where it rests, None of a market order; `reason` is why it was sent.
    """

    client_order_id: Annotated[str, Field(min_length=1)]
    session: date
    symbol: Symbol
    leg: Leg
    quantity: int
    filled: Annotated[int, Field(ge=0)] = 0
    price: Money | None = None
    status: Status
    reason: str = ""

    @field_validator("quantity")
    @classmethod
    def _asks_for_something(cls, quantity: int) -> int:
        if quantity == 0:
            raise ValueError("an order of no share is none")
        return quantity

    @property
    def is_live(self) -> bool:
        """Return whether it may still change."""
        return self.status not in TERMINAL

    @property
    def remaining(self) -> int:
        """Return the unfilled quantity, not signed."""
        return max(0, abs(self.quantity) - self.filled)
