"""Trades, positions and equity folded from an engine's fills alone, by code of its own."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

from trading.backtest.run import Outcome
from trading.market.panel import Panel
from trading.reasons import FillLeg


@dataclass
class Holding:
    """One position as its fills tell it."""

    symbol: int
    signed: int
    entry_us: int
    entry_price: float
    entry_quantity: int
    parts: list[tuple[int, float]] = field(default_factory=list)
    fees: float = 0.0
    legs: list[str] = field(default_factory=list)
    exit_us: int = 0

    def pnl(self) -> float:
        """Return what the parts earned after fees."""
        side = 1 if self.entry_quantity > 0 else -1
        earned = sum(quantity * (price - self.entry_price) for quantity, price in self.parts)
        return side * earned - self.fees

    def exit_price(self) -> float:
        """Return the mean exit price, rounded to 0.0001."""
        mean = sum(quantity * price for quantity, price in self.parts) / abs(self.entry_quantity)
        return math.floor(mean * 10000 + 0.5) / 10000


@dataclass
class Moment:
    """The account after one fill, marked as the rules mark it."""

    us: int
    leg: str
    cash: float
    equity: float
    gross: float
    fee: float


@dataclass
class Folded:
    """What a run's fills amount to."""

    closed: list[Holding]
    moments: list[Moment]
    equity: list[float]
    held_after_session: list[dict[int, int]]


def fold(panel: Panel, outcome: Outcome, capital: float) -> Folded:
    """Return trades, the account after each fill, and equity per bar, from the fills alone."""
    cash = capital
    held: dict[int, Holding] = {}
    marks: dict[int, float] = {}
    folded = Folded([], [], [], [])
    fills = _by_bar(outcome)
    grid = panel.grid
    for session in range(outcome.first_traded, len(grid.sessions)):
        begin, end = int(grid.first_row[session]), int(grid.first_row[session + 1])
        assumed: list[tuple[float, ...]] = []
        for row in range(begin, end):
            us = int(grid.start_us[row])
            for fill in fills.pop(us, []):
                if FillLeg(int(fill[2])).word == "assumed_close":
                    assumed.append(fill)
                else:
                    cash = _apply(fill, cash, held, marks, folded)
            for symbol in range(len(panel.symbols)):
                close = float(panel.close[row, symbol])
                if not math.isnan(close):
                    marks[symbol] = close
            folded.equity.append(_equity(cash, held, marks))
        # What carries the START of the last bar was booked when the session had ended.
        for fill in sorted(assumed, key=lambda fill: fill[1]):
            cash = _apply(fill, cash, held, marks, folded)
        folded.equity[-1] = _equity(cash, held, marks)
        folded.held_after_session.append({s: h.signed for s, h in held.items()})
    assert not fills, "fills outside the traded bars"
    return folded


def _by_bar(outcome: Outcome) -> dict[int, list[tuple[float, ...]]]:
    fills: dict[int, list[tuple[float, ...]]] = {}
    for fill in outcome.fills.tolist():
        fills.setdefault(int(fill[0]), []).append(tuple(fill))
    return fills


def _apply(
    fill: tuple[float, ...],
    cash: float,
    held: dict[int, Holding],
    marks: dict[int, float],
    folded: Folded,
) -> float:
    us, symbol, leg, quantity, price, fee = fill
    s, q, name = int(symbol), int(quantity), FillLeg(int(leg)).word
    cash -= q * price + fee
    marks[s] = price
    if name == "entry":
        assert s not in held, "an entry into an open position"
        held[s] = Holding(s, q, int(us), price, q, fees=fee)
    else:
        holding = held[s]
        assert q * holding.signed < 0, "an exit on the wrong side"
        assert abs(q) <= abs(holding.signed), "more was left than was held"
        holding.signed += q
        holding.parts.append((abs(q), price))
        holding.fees += fee
        holding.legs.append(name)
        if holding.signed == 0:
            holding.exit_us = int(us)
            folded.closed.append(held.pop(s))
    folded.moments.append(
        Moment(int(us), name, cash, _equity(cash, held, marks), _gross(held, marks), fee)
    )
    return cash


def _equity(cash: float, held: dict[int, Holding], marks: dict[int, float]) -> float:
    return cash + sum(holding.signed * marks[s] for s, holding in held.items())


def _gross(held: dict[int, Holding], marks: dict[int, float]) -> float:
    return sum(abs(holding.signed) * marks[s] for s, holding in held.items())


def fills_of_bars(outcome: Outcome) -> Iterator[tuple[int, int, str, int]]:
    """Yield (START, symbol, leg, unsigned quantity) of each fill."""
    for us, symbol, leg, quantity, _, _ in outcome.fills.tolist():
        yield int(us), int(symbol), FillLeg(int(leg)).word, abs(int(quantity))
