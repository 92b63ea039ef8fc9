"""A trade: a position from its entry to its exit, and what it earned."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, model_validator

from blocks.records.fields import Moment, Money, Price, Ratio, Record, Side, Symbol


class TradeStatus(StrEnum):
    """Whether a trade is over; an open one is a position of the ledger."""

    OPEN = "open"
    CLOSED = "closed"


class Trade(Record):
    """A trade; `pnl` in USD, `pnl_pct` a fraction of the entry's value, `r_multiple` in risks.

    What ended it is None while it is open. `session` is that of its exit.
    """

    trade_id: str
    session: date | None = None
    symbol: Symbol
    side: Side
    quantity: Annotated[int, Field(gt=0)]
    status: TradeStatus
    entry_time: Moment
    entry_price: Price
    exit_time: Moment | None = None
    exit_price: Price | None = None
    exit_reason: str | None = None
    pnl: Money | None = None
    pnl_pct: Ratio | None = None
    r_multiple: Ratio | None = None
    strategy: str | None = None

    @model_validator(mode="after")
    def _ends_whole_or_not_at_all(self) -> Self:
        ending = (self.session, self.exit_time, self.exit_price, self.exit_reason, self.pnl)
        is_open = self.status == TradeStatus.OPEN
        if any((value is None) != is_open for value in ending):
            raise ValueError(
                f"a trade that is {self.status} has"
                f" {'no' if is_open else 'a'} session, exit time, price, reason and pnl"
            )
        return self
