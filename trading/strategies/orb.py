"""The opening-range breakout (rules, sections 3 and 12)."""

from __future__ import annotations

import math
from typing import NamedTuple

from trading.entries import FRACTION, MARKET, STOP, USD, Bar, Entry, R, no_entry
from trading.indicators import Indicator, atr, daily_atr, mean_volume
from trading.market.bars import Floats
from trading.prices import round_down, round_up, whole_units
from trading.reasons import (
    AGAINST_DIRECTION,
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
    TOO_EXTENDED,
    UNDECIDED,
    WEAK_BODY,
)
from trading.strategies.orb_parameters import (
    STOP_ATR,
    STOP_DAILY_ATR,
    STOP_PERCENT,
    STOP_RANGE,
    TARGET_ATR,
    TARGET_DAILY_ATR,
    TARGET_NONE,
    TARGET_PERCENT,
    TARGET_R,
    TARGET_RANGE,
    OrbNumbers,
    OrbParameters,
)

# Elements of a symbol's memory in a session; 0 and 1 are drawn.
RANGE_HIGH = 0
RANGE_LOW = 1
RANGE_BARS = 2
LONG_STOP = 3
SHORT_STOP = 4
FIRST_OPEN = 5
RANGE_CLOSE = 6
MEMORY = 7
LEVELS = ("range high", "range low")

Parameters = OrbParameters


class Read(NamedTuple):
    """The indicators, NaN for those that the parameters do not need."""

    atr: float
    mean_volume: float
    daily_atr: float


def indicators(parameters: OrbParameters, interval_minutes: int) -> dict[str, Indicator | None]:
    """Return what the parameters need."""
    kinds = (parameters.stop, parameters.target)
    return {
        "atr": atr(14) if "atr" in kinds else None,
        "mean_volume": mean_volume(20) if parameters.volume_filter else None,
        "daily_atr": daily_atr() if "daily_atr" in kinds else None,
    }


def observe(numbers: OrbNumbers, memory: Floats, bar: Bar, read: Read) -> None:
    """Take a bar that is present into the symbol's memory of the session."""
    if bar.number < numbers.range_bars:
        if memory[RANGE_BARS] == 0:
            memory[RANGE_HIGH] = bar.high
            memory[RANGE_LOW] = bar.low
            memory[FIRST_OPEN] = bar.open
        else:
            memory[RANGE_HIGH] = max(memory[RANGE_HIGH], bar.high)
            memory[RANGE_LOW] = min(memory[RANGE_LOW], bar.low)
        memory[RANGE_CLOSE] = bar.close
        memory[RANGE_BARS] += 1
        memory[LONG_STOP] = round_down(memory[RANGE_LOW], numbers.tick_units)
        memory[SHORT_STOP] = round_up(memory[RANGE_HIGH], numbers.tick_units)


def breakout(numbers: OrbNumbers, memory: Floats, bar: Bar) -> tuple[bool, bool]:
    """Return whether the bar breaks the range upwards, and whether downwards, never both."""
    highest, lowest = (bar.high, bar.low) if numbers.wick else (bar.close, bar.close)
    up = highest > memory[RANGE_HIGH] + numbers.breakout_buffer
    down = lowest < memory[RANGE_LOW] - numbers.breakout_buffer
    further_up = True
    if numbers.wick:
        # If wicks break both sides, the one further from the open wins.
        further_up = whole_units(bar.high - bar.open) >= whole_units(bar.open - bar.low)
    return up & (further_up | (not down)), down & ((not further_up) | (not up))


def screen(numbers: OrbNumbers, memory: Floats, bar: Bar) -> tuple[int, float, float]:
    """Return what `signal` returns, with UNDECIDED for a bar that needs more than the range.

    Of the lines that set the reason the last that applies wins. They are no branches, so that a
    compiler can judge several symbols with one instruction.
    """
    if bar.number < numbers.range_bars:
        at_the_end = numbers.stop_entry and bar.number == numbers.range_bars - 1
        return UNDECIDED if at_the_end else NO_DECISION, math.nan, math.nan
    close = bar.close
    range_high, range_low = memory[RANGE_HIGH], memory[RANGE_LOW]
    is_long, is_short = breakout(numbers, memory, bar)
    stop = memory[LONG_STOP] if is_long else memory[SHORT_STOP]
    rise = close - bar.open if is_long else bar.open - close
    body = rise / (bar.high - bar.low if bar.high != bar.low else math.inf)
    extension = close - range_high if is_long else range_low - close
    furthest = numbers.max_extension * (range_high - range_low)
    reason = ENTER_LONG if is_long else ENTER_SHORT
    reason = TOO_EXTENDED if (numbers.max_extension > 0) & (extension > furthest) else reason
    reason = WEAK_BODY if body < numbers.min_body else reason
    reason = SHORT_DISABLED if is_short & (not numbers.allow_short) else reason
    reason = reason if is_long | is_short else NO_BREAKOUT
    # Whatever else is asked comes before some of these reasons, or in the place of them.
    reason = UNDECIDED if reason >= numbers.undecided_from else reason
    reason = RANGE_FLAT if range_high == range_low else reason
    reason = RANGE_INCOMPLETE if memory[RANGE_BARS] < numbers.range_bars else reason
    reason = BAR_MISSING if math.isnan(close) else reason
    target = numbers.target_multiple * (range_high - range_low)
    return reason, stop, target if numbers.target == TARGET_RANGE else math.nan


def signal(numbers: OrbNumbers, memory: Floats, bar: Bar, read: Read) -> Entry:
    """Return the first reason that applies of those which need no account, and how to enter."""
    first = numbers.range_bars - 1 if numbers.stop_entry else numbers.range_bars
    if bar.number < first:
        return no_entry(NO_DECISION)
    if math.isnan(bar.close):
        return no_entry(BAR_MISSING)
    if memory[RANGE_BARS] < numbers.range_bars:
        return no_entry(RANGE_INCOMPLETE)
    if memory[RANGE_HIGH] == memory[RANGE_LOW]:
        return no_entry(RANGE_FLAT)
    went_up = memory[RANGE_CLOSE] > memory[FIRST_OPEN]
    went_down = memory[RANGE_CLOSE] < memory[FIRST_OPEN]
    is_long, is_short = went_up, went_down
    if not numbers.stop_entry:
        is_long, is_short = breakout(numbers, memory, bar)
        if not (is_long or is_short):
            return no_entry(NO_BREAKOUT)
    if is_short and not numbers.allow_short:
        return no_entry(SHORT_DISABLED)
    is_against = (is_long and not went_up) or (is_short and not went_down)
    if numbers.first_bar_only and (is_against or not (is_long or is_short)):
        return no_entry(AGAINST_DIRECTION)
    if not numbers.stop_entry:
        rise = bar.close - bar.open if is_long else bar.open - bar.close
        if (rise / (bar.high - bar.low) if bar.high != bar.low else 0.0) < numbers.min_body:
            return no_entry(WEAK_BODY)
    height = memory[RANGE_HIGH] - memory[RANGE_LOW]
    beyond = bar.close - memory[RANGE_HIGH] if is_long else memory[RANGE_LOW] - bar.close
    if numbers.max_extension > 0 and beyond > numbers.max_extension * height:
        return no_entry(TOO_EXTENDED)
    needs_atr = numbers.stop == STOP_ATR or numbers.target == TARGET_ATR
    needs_daily = numbers.stop == STOP_DAILY_ATR or numbers.target == TARGET_DAILY_ATR
    if (needs_atr and math.isnan(read.atr)) or (needs_daily and math.isnan(read.daily_atr)):
        return no_entry(INDICATOR_WARMING_UP)
    if numbers.volume_filter:
        if math.isnan(read.mean_volume):
            return no_entry(INDICATOR_WARMING_UP)
        if not bar.volume >= numbers.volume_threshold * read.mean_volume:
            return no_entry(LOW_VOLUME)
    level = level_of(numbers, memory, is_long) if numbers.stop_entry else math.nan
    price = level if numbers.stop_entry else bar.close
    kind = (
        FRACTION if numbers.target == TARGET_PERCENT else R if numbers.target == TARGET_R else USD
    )
    return Entry(
        ENTER_LONG if is_long else ENTER_SHORT,
        stop_of(numbers, memory, read, price, is_long),
        target_of(numbers, read, height),
        kind,
        STOP if numbers.stop_entry else MARKET,
        level,
        0,
    )


def level_of(numbers: OrbNumbers, memory: Floats, is_long: bool) -> float:
    """Return where a stop entry rests."""
    if is_long:
        return round_up(memory[RANGE_HIGH] + numbers.breakout_buffer, numbers.tick_units)
    return round_down(memory[RANGE_LOW] - numbers.breakout_buffer, numbers.tick_units)


def stop_of(numbers: OrbNumbers, memory: Floats, read: Read, price: float, is_long: bool) -> float:
    """Return the stop of an entry at a reference price, USD."""
    if numbers.stop == STOP_RANGE:
        return float(memory[LONG_STOP] if is_long else memory[SHORT_STOP])
    if numbers.stop == STOP_PERCENT:
        share = 1 - numbers.stop_distance if is_long else 1 + numbers.stop_distance
        away = price * share
    else:
        distance = numbers.stop_distance * (
            read.atr if numbers.stop == STOP_ATR else read.daily_atr
        )
        away = price - distance if is_long else price + distance
    if is_long:
        return round_down(away, numbers.tick_units)
    return round_up(away, numbers.tick_units)


def target_of(numbers: OrbNumbers, read: Read, height: float) -> float:
    """Return how far the target is from the entry's fill, in what it counts; NaN for none."""
    if numbers.target == TARGET_NONE:
        return math.nan
    if numbers.target == TARGET_RANGE:
        return numbers.target_multiple * height
    if numbers.target == TARGET_ATR:
        return numbers.target_multiple * read.atr
    if numbers.target == TARGET_DAILY_ATR:
        return numbers.target_multiple * read.daily_atr
    return numbers.target_multiple
