"""What is read of volumes: means and single ones of the bars before, and the session's vwap."""

from __future__ import annotations

import math

from trading.indicators.rings import FILLED, PLACE, VALUES, push, sum_of_full
from trading.market.bars import Floats

# A mean has its value, the sum of the whole volumes, how many are not whole, and a ring of all.
MEAN_SUM = 1
MEAN_FRACTIONS = 2
MEAN_RING = 3
# One of the bars before has its value and a ring.
BEFORE_RING = 1
# A vwap has its value, the sum of price x volume and that of volumes.
VWAP_WORTH = 1
VWAP_VOLUME = 2
# Sums of whole numbers below this are the same in any order, for as many as a ring may have.
LARGEST_WHOLE = float(1 << 39)


def whole_part(volume: float) -> float:
    """Return a volume whose sums are exact, 0 for any other."""
    return volume if volume == math.floor(volume) and volume < LARGEST_WHOLE else 0.0


def update_mean_volume(state: Floats, row: int, length: int, s: int, volume: float) -> None:
    """Show the mean of the volumes before a bar, then take its own in.

    The mean is that of a sum from the oldest to the newest, which a running one is when all are
    whole numbers; otherwise it is made anew.
    """
    ring = row + MEAN_RING
    total, fractions = state[row + MEAN_SUM, s], state[row + MEAN_FRACTIONS, s]
    if state[ring + FILLED, s] == length:
        if fractions > 0:
            state[row, s] = sum_of_full(state, ring, length, s) / length
        else:
            state[row, s] = total / length
    old = state[ring + VALUES + int(state[ring + PLACE, s]), s]
    left, come = whole_part(old), whole_part(volume)
    state[row + MEAN_SUM, s] = total + (come - left)
    if left != old:
        fractions -= 1.0
    if come != volume:
        fractions += 1.0
    state[row + MEAN_FRACTIONS, s] = fractions
    push(state, ring, length, s, volume)


def update_volume_before(state: Floats, row: int, bars: int, s: int, volume: float) -> None:
    """Take a volume in, and show that of so many bars before it."""
    ring = row + BEFORE_RING
    if push(state, ring, bars + 1, s, volume):
        state[row, s] = state[ring + VALUES + int(state[ring + PLACE, s]), s]


def update_vwap(
    state: Floats, row: int, s: int, high: float, low: float, close: float, volume: float
) -> None:
    """Take a bar into the session's mean price weighted with volume."""
    state[row + VWAP_WORTH, s] += (high + low + close) / 3 * volume
    state[row + VWAP_VOLUME, s] += volume
    if state[row + VWAP_VOLUME, s] > 0:
        state[row, s] = state[row + VWAP_WORTH, s] / state[row + VWAP_VOLUME, s]


def begin_vwap(state: Floats, row: int, s: int) -> None:
    """Begin a session in which there was no volume yet."""
    state[row, s] = math.nan
    state[row + VWAP_WORTH, s] = 0.0
    state[row + VWAP_VOLUME, s] = 0.0
