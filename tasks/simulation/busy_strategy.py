"""A strategy that says everything that one may say, by numbers that look like chance.

They are made of the bar alone, so that whoever runs it hears the same.
"""

from __future__ import annotations

import math
from typing import Literal, NamedTuple

from pydantic import Field

from trading.entries import FRACTION, LIMIT, MARKET, STOP, USD, Bar, Entry, R, no_entry
from trading.market.bars import Floats
from trading.parameters import StrategyParameters
from trading.prices import round_down, tick_units
from trading.reasons import BAR_MISSING, ENTER_LONG, ENTER_SHORT, OWN_1

MEMORY = 1
# No story is to hang on how busy the machine is.
TIME_LIMIT_SECONDS = 3600
REASONS = {"quiet": "chance said no"}


class BusyNumbers(NamedTuple):
    """The parameters as its functions read them."""

    tick_units: int
    busy_share: float
    leaving_share: float


class Parameters(StrategyParameters):
    """How often it does something."""

    strategy: Literal["busy"] = Field("busy", description="Which strategy this is")
    busy_share: float = Field(0.5, ge=0, le=1, description="Share of closes with an entry")
    leaving_share: float = Field(0.1, ge=0, le=1, description="Share of closes with an exit")

    def has_orders(self) -> bool:
        """Return that entries rest at levels."""
        return True

    def numbers(self, interval_minutes: int) -> BusyNumbers:
        """Return the parameters as its functions read them."""
        return BusyNumbers(tick_units(self.tick), self.busy_share, self.leaving_share)


class Read(NamedTuple):
    """What it reads: nothing but the bar."""


def indicators(parameters: Parameters, interval_minutes: int) -> dict[str, None]:
    """Return no indicators."""
    return {}


def chance(bar: Bar, kind: float) -> float:
    """Return a number of [0, 1) that is the bar's own."""
    mixed = math.sin(bar.close * 12.9898 + bar.number * 78.233 + kind * 37.719) * 43758.5453
    return mixed - math.floor(mixed)


def observe(numbers: BusyNumbers, memory: Floats, bar: Bar, read: Read) -> None:
    """Count the bars."""
    memory[0] += 1


def leave(numbers: BusyNumbers, memory: Floats, bar: Bar, read: Read) -> tuple[bool, bool]:
    """Return whether longs and shorts are to be left."""
    return chance(bar, 7) < numbers.leaving_share, chance(bar, 8) < numbers.leaving_share


def signal(numbers: BusyNumbers, memory: Floats, bar: Bar, read: Read) -> Entry:
    """Return an entry of any kind, or none."""
    if math.isnan(bar.close):
        return no_entry(BAR_MISSING)
    if chance(bar, 1) >= numbers.busy_share:
        return no_entry(OWN_1)
    is_long = chance(bar, 2) < 0.5
    side = 1.0 if is_long else -1.0
    width = bar.close * 0.004
    order = MARKET
    level = math.nan
    if chance(bar, 3) < 0.6:
        order = STOP if chance(bar, 3) < 0.3 else LIMIT
        away = (chance(bar, 4) - 0.2) * width
        beyond = side if order == STOP else -side
        level = round_down(bar.close + beyond * away, numbers.tick_units)
    price = bar.close if order == MARKET else level
    kind = USD
    target = 1.5 * width
    if chance(bar, 5) < 0.6:
        kind = FRACTION if chance(bar, 5) < 0.3 else R
        target = 0.006 if kind == FRACTION else 1.5
    if chance(bar, 9) < 0.2:
        target = math.nan
    return Entry(
        ENTER_LONG if is_long else ENTER_SHORT,
        round_down(price - side * width, numbers.tick_units),
        target,
        kind,
        order,
        level,
        int(chance(bar, 6) * 4),
    )
