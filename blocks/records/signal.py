"""A signal: what was said of a symbol at a bar's close, to enter or why not."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Self

from pydantic import Field, model_validator

from blocks.records.fields import Moment, Money, Price, Ratio, Record, Side, Symbol
from trading.reasons import Reason
from trading.session.orders import TargetKind

ENTRIES = {Reason.ENTER_LONG.word: Side.LONG, Reason.ENTER_SHORT.word: Side.SHORT}


class Signal(Record):
    """What a strategy and the account's limits made of a bar, which is named by its START.

    `price` is the bar's close, `level` where an entry is to rest. `target_offset` is counted from
    the entry's fill, in what `target_kind` says. What was not reached is None. One to enter has a
    size, and a stop on the side that protects.
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
    level: Money | None = None
    score: Ratio | None = None
    relative_opening_volume: Ratio | None = None
    target_kind: TargetKind = TargetKind.USD

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
        reference = self.price if self.level is None else self.level
        risk = reference - self.stop if self.side is Side.LONG else self.stop - reference
        if risk <= 0:
            raise ValueError(f"a stop at {self.stop} does not protect {self.reason} {reference}")
        return self
