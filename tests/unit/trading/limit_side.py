"""A strategy of the tests' own: it buys below and sells above where it is, with a limit order."""

from __future__ import annotations

import math
from typing import Literal, NamedTuple

from trading.entries import LIMIT, USD, Bar, Entry, Nothing, enter_at, no_entry
from trading.market.bars import Floats
from trading.parameters import StrategyParameters
from trading.reasons import BAR_MISSING

MEMORY = 1
AWAY, RISK = 0.1, 0.2


class Numbers(NamedTuple):
    """There is nothing to choose."""

    nothing: float


class Parameters(StrategyParameters):
    """Entries wait three bars, ten cents away; stops lie twenty cents further; no target."""

    strategy: Literal["limit_side"] = "limit_side"

    def has_orders(self) -> bool:
        """Return that entries rest."""
        return True

    def numbers(self, interval_minutes: int) -> Numbers:
        """Return nothing."""
        return Numbers(0.0)


def observe(numbers: Numbers, memory: Floats, bar: Bar, read: Nothing) -> None:
    """Remember nothing."""


def signal(numbers: Numbers, memory: Floats, bar: Bar, read: Nothing) -> Entry:
    """Go against the bar."""
    if math.isnan(bar.close):
        return no_entry(BAR_MISSING)
    is_long = bar.close < bar.open
    side = 1.0 if is_long else -1.0
    level = math.floor((bar.close - side * AWAY) * 100 + 0.5) / 100
    stop = math.floor((bar.close - side * (AWAY + RISK)) * 100 + 0.5) / 100
    return enter_at(LIMIT, level, is_long, stop, math.nan, USD, 3)
