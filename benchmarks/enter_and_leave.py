"""A strategy that enters every symbol at once, and leaves at the next close: orders, no sense."""

from __future__ import annotations

import math
from typing import Literal, NamedTuple

from pydantic import Field

from trading.entries import MARKET, USD, Bar, Entry, no_entry
from trading.market.bars import Floats
from trading.parameters import StrategyParameters
from trading.reasons import BAR_MISSING, ENTER_LONG

MEMORY = 1


class Numbers(NamedTuple):
    """Its one parameter."""

    far: float


class Parameters(StrategyParameters):
    """How far away stop and target are, as a part of the price."""

    strategy: Literal["enter_and_leave"] = Field("enter_and_leave", description="Its name")
    far: float = Field(0.5, gt=0, lt=1, description="Of the price")

    def has_orders(self) -> bool:
        """Return that nothing rests at a level."""
        return False

    def numbers(self, interval_minutes: int) -> Numbers:
        """Return the parameter."""
        return Numbers(self.far)


class Read(NamedTuple):
    """What it reads: nothing but the bar."""


def indicators(parameters: Parameters, interval_minutes: int) -> dict[str, None]:
    """Return none."""
    return {}


def observe(numbers: Numbers, memory: Floats, bar: Bar, read: Read) -> None:
    """Remember nothing."""


def leave(numbers: Numbers, memory: Floats, bar: Bar, read: Read) -> tuple[bool, bool]:
    """Leave whatever is held."""
    return True, True


def signal(numbers: Numbers, memory: Floats, bar: Bar, read: Read) -> Entry:
    """Enter wherever there is a bar."""
    if math.isnan(bar.close):
        return no_entry(BAR_MISSING)
    away = math.floor(bar.close * numbers.far)
    return Entry(ENTER_LONG, bar.close - away, away, USD, MARKET, math.nan, 0)
