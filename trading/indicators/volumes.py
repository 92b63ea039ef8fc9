"""What is read of volumes: means and single ones of the bars before, and the session's vwap."""

from __future__ import annotations

import math

from trading.indicators.rings import PLACE, VALUES, push, sum_from
from trading.market.bars import Floats

# A mean has its value, the sum of the last volumes, the place of the next one, and the volumes,
# below 0 where there is none yet. The sum is NaN while not all are whole.
MEAN_SUM = 1
MEAN_PLACE = 2
MEAN_VOLUMES = 3
# One of the bars before has its value and a ring.
BEFORE_RING = 1
# A vwap has its value, the sum of price x volume and that of volumes.
VWAP_WORTH = 1
VWAP_VOLUME = 2
# Sums of whole numbers below this are the same in any order, for as many as a ring may have.
LARGEST_WHOLE = float(1 << 39)


def is_whole(volume: float) -> bool:
    """Return whether sums of such volumes are exact, in whatever order."""
    return bool(volume == math.floor(volume) and volume < LARGEST_WHOLE)


def update_mean_volume(state: Floats, row: int, length: int, s: int, volume: float) -> None:
    """Show the mean of the volumes before a bar, then take its own in.

    The mean is that of a sum from the oldest to the newest. A running one is equal while all are
    whole numbers; with another among them it is none, and the sum is made anew at each bar.
    """
    place = int(state[row + MEAN_PLACE, s])
    slot = row + MEAN_VOLUMES + place
    old, total = state[slot, s], state[row + MEAN_SUM, s]
    if old >= 0:
        if math.isnan(total):
            total = sum_from(state, row + MEAN_VOLUMES, length, place, s)
            mean = total / length
            if not are_whole(state, row + MEAN_VOLUMES, length, s):
                total = math.nan
        else:
            mean = total / length
        state[row, s] = mean
        total -= old
    state[row + MEAN_SUM, s] = total + volume if is_whole(volume) else math.nan
    state[slot, s] = volume
    state[row + MEAN_PLACE, s] = place + 1 if place + 1 < length else 0


def are_whole(state: Floats, first: int, length: int, s: int) -> bool:
    """Return whether all volumes of a full ring are whole."""
    whole = True
    for i in range(length):
        whole = whole and is_whole(state[first + i, s])
    return whole


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
