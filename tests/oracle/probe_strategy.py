"""A strategy that orders in every way: at the market, at stops and limits, with a lifetime; and
that leaves by its own word. Its double for the reference is in `reference.probe`.
"""

from __future__ import annotations

import math
from typing import Literal, NamedTuple

from pydantic import Field

from trading.entries import FRACTION, LIMIT, MARKET, STOP, USD, Bar, Entry, R, no_entry
from trading.indicators import Indicator, ema, rsi, vwap
from trading.market.bars import Floats
from trading.parameters import StrategyParameters
from trading.prices import round_down, round_up, tick_units
from trading.reasons import (
    BAR_MISSING,
    ENTER_LONG,
    ENTER_SHORT,
    INDICATOR_WARMING_UP,
    NO_BREAKOUT,
)

MEMORY = 1


class Numbers(NamedTuple):
    """The parameters as the loop reads them."""

    distance: float
    lifetime_bars: int
    overbought: float
    tick_units: int


class Parameters(StrategyParameters):
    """How far away its levels lie, as a fraction of the price, and how long its orders stand."""

    strategy: Literal["probe"] = "probe"
    distance: float = Field(0.002, gt=0)
    lifetime_bars: int = Field(0, ge=0)
    overbought: float = Field(60.0, ge=0)

    def has_orders(self) -> bool:
        """Return that entries may rest."""
        return True

    def numbers(self, interval_minutes: int) -> Numbers:
        """Return the parameters as the functions of this file read them."""
        return Numbers(self.distance, self.lifetime_bars, self.overbought, tick_units(self.tick))


class Read(NamedTuple):
    """What it reads."""

    vwap: float
    rsi: float
    hourly: float


def indicators(parameters: Parameters, interval_minutes: int) -> dict[str, Indicator]:
    """Return what it reads: of the session, of bars and of hours."""
    return {"vwap": vwap(), "rsi": rsi(5), "hourly": ema(4, minutes=60)}


def observe(numbers: Numbers, memory: Floats, bar: Bar, read: Read) -> None:
    """Count the bars that are there."""
    memory[0] += 1


def signal(numbers: Numbers, memory: Floats, bar: Bar, read: Read) -> Entry:
    """Return an order of a kind that goes round with the bars that were there."""
    if math.isnan(bar.close):
        return no_entry(BAR_MISSING)
    if math.isnan(read.vwap):
        return no_entry(INDICATOR_WARMING_UP)
    count = int(memory[0])
    if count % 7 == 0:
        return no_entry(NO_BREAKOUT)
    is_long = bar.close >= read.vwap
    order, units = count % 3, numbers.tick_units
    price, level = bar.close, math.nan
    if order != MARKET:
        # A long's stop lies above the price, its limit below.
        is_above = (order == STOP) == is_long
        away = price * (1 + numbers.distance if is_above else 1 - numbers.distance)
        level = round_up(away, units) if is_above else round_down(away, units)
        price = level
    below = round_down(price * (1 - 2 * numbers.distance), units)
    above = round_up(price * (1 + 2 * numbers.distance), units)
    kind = count % 4
    targets = (price * 3 * numbers.distance, 3 * numbers.distance, 1.5, math.nan)
    return Entry(
        ENTER_LONG if is_long else ENTER_SHORT,
        below if is_long else above,
        targets[kind],
        USD if kind == 0 else FRACTION if kind == 1 else R,
        LIMIT if order == LIMIT else STOP if order == STOP else MARKET,
        level,
        numbers.lifetime_bars,
    )


def leave(numbers: Numbers, memory: Floats, bar: Bar, read: Read) -> tuple[bool, bool]:
    """Return whether longs leave and whether shorts do."""
    return read.rsi > numbers.overbought, bar.close > read.hourly
