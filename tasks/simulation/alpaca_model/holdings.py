"""What an account holds: cash and positions, and what they are worth."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

CENTS_OF_COST = 6


@dataclass(slots=True)
class TheirPosition:
    """A signed quantity of shares and the average price that it was entered at, USD."""

    qty: Decimal = Decimal(0)
    entry_price: Decimal = Decimal(0)

    def take(self, qty: Decimal, price: Decimal) -> None:
        """Book a trade of a signed quantity."""
        after = self.qty + qty
        if self.qty * qty >= 0:
            paid = abs(self.qty) * self.entry_price + abs(qty) * price
            self.entry_price = round(paid / abs(after), CENTS_OF_COST)
        elif self.qty * after < 0:
            # It went through zero: what is left was entered at this price.
            self.entry_price = price
        self.qty = after


@dataclass(slots=True)
class Holdings:
    """Cash in USD, positions and last prices by symbol."""

    cash: Decimal
    positions: dict[str, TheirPosition] = field(default_factory=dict)
    prices: dict[str, Decimal] = field(default_factory=dict)

    def quantity(self, symbol: str) -> Decimal:
        """Return what is held of a symbol, signed."""
        position = self.positions.get(symbol)
        return position.qty if position is not None else Decimal(0)

    def trade(self, symbol: str, qty: Decimal, price: Decimal) -> None:
        """Book a trade of a signed quantity."""
        position = self.positions.setdefault(symbol, TheirPosition())
        position.take(qty, price)
        self.cash -= qty * price
        self.prices.setdefault(symbol, price)
        if position.qty == 0:
            del self.positions[symbol]

    def value(self, symbol: str) -> Decimal:
        """Return what a position is worth at the last price, negative for shorts."""
        return self.quantity(symbol) * self.prices.get(symbol, Decimal(0))

    @property
    def long_value(self) -> Decimal:
        """Return what is held long at the last prices."""
        return sum((max(self.value(symbol), Decimal(0)) for symbol in self.positions), Decimal(0))

    @property
    def short_value(self) -> Decimal:
        """Return what is held short at the last prices, negative."""
        return sum((min(self.value(symbol), Decimal(0)) for symbol in self.positions), Decimal(0))

    @property
    def equity(self) -> Decimal:
        """Return cash and positions together."""
        return self.cash + self.long_value + self.short_value
