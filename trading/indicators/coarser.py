"""Bars in progress: coarser ones and the daily one, made of the run's own (rules, section 10)."""

from __future__ import annotations

import math

from trading.market.bars import Floats

# Of BAR_ROWS rows; NaN where no bar was accepted yet.
BAR_HIGH = 0
BAR_LOW = 1
BAR_CLOSE = 2
BAR_VOLUME = 3


def merge_bars(
    state: Floats, row: int, high: Floats, low: Floats, close: Floats, volume: Floats
) -> None:
    """Take one bar of every symbol into those in progress in a row and the next ones.

    Without branches, so that a compiler makes vector instructions of it: no comparison with the
    NaN of a missing bar is true.
    """
    highs, lows = state[row + BAR_HIGH], state[row + BAR_LOW]
    closes, volumes = state[row + BAR_CLOSE], state[row + BAR_VOLUME]
    for s in range(len(close)):
        is_first = math.isnan(closes[s])
        highs[s] = high[s] if is_first or high[s] > highs[s] else highs[s]
        lows[s] = low[s] if is_first or low[s] < lows[s] else lows[s]
        total = volume[s] if is_first else volumes[s] + volume[s]
        volumes[s] = volumes[s] if math.isnan(close[s]) else total
        closes[s] = closes[s] if math.isnan(close[s]) else close[s]


def clear_bar(state: Floats, row: int, s: int) -> None:
    """Begin the next bar, of which nothing is there yet."""
    state[row + BAR_HIGH, s] = math.nan
    state[row + BAR_LOW, s] = math.nan
    state[row + BAR_CLOSE, s] = math.nan
    state[row + BAR_VOLUME, s] = math.nan
