"""What is held, what it would earn, and a halt, as the API and pages tell of them."""

from __future__ import annotations

from decimal import Decimal
from typing import Self

from pydantic import computed_field

from blocks.records.fields import Moment, Money, Record
from blocks.records.position import Position


class PositionAnswer(Position):
    """A position with its worth; `initial_stop` is the stop that it was entered with, USD."""

    initial_stop: Money | None = None

    @classmethod
    def of(cls, position: Position, initial_stop: float | None = None) -> Self:
        """Return a position as the API tells of it."""
        stop = None if initial_stop is None else Decimal(repr(initial_stop))
        return cls(**dict(position), initial_stop=stop)

    @computed_field  # type: ignore[prop-decorator]
    @property
    def market_value(self) -> Money:
        """Return its worth at the mark, USD, shorts negative."""
        return super().market_value

    @computed_field  # type: ignore[prop-decorator]
    @property
    def unrealized_pnl(self) -> Money:
        """Return what it would earn if it were left at the mark, USD."""
        return super().unrealized_pnl

    @computed_field  # type: ignore[prop-decorator]
    @property
    def open_r(self) -> float | None:
        """Return the same in risks, as a trade's `r_multiple` counts: from its first stop."""
        risk = 0 if self.initial_stop is None else abs(self.entry_price - self.initial_stop)
        return float(super().unrealized_pnl / abs(self.quantity) / risk) if risk else None


class HaltAnswer(Record):
    """A halt that holds: since when, by which command, why."""

    since: Moment
    command: str
    reason: str
