"""Running indicators over a symbol's present bars, across sessions (rules, section 3)."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

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


class Past(NamedTuple):
    """The indicators, and what they were before a session's first new level or gap, by symbol."""

    present: Indicators
    saved: Indicators
    is_saved: NDArray[np.bool_]


def new_past(symbols: int) -> Past:
    """Return indicators that have seen no bar, with nothing saved."""
    return Past(new_indicators(symbols), new_indicators(symbols), np.zeros(symbols, dtype=np.bool_))


def copied_past(past: Past) -> Past:
    """Return the same that goes on by itself."""
    present, saved = (
        Indicators._make(values.copy() for values in indicators)
        for indicators in (past.present, past.saved)
    )
    return Past(present, saved, past.is_saved.copy())


def copy_symbol(source: Indicators, target: Indicators, s: int) -> None:
    """Write all that is remembered of a symbol into other indicators."""
    target.previous_close[s] = source.previous_close[s]
    target.true_ranges[s] = source.true_ranges[s]
    target.true_range_sum[s] = source.true_range_sum[s]
    target.atr[s] = source.atr[s]
    for i in range(VOLUME_BARS):
        target.volumes[s, i] = source.volumes[s, i]
    target.volume_count[s] = source.volume_count[s]


def clear_symbol(indicators: Indicators, s: int) -> None:
    """Remember nothing more of a symbol, as if no bar of it had been seen."""
    indicators.previous_close[s] = math.nan
    indicators.true_ranges[s] = 0
    indicators.true_range_sum[s] = 0.0
    indicators.atr[s] = math.nan
    for i in range(VOLUME_BARS):
        indicators.volumes[s, i] = 0.0
    indicators.volume_count[s] = 0


def forget_past(past: Past, s: int) -> None:
    """Let a symbol begin anew; what the session's first such bar finds is saved (section 9)."""
    if not past.is_saved[s]:
        copy_symbol(past.present, past.saved, s)
        past.is_saved[s] = True
    clear_symbol(past.present, s)


def settle_past(past: Past, restores: NDArray[np.bool_]) -> None:
    """Bring back at a session's end what was saved, where it counts again (section 9)."""
    for s in range(len(restores)):
        if past.is_saved[s] and restores[s]:
            copy_symbol(past.saved, past.present, s)
        past.is_saved[s] = False


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


def mean_volume(indicators: Indicators, s: int) -> float:
    """Return the mean volume of the 20 previous bars, NaN when there are fewer."""
    count = indicators.volume_count[s]
    if count < VOLUME_BARS:
        return math.nan
    total = 0.0
    for i in range(VOLUME_BARS):
        total += indicators.volumes[s, (count + i) % VOLUME_BARS]
    return total / VOLUME_BARS
