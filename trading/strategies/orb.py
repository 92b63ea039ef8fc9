"""The opening-range breakout (rules, section 3)."""

from __future__ import annotations

import math
from typing import Literal, NamedTuple

from pydantic import Field

from trading.market.bars import Floats
from trading.parameters import LARGEST, StrategyParameters
from trading.prices import round_down, round_up, tick_units, whole_units
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
    UNDECIDED,
    WEAK_BODY,
)

# Elements of a symbol's memory in a session; 0 and 1 are shown as the range in decisions.
RANGE_HIGH = 0
RANGE_LOW = 1
RANGE_BARS = 2
LONG_STOP = 3
SHORT_STOP = 4
MEMORY = 5


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
    needs_indicators: bool


class OrbParameters(StrategyParameters):
    """The opening-range breakout: enter when price leaves the range of the first minutes."""

    strategy: Literal["orb"] = Field("orb", description="Which strategy this is")
    range_minutes: int = Field(5, ge=1, le=1440, description="Length of the opening range, minutes")
    breakout_on: Literal["close", "wick"] = Field(
        "close", description="What has to leave the range: a bar's close, or its high or low"
    )
    breakout_buffer: float = Field(
        0.0, ge=0, le=LARGEST, description="USD beyond the level a break needs"
    )
    min_body: float = Field(0.5, ge=-1, le=1, description="Signed body of the breakout bar")
    max_extension: float = Field(
        0.0, ge=0, le=LARGEST, description="Furthest entry, in ranges; 0 = off"
    )
    allow_short: bool = Field(True, description="Whether a break downwards is sold short")
    stop: Literal["range", "atr"] = Field(
        "range", description="Where the stop is: the other side of the range, or stop_atr away"
    )
    stop_atr: float = Field(1.5, gt=0, le=LARGEST, description="Stop distance in ATR(14)")
    target: Literal["range", "atr", "none"] = Field(
        "range", description="What target_multiple counts; none leaves by stop and close alone"
    )
    target_multiple: float = Field(
        2.0, gt=0, le=LARGEST, description="Target distance in ranges or ATR(14)"
    )
    volume_filter: bool = Field(
        False, description="Whether a break needs volume_threshold times the usual volume"
    )
    volume_threshold: float = Field(
        1.5, ge=0, le=LARGEST, description="x mean volume of 20 previous bars"
    )

    def first_decision_bar(self, interval_minutes: int) -> int:
        """Return the bar after the opening range."""
        return self.range_minutes // interval_minutes

    def needs_indicators(self) -> bool:
        """Return whether the ATR or the mean volume is read."""
        return self.stop == "atr" or self.target == "atr" or self.volume_filter

    def reads_volume(self) -> bool:
        """Return whether volumes decide."""
        return self.volume_filter

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
            self.needs_indicators(),
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
        memory[LONG_STOP] = round_down(memory[RANGE_LOW], numbers.tick_units)
        memory[SHORT_STOP] = round_up(memory[RANGE_HIGH], numbers.tick_units)


def breakout(
    numbers: OrbNumbers, memory: Floats, opened: float, high: float, low: float, close: float
) -> tuple[bool, bool]:
    """Return whether the bar breaks the range upwards, and whether downwards, never both."""
    up = (high if numbers.wick else close) > memory[RANGE_HIGH] + numbers.breakout_buffer
    down = (low if numbers.wick else close) < memory[RANGE_LOW] - numbers.breakout_buffer
    further_up = True
    if numbers.wick:
        # If wicks break both sides, the one further from the open wins.
        further_up = whole_units(high - opened) >= whole_units(opened - low)
    return up & (further_up | (not down)), down & ((not further_up) | (not up))


def entry(is_long: bool, close: float, stop: float) -> int:
    """Return the reason to enter, unless the stop does not protect a position from this close."""
    risk = close - stop if is_long else stop - close
    side = ENTER_LONG if is_long else ENTER_SHORT
    return side if risk > 0 else STOP_NOT_PROTECTIVE


def screen(
    numbers: OrbNumbers,
    memory: Floats,
    bar: int,
    opened: float,
    high: float,
    low: float,
    close: float,
    volume: float,
) -> tuple[int, float, float]:
    """Return what `signal` returns, with UNDECIDED for a bar that needs an indicator.

    Of the lines that set the reason the last that applies wins. They are no branches, so that a
    compiler can judge several symbols with one instruction.
    """
    if bar < numbers.range_bars:
        return NO_DECISION, math.nan, math.nan
    range_high, range_low = memory[RANGE_HIGH], memory[RANGE_LOW]
    long_stop, short_stop = memory[LONG_STOP], memory[SHORT_STOP]
    is_long, is_short = breakout(numbers, memory, opened, high, low, close)
    stop = long_stop if is_long else short_stop
    rise = close - opened if is_long else opened - close
    body = rise / (high - low if high != low else math.inf)
    extension = close - range_high if is_long else range_low - close
    furthest = numbers.max_extension * (range_high - range_low)
    reason = entry(is_long, close, stop)
    reason = UNDECIDED if numbers.needs_indicators else reason
    reason = TOO_EXTENDED if (numbers.max_extension > 0) & (extension > furthest) else reason
    reason = WEAK_BODY if body < numbers.min_body else reason
    reason = SHORT_DISABLED if is_short & (not numbers.allow_short) else reason
    reason = reason if is_long | is_short else NO_BREAKOUT
    reason = RANGE_FLAT if range_high == range_low else reason
    reason = RANGE_INCOMPLETE if memory[RANGE_BARS] < numbers.range_bars else reason
    reason = BAR_MISSING if math.isnan(close) else reason
    offset = numbers.target_multiple * (range_high - range_low)
    return reason, stop, offset if numbers.target == 1 else math.nan


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

    The reason is the first that applies of those which need no account. Stop and offset count
    from STOP_NOT_PROTECTIVE on; an offset of NaN means no target, NaN prices mean no bar.
    """
    reason, stop, offset = screen(numbers, memory, bar, opened, high, low, close, volume)
    if reason != UNDECIDED:
        return reason, stop, offset
    if math.isnan(atr) and (numbers.stop_by_atr or numbers.target == 2):
        return INDICATOR_WARMING_UP, stop, offset
    if numbers.volume_filter:
        if math.isnan(mean_volume):
            return INDICATOR_WARMING_UP, stop, offset
        if not volume >= numbers.volume_threshold * mean_volume:
            return LOW_VOLUME, stop, offset
    is_long, _ = breakout(numbers, memory, opened, high, low, close)
    if numbers.target == 2:
        offset = numbers.target_multiple * atr
    if numbers.stop_by_atr:
        distance = numbers.stop_atr * atr
        if is_long:
            stop = round_down(close - distance, numbers.tick_units)
        else:
            stop = round_up(close + distance, numbers.tick_units)
    return entry(is_long, close, stop), stop, offset
