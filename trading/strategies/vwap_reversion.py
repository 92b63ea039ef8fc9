"""Back to the session's VWAP: buy far below it at a limit, sell short far above it."""

from __future__ import annotations

import math
from typing import Literal, NamedTuple, Self

from pydantic import Field, model_validator

from trading.entries import LIMIT, USD, Bar, Entry, enter_at, no_entry
from trading.indicators import Indicator, atr, rsi, vwap
from trading.market.bars import Floats
from trading.parameters import LARGEST, StrategyParameters
from trading.prices import UNITS_PER_DOLLAR, round_down, round_up, tick_units
from trading.reasons import BAR_MISSING, INDICATOR_WARMING_UP, OWN_1, OWN_2, SHORT_DISABLED

# Elements of a symbol's memory in a session.
VWAP, BAND = 0, 1
MEMORY = 2
LEVELS = ("VWAP", "entry band")
REASONS = {
    "near_vwap": "the close was too near to the VWAP",
    "not_exhausted": "the RSI did not say that the move was exhausted",
}
NEAR_VWAP, NOT_EXHAUSTED = OWN_1, OWN_2


class Numbers(NamedTuple):
    """The parameters as the functions below read them."""

    near_atr: float
    stretch_atr: float
    stop_atr: float
    rsi_low: float
    allow_short: bool
    tick_units: int


class Parameters(StrategyParameters):
    """Fade a move away from the VWAP: a limit in the band, the VWAP as target."""

    strategy: Literal["vwap_reversion"] = Field(
        "vwap_reversion", description="Which strategy this is"
    )
    near_atr: float = Field(
        1.0, gt=0, le=LARGEST, description="An order needs a close so far from the VWAP, in ATR(14)"
    )
    stretch_atr: float = Field(
        2.0, gt=0, le=LARGEST, description="The band's distance from the VWAP, in ATR(14)"
    )
    stop_atr: float = Field(1.5, gt=0, le=LARGEST, description="Stop beyond the band, in ATR(14)")
    rsi_bars: int = Field(14, ge=2, le=500, description="Length of the RSI, bars")
    rsi_low: float = Field(
        35.0, gt=0, le=50, description="Longs need an RSI up to this, shorts from 100 minus this"
    )
    allow_short: bool = Field(True, description="Whether a move upwards is sold short")

    @model_validator(mode="after")
    def _check_distances(self) -> Self:
        if self.near_atr > self.stretch_atr:
            raise ValueError(
                f"near_atr {self.near_atr:g} is beyond the band, stretch_atr {self.stretch_atr:g}"
            )
        return self

    def has_orders(self) -> bool:
        """Return that entries rest at a level."""
        return True

    def numbers(self, interval_minutes: int) -> Numbers:
        """Return the parameters as the functions below read them."""
        units = tick_units(self.tick)
        distances = (self.near_atr, self.stretch_atr, self.stop_atr)
        return Numbers(*distances, self.rsi_low, self.allow_short, units)


class Read(NamedTuple):
    """What is known at a bar's close, NaN while it has too few bars behind it."""

    vwap: float
    rsi: float
    atr: float


def indicators(parameters: Parameters, interval_minutes: int) -> dict[str, Indicator]:
    """Return what each field of `Read` is."""
    return {"vwap": vwap(), "rsi": rsi(parameters.rsi_bars), "atr": atr(14)}


def observe(numbers: Numbers, memory: Floats, bar: Bar, read: Read) -> None:
    """Keep what is to be drawn: the VWAP, and the band on the close's side of it."""
    away = numbers.stretch_atr * read.atr
    memory[VWAP] = read.vwap
    memory[BAND] = read.vwap - away if bar.close < read.vwap else read.vwap + away


def signal(numbers: Numbers, memory: Floats, bar: Bar, read: Read) -> Entry:
    """Return a limit in the band for the next bar, or why there is none."""
    if math.isnan(bar.close):
        return no_entry(BAR_MISSING)
    if math.isnan(read.vwap + read.rsi + read.atr):
        return no_entry(INDICATOR_WARMING_UP)
    is_long = bar.close < read.vwap
    stretch = abs(bar.close - read.vwap)
    # A band less than a tick away leaves nothing to be gained between it and the VWAP.
    tick = numbers.tick_units / UNITS_PER_DOLLAR
    if numbers.stretch_atr * read.atr < tick or stretch < numbers.near_atr * read.atr:
        return no_entry(NEAR_VWAP)
    exhausted = read.rsi <= numbers.rsi_low if is_long else read.rsi >= 100 - numbers.rsi_low
    if not exhausted:
        return no_entry(NOT_EXHAUSTED)
    if not is_long and not numbers.allow_short:
        return no_entry(SHORT_DISABLED)
    units = numbers.tick_units
    away, risk = numbers.stretch_atr * read.atr, numbers.stop_atr * read.atr
    if is_long:
        level = round_down(read.vwap - away, units)
        stop = round_down(level - risk, units)
    else:
        level = round_up(read.vwap + away, units)
        stop = round_up(level + risk, units)
    # The band follows the VWAP: each close places the order anew.
    return enter_at(LIMIT, level, is_long, stop, abs(read.vwap - level), USD, 1)


def leave(numbers: Numbers, memory: Floats, bar: Bar, read: Read) -> tuple[bool, bool]:
    """Return whether a long, and whether a short, leaves: the close is back at the VWAP."""
    return bar.close >= read.vwap, bar.close <= read.vwap
