"""Bars in progress: coarser ones and the daily one, made of the run's own (rules, section 10)."""

from __future__ import annotations

import math

from trading.market.bars import Floats

# Of BAR_ROWS rows; NaN where no bar was accepted yet.
BAR_HIGH = 0
BAR_LOW = 1
BAR_CLOSE = 2
BAR_VOLUME = 3


def merge_bar(
    state: Floats, row: int, s: int, high: float, low: float, close: float, volume: float
) -> None:
    """Take a bar into the one in progress in a row and the next ones."""
    # Nothing is higher or lower than NaN.
    if not high <= state[row + BAR_HIGH, s]:
        state[row + BAR_HIGH, s] = high
    if not low >= state[row + BAR_LOW, s]:
        state[row + BAR_LOW, s] = low
    before = 0.0 if math.isnan(state[row + BAR_CLOSE, s]) else state[row + BAR_VOLUME, s]
    state[row + BAR_VOLUME, s] = before + volume
    state[row + BAR_CLOSE, s] = close


def clear_bar(state: Floats, row: int, s: int) -> None:
    """Begin the next bar, of which nothing is there yet."""
    state[row + BAR_HIGH, s] = math.nan
    state[row + BAR_LOW, s] = math.nan
    state[row + BAR_CLOSE, s] = math.nan
    state[row + BAR_VOLUME, s] = math.nan
