"""A signal: what was said of a symbol at a bar's close, to enter or why not."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Self

from pydantic import Field, model_validator

from blocks.records.fields import Moment, Money, Price, Ratio, Record, Side, Symbol
from trading.reasons import Reason

ENTRIES = {Reason.ENTER_LONG.word: Side.LONG, Reason.ENTER_SHORT.word: Side.SHORT}


class Signal(Record):
    """What a strategy and the account's limits made of a bar, which is named by its START.

    `price` is the bar's close; `target_offset` is counted from the entry's fill. What was not
    reached is None. One to enter has a size, and a stop on the side that protects.
    """

    session: date
    bar: Moment
    symbol: Symbol
    reason: Annotated[str, Field(min_length=1)]
    price: Price | None = None
    range_high: Money | None = None
    range_low: Money | None = None
    stop: Money | None = None
    target_offset: Ratio | None = None
    quantity: Annotated[int, Field(ge=0)] = 0
    atr: Ratio | None = None
    equity: Money | None = None

    @property
    def side(self) -> Side | None:
        """Return which way it enters, None where it does not."""
        return ENTRIES.get(self.reason)

    @model_validator(mode="after")
    def _enters_protected(self) -> Self:
        if self.side is None:
            return self
        if self.price is None or self.stop is None or not self.quantity:
            raise ValueError(f"{self.reason} needs a price, a stop and a quantity")
        risk = self.price - self.stop if self.side is Side.LONG else self.stop - self.price
        if risk <= 0:
            raise ValueError(f"a stop at {self.stop} does not protect {self.reason} {self.price}")
        return self
