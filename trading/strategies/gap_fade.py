"""Fade the gap of the open: trade back towards the last session's close."""

from __future__ import annotations

import math
from typing import Literal, NamedTuple, Self

from pydantic import Field, model_validator

from trading.entries import USD, Bar, Entry, enter, no_entry
from trading.indicators import Indicator, daily_close
from trading.market.bars import Floats
from trading.parameters import LARGEST, StrategyParameters
from trading.prices import round_down, round_up, tick_units
from trading.reasons import (
    BAR_MISSING,
    INDICATOR_WARMING_UP,
    OWN_1,
    OWN_2,
    OWN_3,
    OWN_4,
    RANGE_INCOMPLETE,
    SHORT_DISABLED,
)

# Elements of a symbol's memory in a session; an open of 0 is that of a first bar that is missing.
LAST_CLOSE, OPEN, HIGH, LOW = 0, 1, 2, 3
MEMORY = 4
LEVELS = ("last close", "session open")
REASONS = {
    "gap_too_small": "the session opened too near to the last close",
    "gap_too_large": "the session opened too far from the last close",
    "gap_filled": "the price was back at the target already",
    "not_turning": "the close was not beyond the session's open, towards the last close",
}
TOO_SMALL, TOO_LARGE, FILLED, NOT_TURNING = OWN_1, OWN_2, OWN_3, OWN_4


class Numbers(NamedTuple):
    """The parameters as the functions below read them."""

    min_gap_pct: float
    max_gap_pct: float
    fill_share: float
    stop_buffer: float
    allow_short: bool
    tick_units: int


class Parameters(StrategyParameters):
    """Fade the gap: enter when price turns back beyond its open, out where the gap is filled."""

    strategy: Literal["gap_fade"] = Field("gap_fade", description="Which strategy this is")
    min_gap_pct: float = Field(0.01, ge=0, lt=1, description="Smallest gap, of the last close")
    max_gap_pct: float = Field(0.06, gt=0, lt=1, description="Largest gap, of the last close")
    fill_share: float = Field(
        1.0, gt=0, le=1, description="Target: so much of the gap is filled; 1 = the last close"
    )
    stop_buffer: float = Field(
        0.0, ge=0, le=LARGEST, description="Stop beyond the session's high or low so far, USD"
    )
    entry_cutoff_minutes: int = Field(
        300, ge=0, le=1440, description="No entry at a bar END later than the close minus this"
    )
    allow_short: bool = Field(True, description="Whether a gap upwards is sold short")

    @model_validator(mode="after")
    def _check_gaps(self) -> Self:
        if self.min_gap_pct > self.max_gap_pct:
            raise ValueError(
                f"min_gap_pct {self.min_gap_pct:g} is above max_gap_pct {self.max_gap_pct:g}"
            )
        return self

    def reads_volume(self) -> bool:
        """Return that no volume decides."""
        return self.validation

    def numbers(self, interval_minutes: int) -> Numbers:
        """Return the parameters as the functions below read them."""
        gaps = (self.min_gap_pct, self.max_gap_pct, self.fill_share)
        return Numbers(*gaps, self.stop_buffer, self.allow_short, tick_units(self.tick))


class Read(NamedTuple):
    """What is known at a bar's close: the last session's, NaN before there is one."""

    last_close: float


def indicators(parameters: Parameters, interval_minutes: int) -> dict[str, Indicator]:
    """Return what each field of `Read` is."""
    return {"last_close": daily_close()}


def observe(numbers: Numbers, memory: Floats, bar: Bar, read: Read) -> None:
    """Keep the session's open, and its high and low so far."""
    memory[LAST_CLOSE] = read.last_close
    if bar.number == 0:
        memory[OPEN], memory[HIGH], memory[LOW] = bar.open, bar.high, bar.low
    else:
        memory[HIGH], memory[LOW] = max(memory[HIGH], bar.high), min(memory[LOW], bar.low)


def signal(numbers: Numbers, memory: Floats, bar: Bar, read: Read) -> Entry:
    """Return an entry against the gap, or why there is none."""
    if math.isnan(bar.close):
        return no_entry(BAR_MISSING)
    if memory[OPEN] == 0:
        return no_entry(RANGE_INCOMPLETE)
    if math.isnan(read.last_close):
        return no_entry(INDICATOR_WARMING_UP)
    gap = memory[OPEN] - read.last_close
    if gap == 0 or abs(gap) < numbers.min_gap_pct * read.last_close:
        return no_entry(TOO_SMALL)
    if abs(gap) > numbers.max_gap_pct * read.last_close:
        return no_entry(TOO_LARGE)
    is_long = gap < 0
    target = memory[OPEN] - numbers.fill_share * gap
    left = target - bar.close if is_long else bar.close - target
    if left <= 0:
        return no_entry(FILLED)
    if not (bar.close > memory[OPEN] if is_long else bar.close < memory[OPEN]):
        return no_entry(NOT_TURNING)
    if not is_long and not numbers.allow_short:
        return no_entry(SHORT_DISABLED)
    if is_long:
        stop = round_down(memory[LOW] - numbers.stop_buffer, numbers.tick_units)
    else:
        stop = round_up(memory[HIGH] + numbers.stop_buffer, numbers.tick_units)
    return enter(is_long, stop, left, USD)
