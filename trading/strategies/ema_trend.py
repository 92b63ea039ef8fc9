"""Trend by exponential means: enter where a pullback ends, leave where the trend does."""

from __future__ import annotations

import math
from typing import Literal, NamedTuple, Self

from pydantic import Field, model_validator

from trading.entries import STOP, Bar, Entry, R, enter_at, no_entry
from trading.indicators import Indicator, atr, close, ema
from trading.market.bars import Floats
from trading.parameters import LARGEST, StrategyParameters
from trading.prices import round_down, round_up, tick_units
from trading.reasons import BAR_MISSING, INDICATOR_WARMING_UP, OWN_1, OWN_2, SHORT_DISABLED

# Elements of a symbol's memory in a session.
FAST, SLOW = 0, 1
MEMORY = 2
LEVELS = ("fast mean", "slow mean")
REASONS = {
    "no_trend": "the two means and the coarser bars did not point the same way",
    "no_pullback": "the bar did not come back to the fast mean and close beyond it again",
}
NO_TREND, NO_PULLBACK = OWN_1, OWN_2


class Numbers(NamedTuple):
    """The parameters as the functions below read them."""

    stop_atr: float
    target_r: float
    order_bars: int
    allow_short: bool
    tick_units: int


class Parameters(StrategyParameters):
    """Follow the trend: a stop entry beyond the bar that came back to the fast mean."""

    strategy: Literal["ema_trend"] = Field("ema_trend", description="Which strategy this is")
    fast: int = Field(9, ge=1, le=500, description="Length of the fast mean, bars")
    slow: int = Field(21, ge=2, le=500, description="Length of the slow mean, bars")
    trend_minutes: int = Field(
        60, ge=1, le=1440, description="Coarser bars that have to agree, a multiple of the bar"
    )
    trend_bars: int = Field(20, ge=1, le=500, description="Length of the mean of coarser bars")
    stop_atr: float = Field(1.5, gt=0, le=LARGEST, description="Stop distance in ATR(14)")
    target_r: float = Field(2.0, ge=0, le=LARGEST, description="Target in R; 0 = none")
    order_bars: int = Field(
        3, ge=0, le=390, description="Bars that an entry order stands; 0 = until it is cancelled"
    )
    allow_short: bool = Field(True, description="Whether a trend downwards is sold short")

    @model_validator(mode="after")
    def _check_lengths(self) -> Self:
        if self.fast >= self.slow:
            raise ValueError(f"fast {self.fast} is not below slow {self.slow}")
        return self

    def check_interval(self, interval_minutes: int) -> None:
        """Raise ValueError when coarser bars are not made of whole bars."""
        super().check_interval(interval_minutes)
        if self.trend_minutes % interval_minutes:
            raise ValueError(
                f"trend_minutes {self.trend_minutes} is not a multiple of the"
                f" {interval_minutes}-minute bar"
            )

    def reads_volume(self) -> bool:
        """Return that no volume decides."""
        return self.validation

    def has_orders(self) -> bool:
        """Return that entries rest at a level."""
        return True

    def target_field(self) -> str:
        """Return the field that is the target's distance, and nothing else."""
        return "target_r"

    def numbers(self, interval_minutes: int) -> Numbers:
        """Return the parameters as the functions below read them."""
        target = self.target_r or math.nan
        units = tick_units(self.tick)
        return Numbers(self.stop_atr, target, self.order_bars, self.allow_short, units)


class Read(NamedTuple):
    """What is known at a bar's close, NaN while it has too few bars behind it."""

    fast: float
    slow: float
    coarse_close: float
    coarse_mean: float
    atr: float


def indicators(parameters: Parameters, interval_minutes: int) -> dict[str, Indicator]:
    """Return what each field of `Read` is."""
    return {
        "fast": ema(parameters.fast),
        "slow": ema(parameters.slow),
        "coarse_close": close(minutes=parameters.trend_minutes),
        "coarse_mean": ema(parameters.trend_bars, minutes=parameters.trend_minutes),
        "atr": atr(14),
    }


def observe(numbers: Numbers, memory: Floats, bar: Bar, read: Read) -> None:
    """Keep the means to be drawn."""
    memory[FAST], memory[SLOW] = read.fast, read.slow


def signal(numbers: Numbers, memory: Floats, bar: Bar, read: Read) -> Entry:
    """Return an order one tick beyond the bar that ended a pullback, or why there is none."""
    if math.isnan(bar.close):
        return no_entry(BAR_MISSING)
    if math.isnan(read.slow + read.coarse_mean + read.atr):
        return no_entry(INDICATOR_WARMING_UP)
    is_long = read.fast > read.slow and read.coarse_close > read.coarse_mean
    is_short = read.fast < read.slow and read.coarse_close < read.coarse_mean
    if not (is_long or is_short):
        return no_entry(NO_TREND)
    came_back = bar.low <= read.fast < bar.close if is_long else bar.high >= read.fast > bar.close
    if not came_back:
        return no_entry(NO_PULLBACK)
    if is_short and not numbers.allow_short:
        return no_entry(SHORT_DISABLED)
    units, away = numbers.tick_units, numbers.stop_atr * read.atr
    level = round_up(bar.high + units / 10000, units)
    stop = round_down(level - away, units)
    if is_short:
        level = round_down(bar.low - units / 10000, units)
        stop = round_up(level + away, units)
    return enter_at(STOP, level, is_long, stop, numbers.target_r, R, numbers.order_bars)


def leave(numbers: Numbers, memory: Floats, bar: Bar, read: Read) -> tuple[bool, bool]:
    """Return whether a long, and whether a short, leaves: the means have crossed."""
    return read.fast < read.slow, read.fast > read.slow
