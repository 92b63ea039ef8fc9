"""A position: what an account holds of a symbol."""

from __future__ import annotations

from decimal import Decimal

from pydantic import field_validator

from blocks.records.fields import Moment, Money, Price, Record, Side, Symbol


class Position(Record):
    """Shares held, shorts negative, marked at the newest close; None where nothing protects them.

    `exit_reason` is why they are being left, empty while they are kept.
    """

    symbol: Symbol
    quantity: int
    entry_time: Moment
    entry_price: Price
    mark: Price
    stop: Money | None = None
    target: Money | None = None
    exit_reason: str = ""

    @field_validator("quantity")
    @classmethod
    def _is_held(cls, quantity: int) -> int:
        if quantity == 0:
            raise ValueError("no share is no position")
        return quantity

    @property
    def side(self) -> Side:
        """Return which way it earns."""
        return Side.LONG if self.quantity > 0 else Side.SHORT

    @property
    def market_value(self) -> Decimal:
        """Return its worth at the mark, USD, shorts negative."""
        return self.quantity * self.mark

    @property
    def unrealized_pnl(self) -> Decimal:
        """Return what it would earn if it were left at the mark, USD."""
        return self.quantity * (self.mark - self.entry_price)
