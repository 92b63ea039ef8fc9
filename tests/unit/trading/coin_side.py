"""A strategy of the tests' own: it enters every bar, on the side that the bar's body points to."""

from __future__ import annotations

import math
from typing import Literal, NamedTuple

from pydantic import Field

from trading.market.bars import Floats
from trading.parameters import StrategyParameters
from trading.reasons import BAR_MISSING, ENTER_LONG, ENTER_SHORT

MEMORY = 1


class Numbers(NamedTuple):
    """The parameters as the loop reads them."""

    distance: float


class Parameters(StrategyParameters):
    """Stops lie a fixed distance away; there is no target."""

    strategy: Literal["coin_side"] = "coin_side"
    distance: float = Field(1.0, gt=0)

    def needs_indicators(self) -> bool:
        """Return that nothing is read but the bar."""
        return False

    def numbers(self, interval_minutes: int) -> Numbers:
        """Return the parameters as the functions of this file read them."""
        return Numbers(self.distance)


def observe(
    numbers: Numbers,
    memory: Floats,
    bar: int,
    opened: float,
    high: float,
    low: float,
    close: float,
    volume: float,
) -> None:
    """Count the bars."""
    memory[0] += 1


def signal(
    numbers: Numbers,
    memory: Floats,
    bar: int,
    opened: float,
    high: float,
    low: float,
    close: float,
    volume: float,
    atr: float,
    mean_volume: float,
) -> tuple[int, float, float]:
    """Return an entry with its stop."""
    if math.isnan(close):
        return BAR_MISSING, math.nan, math.nan
    if close >= opened:
        return ENTER_LONG, close - numbers.distance, math.nan
    return ENTER_SHORT, close + numbers.distance, math.nan
