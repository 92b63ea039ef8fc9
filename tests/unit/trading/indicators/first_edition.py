"""The indicators of the first edition, whose arrays older journals have."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from trading.market.bars import Floats, Integers

ATR_BARS = 14
VOLUME_BARS = 20


class Indicators(NamedTuple):
    """State by symbol; `volumes` is (symbols, 20), the last volumes in a ring."""

    previous_close: Floats
    true_ranges: Integers
    true_range_sum: Floats
    atr: Floats
    volumes: Floats
    volume_count: Integers


def new_indicators(symbols: int) -> Indicators:
    """Return indicators that have seen no bar."""
    return Indicators(
        np.full(symbols, np.nan),
        np.zeros(symbols, dtype=np.int64),
        np.zeros(symbols),
        np.full(symbols, np.nan),
        np.zeros((symbols, VOLUME_BARS)),
        np.zeros(symbols, dtype=np.int64),
    )


def update_atr(indicators: Indicators, s: int, high: float, low: float, close: float) -> None:
    """Take one bar into Wilder's average true range, seeded with the mean of the first 14.

    Source: J. Welles Wilder, New Concepts in Technical Trading Systems (1978), as TA-Lib's ATR.
    """
    previous = indicators.previous_close[s]
    indicators.previous_close[s] = close
    if math.isnan(previous):
        return
    true_range = max(high - low, abs(high - previous), abs(low - previous))
    count = indicators.true_ranges[s] + 1
    indicators.true_ranges[s] = count
    if count <= ATR_BARS:
        indicators.true_range_sum[s] += true_range
        if count == ATR_BARS:
            indicators.atr[s] = indicators.true_range_sum[s] / ATR_BARS
    else:
        indicators.atr[s] = (indicators.atr[s] * (ATR_BARS - 1) + true_range) / ATR_BARS


def update_volume(indicators: Indicators, s: int, volume: float) -> None:
    """Take one bar's volume into the ring; call it after the bar's own decision."""
    count = indicators.volume_count[s]
    indicators.volumes[s, count % VOLUME_BARS] = volume
    indicators.volume_count[s] = count + 1
