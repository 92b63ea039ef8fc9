"""A strategy that says everything that one may say, by numbers that look like chance.

They are made of the bar alone, so that whoever runs it hears the same.
"""

from __future__ import annotations

import math
from typing import Literal, NamedTuple

from pydantic import Field

from trading.entries import FRACTION, LIMIT, MARKET, STOP, USD, Bar, Entry, R, no_entry
from trading.indicators import Indicator, atr, close, relative_opening_volume, vwap
from trading.market.bars import Floats
from trading.parameters import StrategyParameters
from trading.prices import round_down, tick_units
from trading.reasons import BAR_MISSING, ENTER_LONG, ENTER_SHORT, OWN_1

MEMORY = 2
LEVELS = ("last level", "bars seen")
REASONS = {"quiet": "chance said no"}


class NoisyNumbers(NamedTuple):
    tick_units: int
    busy_share: float
    leaving_share: float


class Parameters(StrategyParameters):
    """How often it does something."""

    strategy: Literal["noisy"] = Field("noisy", description="Which strategy this is")
    busy_share: float = Field(0.4, ge=0, le=1, description="Share of closes with an entry")
    leaving_share: float = Field(0.05, ge=0, le=1, description="Share of closes with an exit")

    def has_orders(self) -> bool:
        return True

    def numbers(self, interval_minutes: int) -> NoisyNumbers:
        return NoisyNumbers(tick_units(self.tick), self.busy_share, self.leaving_share)


class Read(NamedTuple):
    atr: float
    vwap: float
    coarser: float
    opening: float


def indicators(parameters: Parameters, interval_minutes: int) -> dict[str, Indicator]:
    return {
        "atr": atr(3),
        "vwap": vwap(),
        "coarser": close(minutes=3 * interval_minutes),
        "opening": relative_opening_volume(interval_minutes),
    }


def chance(bar: Bar, kind: float) -> float:
    """Return a number of [0, 1) that is the bar's own."""
    mixed = math.sin(bar.close * 12.9898 + bar.number * 78.233 + kind * 37.719) * 43758.5453
    return mixed - math.floor(mixed)


def observe(numbers: NoisyNumbers, memory: Floats, bar: Bar, read: Read) -> None:
    memory[1] += 1


def leave(numbers: NoisyNumbers, memory: Floats, bar: Bar, read: Read) -> tuple[bool, bool]:
    return (
        chance(bar, 7) < numbers.leaving_share or read.coarser < 0.99 * read.vwap,
        chance(bar, 8) < numbers.leaving_share,
    )


def signal(numbers: NoisyNumbers, memory: Floats, bar: Bar, read: Read) -> Entry:
    if math.isnan(bar.close):
        return no_entry(BAR_MISSING)
    if chance(bar, 1) >= numbers.busy_share:
        return no_entry(OWN_1)
    is_long = chance(bar, 2) < 0.5
    side = 1.0 if is_long else -1.0
    tick = numbers.tick_units / 10000
    width = max(bar.close * 0.003, 2 * tick)
    if read.atr > width:
        width = read.atr
    order = MARKET
    level = math.nan
    if chance(bar, 3) < 0.8:
        order = STOP if chance(bar, 3) < 0.5 else LIMIT
        away = (chance(bar, 4) - 0.2) * width
        beyond = side if order == STOP else -side
        level = round_down(bar.close + beyond * away, numbers.tick_units)
        memory[0] = level
    price = bar.close if order == MARKET else level
    kind = USD
    target = 1.5 * width
    if chance(bar, 5) < 0.6:
        kind = FRACTION if chance(bar, 5) < 0.3 else R
        target = 0.004 if kind == FRACTION else 1.5
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
