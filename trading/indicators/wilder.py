"""Wilder's indicators: average true range and relative strength, as TA-Lib has them.

Source: J. Welles Wilder, New Concepts in Technical Trading Systems (1978).
"""

from __future__ import annotations

import math

from trading.market.bars import Floats

# After its value an ATR has the previous close, how many true ranges it has seen until it begins,
# and their sum.
ATR_PREVIOUS = 1
ATR_COUNT = 2
# An RSI has the previous close, how many differences, and the mean gain and loss; those are sums
# until it begins.
RSI_PREVIOUS = 1
RSI_COUNT = 2
RSI_GAIN = 3
RSI_LOSS = 4


def update_atr(
    state: Floats,
    row: int,
    counted: int,
    length: int,
    s: int,
    high: float,
    low: float,
    close: float,
) -> None:
    """Take a bar into an average true range, seeded with the mean of the first ones.

    The row `counted` has how many true ranges there were until it begins, the next one their sum.
    """
    previous = state[row + ATR_PREVIOUS, s]
    state[row + ATR_PREVIOUS, s] = close
    if math.isnan(previous):
        return
    true_range = max(high - low, abs(high - previous), abs(low - previous))
    if state[counted, s] == length:
        state[row, s] = (state[row, s] * (length - 1) + true_range) / length
        return
    state[counted, s] += 1.0
    state[counted + 1, s] += true_range
    if state[counted, s] == length:
        state[row, s] = state[counted + 1, s] / length


def update_rsi(state: Floats, row: int, length: int, s: int, close: float) -> None:
    """Take a close into a relative strength, 0 where nothing moved."""
    change = close - state[row + RSI_PREVIOUS, s]
    state[row + RSI_PREVIOUS, s] = close
    if math.isnan(change):
        return
    gain, loss = state[row + RSI_GAIN, s], state[row + RSI_LOSS, s]
    seen = state[row + RSI_COUNT, s]
    if seen == length:
        gain *= length - 1
        loss *= length - 1
    else:
        seen += 1.0
        state[row + RSI_COUNT, s] = seen
    if change > 0:
        gain += change
    else:
        loss -= change
    if seen == length:
        gain /= length
        loss /= length
        moved = gain + loss
        state[row, s] = 100.0 * (gain / moved) if moved > 0 else 0.0
    state[row + RSI_GAIN, s] = gain
    state[row + RSI_LOSS, s] = loss
