"""The opening-range breakout (rules, section 3)."""

from __future__ import annotations

import math
from typing import Literal, NamedTuple

from pydantic import Field

from trading.bars import Floats
from trading.parameters import LARGEST, StrategyParameters
from trading.prices import r4, round_down, round_up, tick_units
from trading.reasons import (
    BAR_MISSING,
    ENTER_LONG,
    ENTER_SHORT,
    INDICATOR_WARMING_UP,
    LOW_VOLUME,
    NO_BREAKOUT,
    NO_DECISION,
    RANGE_FLAT,
    RANGE_INCOMPLETE,
    SHORT_DISABLED,
    STOP_NOT_PROTECTIVE,
    TOO_EXTENDED,
    WEAK_BODY,
)

# Elements of a symbol's memory in a session; 0 and 1 are shown as the range in decisions.
RANGE_HIGH = 0
RANGE_LOW = 1
RANGE_BARS = 2
MEMORY = 3


class OrbNumbers(NamedTuple):
    """The parameters as the loop reads them."""

    range_bars: int
    wick: bool
    breakout_buffer: float
    min_body: float
    max_extension: float
    allow_short: bool
    stop_by_atr: bool
    stop_atr: float
    target: int
    target_multiple: float
    volume_filter: bool
    volume_threshold: float
    tick_units: int


class OrbParameters(StrategyParameters):
    """The opening-range breakout: enter when price leaves the range of the first minutes."""

    strategy: Literal["orb"] = "orb"
    range_minutes: int = Field(5, ge=1, le=1440, description="Length of the opening range, minutes")
    breakout_on: Literal["close", "wick"] = "close"
    breakout_buffer: float = Field(
        0.0, ge=0, le=LARGEST, description="USD beyond the level a break needs"
    )
    min_body: float = Field(0.5, ge=-1, le=1, description="Signed body of the breakout bar")
    max_extension: float = Field(0.0, ge=0, description="Furthest entry, in ranges; 0 = off")
    allow_short: bool = True
    stop: Literal["range", "atr"] = "range"
    stop_atr: float = Field(1.5, gt=0, le=LARGEST, description="Stop distance in ATR(14)")
    target: Literal["range", "atr", "none"] = "range"
    target_multiple: float = Field(
        2.0, gt=0, le=LARGEST, description="Target distance in ranges or ATR(14)"
    )
    volume_filter: bool = False
    volume_threshold: float = Field(1.5, ge=0, description="x mean volume of 20 previous bars")

    def first_decision_bar(self, interval_minutes: int) -> int:
        """Return the bar after the opening range."""
        return self.range_minutes // interval_minutes

    def needs_indicators(self) -> bool:
        """Return whether the ATR or the mean volume is read."""
        return self.stop == "atr" or self.target == "atr" or self.volume_filter

    def check_interval(self, interval_minutes: int) -> None:
        """Raise ValueError when the range is not a whole number of bars."""
        if self.range_minutes % interval_minutes:
            raise ValueError(
                f"range_minutes {self.range_minutes} is not a multiple of the"
                f" {interval_minutes}-minute bar"
            )

    def numbers(self, interval_minutes: int) -> OrbNumbers:
        """Return the parameters as the functions of this file read them."""
        return OrbNumbers(
            self.range_minutes // interval_minutes,
            self.breakout_on == "wick",
            self.breakout_buffer,
            self.min_body,
            self.max_extension,
            self.allow_short,
            self.stop == "atr",
            self.stop_atr,
            ("none", "range", "atr").index(self.target),
            self.target_multiple,
            self.volume_filter,
            self.volume_threshold,
            tick_units(self.tick),
        )


Parameters = OrbParameters


def observe(
    numbers: OrbNumbers,
    memory: Floats,
    bar: int,
    opened: float,
    high: float,
    low: float,
    close: float,
    volume: float,
) -> None:
    """Take a bar that is present into the symbol's memory of the session."""
    if bar < numbers.range_bars:
        if memory[RANGE_BARS] == 0:
            memory[RANGE_HIGH] = high
            memory[RANGE_LOW] = low
        else:
            memory[RANGE_HIGH] = max(memory[RANGE_HIGH], high)
            memory[RANGE_LOW] = min(memory[RANGE_LOW], low)
        memory[RANGE_BARS] += 1


def signal(
    numbers: OrbNumbers,
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
    """Return the reason at the bar's close, the stop, and the target's offset from the fill.

    The reason is the first that applies of those which need no account; NaN prices mean none.
    """
    nothing = math.nan
    if bar < numbers.range_bars:
        return NO_DECISION, nothing, nothing
    if math.isnan(close):
        return BAR_MISSING, nothing, nothing
    if memory[RANGE_BARS] < numbers.range_bars:
        return RANGE_INCOMPLETE, nothing, nothing
    range_high, range_low = memory[RANGE_HIGH], memory[RANGE_LOW]
    if range_high == range_low:
        return RANGE_FLAT, nothing, nothing
    is_long = (high if numbers.wick else close) > range_high + numbers.breakout_buffer
    is_short = (low if numbers.wick else close) < range_low - numbers.breakout_buffer
    if is_long and is_short:
        is_long = r4(high - opened) >= r4(opened - low)
    if not is_long and not is_short:
        return NO_BREAKOUT, nothing, nothing
    if not is_long and not numbers.allow_short:
        return SHORT_DISABLED, nothing, nothing
    body = 0.0
    if high != low:
        body = (close - opened) / (high - low) if is_long else (opened - close) / (high - low)
    if body < numbers.min_body:
        return WEAK_BODY, nothing, nothing
    if numbers.max_extension > 0:
        extension = close - range_high if is_long else range_low - close
        if extension > numbers.max_extension * (range_high - range_low):
            return TOO_EXTENDED, nothing, nothing
    if math.isnan(atr) and (numbers.stop_by_atr or numbers.target == 2):
        return INDICATOR_WARMING_UP, nothing, nothing
    if numbers.volume_filter:
        if math.isnan(mean_volume):
            return INDICATOR_WARMING_UP, nothing, nothing
        if not volume >= numbers.volume_threshold * mean_volume:
            return LOW_VOLUME, nothing, nothing
    if numbers.target == 0:
        offset = nothing
    elif numbers.target == 1:
        offset = numbers.target_multiple * (range_high - range_low)
    else:
        offset = numbers.target_multiple * atr
    if is_long:
        level = close - numbers.stop_atr * atr if numbers.stop_by_atr else range_low
        stop = round_down(level, numbers.tick_units)
        if close - stop <= 0:
            return STOP_NOT_PROTECTIVE, stop, nothing
        return ENTER_LONG, stop, offset
    level = close + numbers.stop_atr * atr if numbers.stop_by_atr else range_high
    stop = round_up(level, numbers.tick_units)
    if stop - close <= 0:
        return STOP_NOT_PROTECTIVE, stop, nothing
    return ENTER_SHORT, stop, offset
