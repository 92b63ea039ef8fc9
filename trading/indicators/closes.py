"""Means of closes: simple, exponential, MACD and Bollinger's bands, as TA-Lib has them.

Each function takes one close of one symbol. Rows of a study are counted from its first.
"""

from __future__ import annotations

import math

from trading.indicators.rings import FILLED, PLACE, VALUES
from trading.market.bars import Floats
from trading.prices import UNITS_PER_DOLLAR, whole_units

# A simple mean has its value, a sum and a ring of closes in units of 0.0001, whose sums are exact.
SMA_SUM = 1
SMA_RING = 2
# An exponential one has its value, how many closes it has seen until it begins, and their sum.
EMA_COUNT = 1
EMA_SUM = 2
# After its three values a MACD has the same, of its parts. They are sums until they begin.
MACD_COUNT = 3
MACD_FAST = 4
MACD_SLOW = 5
MACD_SUM = 6
# After the bands come a close near all others, sums of differences to it, and the closes.
BANDS_NEAR = 3
BANDS_SUM = 4
BANDS_SQUARES = 5
BANDS_RING = 6


def update_sma(state: Floats, row: int, length: int, s: int, close: float) -> None:
    """Take a close into the mean of the last ones."""
    ring = row + SMA_RING
    units = whole_units(close)
    place = int(state[ring + PLACE, s])
    filled = min(state[ring + FILLED, s] + 1.0, length)
    total = state[row + SMA_SUM, s] + (units - state[ring + VALUES + place, s])
    state[row + SMA_SUM, s] = total
    state[ring + VALUES + place, s] = units
    state[ring + PLACE, s] = place + 1 if place + 1 < length else 0
    state[ring + FILLED, s] = filled
    if filled == length:
        state[row, s] = total / (length * UNITS_PER_DOLLAR)


def update_ema(state: Floats, row: int, length: int, s: int, close: float) -> None:
    """Take a close into an exponential mean, which begins as the mean of the first ones."""
    if state[row + EMA_COUNT, s] == length:
        state[row, s] = (close - state[row, s]) * (2 / (length + 1)) + state[row, s]
        return
    state[row + EMA_SUM, s] += close
    state[row + EMA_COUNT, s] += 1.0
    if state[row + EMA_COUNT, s] == length:
        state[row, s] = state[row + EMA_SUM, s] / length


def update_macd(
    state: Floats, row: int, fast: int, slow: int, signal: int, s: int, close: float
) -> None:
    """Take a close into a MACD.

    As in TA-Lib its fast part begins with the slow one, as the mean of the last closes up to then.
    """
    seen = state[row + MACD_COUNT, s]
    before_fast, before_slow = state[row + MACD_FAST, s], state[row + MACD_SLOW, s]
    if seen >= slow:
        now_fast = (close - before_fast) * (2 / (fast + 1)) + before_fast
        now_slow = (close - before_slow) * (2 / (slow + 1)) + before_slow
    else:
        now_fast = before_fast + close if seen >= slow - fast else before_fast
        now_slow = before_slow + close
        if seen + 1 == slow:
            now_fast /= fast
            now_slow /= slow
    state[row + MACD_FAST, s] = now_fast
    state[row + MACD_SLOW, s] = now_slow
    # How many lines there are, this one included; it is not counted beyond what is needed.
    lines = seen + 2 - slow
    if lines <= signal:
        state[row + MACD_COUNT, s] = seen + 1
    if lines < 1:
        return
    line = now_fast - now_slow
    if lines <= signal:
        state[row + MACD_SUM, s] += line
    if lines >= signal:
        before = state[row + 1, s]
        mean = (line - before) * (2 / (signal + 1)) + before
        if lines == signal:
            mean = state[row + MACD_SUM, s] / signal
        state[row, s] = line
        state[row + 1, s] = mean
        state[row + 2, s] = line - mean


def update_bollinger(
    state: Floats, row: int, length: int, deviations: float, s: int, close: float
) -> None:
    """Take a close into the mean of the last ones and the bands around it.

    Sums are of differences to a close among them, in units of 0.0001: exact as long as their
    squares fit a float, and made anew each time the ring comes round.
    """
    ring = row + BANDS_RING
    units = whole_units(close)
    place = int(state[ring + PLACE, s])
    filled = state[ring + FILLED, s]
    near = state[row + BANDS_NEAR, s] if filled > 0 else units
    total, squares = state[row + BANDS_SUM, s], state[row + BANDS_SQUARES, s]
    if filled == length:
        apart = state[ring + VALUES + place, s] - near
        total -= apart
        squares -= apart * apart
    state[ring + VALUES + place, s] = units
    apart = units - near
    total += apart
    squares += apart * apart
    place += 1
    if place == length:
        place = 0
        near, total, squares = units, 0.0, 0.0
        for i in range(length):
            apart = state[ring + VALUES + i, s] - near
            total += apart
            squares += apart * apart
    filled = min(filled + 1.0, length)
    state[ring + PLACE, s] = place
    state[ring + FILLED, s] = filled
    state[row + BANDS_NEAR, s] = near
    state[row + BANDS_SUM, s] = total
    state[row + BANDS_SQUARES, s] = squares
    if filled == length:
        mean = total / length
        variance = max((squares - total * mean) / length, 0.0)
        width = deviations * math.sqrt(variance) / UNITS_PER_DOLLAR
        middle = (near + mean) / UNITS_PER_DOLLAR
        state[row, s] = middle + width
        state[row + 1, s] = middle
        state[row + 2, s] = middle - width
