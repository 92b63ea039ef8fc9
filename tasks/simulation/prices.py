"""The prices of a simulated session: a walk of each symbol, tick by tick, and its bars."""

from __future__ import annotations

import math
from dataclasses import dataclass

from tasks.simulation.faults import drawing
from trading.market.calendar import MICROSECONDS_PER_MINUTE, Session, to_microseconds

TICKS_PER_BAR = 8


@dataclass(frozen=True, slots=True)
class Tick:
    """A trade in the market: its moment, microseconds since 1970 UTC, and its price, USD."""

    us: int
    price: float


@dataclass(frozen=True, slots=True)
class PricedBar:
    """A bar of one symbol and the ticks that it is made of; volume in shares."""

    start_us: int
    ticks: tuple[Tick, ...]
    volume: int

    @property
    def open(self) -> float:
        """Return the first price."""
        return self.ticks[0].price

    @property
    def high(self) -> float:
        """Return the highest price."""
        return max(tick.price for tick in self.ticks)

    @property
    def low(self) -> float:
        """Return the lowest price."""
        return min(tick.price for tick in self.ticks)

    @property
    def close(self) -> float:
        """Return the last price."""
        return self.ticks[-1].price


def walk(
    seed: int, symbol: str, session: Session, interval_minutes: int, *, is_thin: bool
) -> list[PricedBar]:
    """Return the bars of a symbol's session; of a thin market some bars trade a few shares."""
    drawn = drawing(seed, f"prices of {symbol} on {session.date}")
    price = 40.0 + 160.0 * drawn.random()
    # A bar moves by half a percent or so: stops, targets and levels are reached often.
    step = 0.002 * (0.5 + drawn.random())
    interval_us = interval_minutes * MICROSECONDS_PER_MINUTE
    bars = []
    for number in range(session.bar_count(interval_minutes)):
        start = to_microseconds(session.open) + number * interval_us
        ticks = []
        for tick in range(TICKS_PER_BAR):
            price = max(5.0, price * math.exp(step * drawn.gauss(0.0, 1.0)))
            ticks.append(Tick(start + tick * interval_us // TICKS_PER_BAR, round(price, 2)))
        volume = int(20_000 + 100_000 * drawn.random())
        if is_thin and drawn.random() < 0.4:
            volume = int(20 + 400 * drawn.random())
        bars.append(PricedBar(start, tuple(ticks), volume))
    return bars
