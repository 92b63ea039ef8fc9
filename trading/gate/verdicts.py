"""What the gate says of the bars of a panel, and how a session of it is judged."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from trading.gate.checks import (
    REJECTED,
    is_far,
    judge_bar,
    reason_of,
)
from trading.gate.state import GateState, begin_session
from trading.gate.thresholds import GateThresholds
from trading.market.bars import Floats, Prices

Bytes = NDArray[np.uint8]


class Verdicts(NamedTuple):
    """Arrays of (bars, symbols); nearly all of it is never written, and so takes no memory.

    `found` has the bits of `checks`, `reason` why the gate forbids an entry at a close, or 0;
    `is_told` (bars) is 1 where anything of the two is not 0.
    """

    found: Bytes
    reason: Bytes
    is_told: Bytes


class Extremes(NamedTuple):
    """What a session's bars of each symbol come to, (symbols): room that is used again."""

    highest: Floats
    lowest: Floats
    least_volume: Floats
    flat_bars: Floats


def new_verdicts(bars: int, symbols: int) -> Verdicts:
    """Return room for what is said of so many bars, of which nothing is said yet."""
    shape = (bars, symbols)
    return Verdicts(
        np.zeros(shape, dtype=np.uint8),
        np.zeros(shape, dtype=np.uint8),
        np.zeros(bars, dtype=np.uint8),
    )


def new_extremes(symbols: int) -> Extremes:
    """Return room for the extremes of so many symbols."""
    return Extremes(*(np.zeros(symbols) for _ in Extremes._fields))


def judge_session(
    thresholds: GateThresholds,
    gate: GateState,
    extremes: Extremes,
    verdicts: Verdicts,
    prices: Prices,
    begin: int,
    end: int,
) -> bool:
    """Judge the bars in rows `[begin, end)`, a whole session; return whether any is rejected.

    The caller ends the session. It may also judge it once more: what outlives a session has not
    changed. A symbol whose day shows nothing in its `extremes` need not be looked at bar by bar.
    """
    symbols = prices.close.shape[1]
    begin_session(gate)
    is_rejected = False
    for s in range(symbols):
        first = first_bar(prices.close, s, begin, end)
        if first == end:
            continue
        is_quiet = (
            extremes.highest[s] - extremes.lowest[s] <= thresholds.quiet * extremes.lowest[s]
            and extremes.flat_bars[s] < thresholds.stale
            and not (thresholds.zero_volume and extremes.least_volume[s] == 0)
            and not is_far(thresholds.gap, prices.open[first, s], gate.earlier_close[s])
        )
        if is_quiet:
            gate.last_close[s] = prices.close[last_bar(prices.close, s, first, end), s]
        elif judge_symbol(thresholds, gate, verdicts, prices, s, first, end):
            is_rejected = True
    return is_rejected


def judge_symbol(
    thresholds: GateThresholds,
    gate: GateState,
    verdicts: Verdicts,
    prices: Prices,
    s: int,
    first: int,
    end: int,
) -> bool:
    """Judge a symbol's bars in rows `[first, end)` one by one; return whether any is rejected."""
    opened, high, low, close, volume = prices
    is_rejected = False
    for row in range(first, end):
        found = 0
        if not math.isnan(close[row, s]):
            found = judge_bar(
                thresholds,
                gate,
                s,
                opened[row, s],
                high[row, s],
                low[row, s],
                close[row, s],
                volume[row, s],
            )
        reason = reason_of(gate, s, found)
        if found | reason != 0:
            verdicts.found[row, s] = found
            verdicts.reason[row, s] = reason
            verdicts.is_told[row] = 1
        is_rejected |= found & REJECTED != 0
    return is_rejected


def find_extremes(
    extremes: Extremes, prices: Prices, begin: int, end: int, with_volume: bool
) -> None:
    """Write what the bars in rows `[begin, end)` come to, the volume only where it is asked for.

    Loops over symbols without branches are what a compiler turns into vector instructions; no
    comparison with the NaN of a missing bar is true.
    """
    highest, lowest, least_volume, flat_bars = extremes
    symbols = len(highest)
    for s in range(symbols):
        highest[s] = -math.inf
        lowest[s] = math.inf
        least_volume[s] = math.inf
        flat_bars[s] = 0.0
    for row in range(begin, end):
        high, low = prices.high[row], prices.low[row]
        for s in range(symbols):
            highest[s] = high[s] if high[s] > highest[s] else highest[s]
            lowest[s] = low[s] if low[s] < lowest[s] else lowest[s]
            flat_bars[s] += 1.0 if high[s] == low[s] else 0.0
        if with_volume:
            volume = prices.volume[row]
            for s in range(symbols):
                least_volume[s] = volume[s] if volume[s] < least_volume[s] else least_volume[s]


def extremes_of(prices: Prices, begin: int, end: int) -> Extremes:
    """Return what `find_extremes` writes, by numpy, for whom nothing is compiled."""
    high, low, volume = (column[begin:end] for column in (prices.high, prices.low, prices.volume))
    return Extremes(
        np.fmax.reduce(high, axis=0, initial=-np.inf),
        np.fmin.reduce(low, axis=0, initial=np.inf),
        np.fmin.reduce(volume, axis=0, initial=np.inf),
        np.count_nonzero(high == low, axis=0).astype(np.float64),
    )


def first_bar(close: Floats, s: int, begin: int, end: int) -> int:
    """Return the row of a symbol's first bar in `[begin, end)`, `end` where it has none."""
    row = begin
    while row < end and math.isnan(close[row, s]):
        row += 1
    return row


def last_bar(close: Floats, s: int, first: int, end: int) -> int:
    """Return the row of a symbol's last bar before `end`; there is one at `first`."""
    row = end - 1
    while row > first and math.isnan(close[row, s]):
        row -= 1
    return row


def clear_rejected(verdicts: Verdicts, prices: Prices, begin: int, end: int) -> None:
    """Make the rejected bars in rows `[begin, end)` missing."""
    opened, high, low, close, volume = prices
    for row in range(begin, end):
        if verdicts.is_told[row] != 0:
            for s in range(close.shape[1]):
                if verdicts.found[row, s] & REJECTED != 0:
                    opened[row, s] = math.nan
                    high[row, s] = math.nan
                    low[row, s] = math.nan
                    close[row, s] = math.nan
                    volume[row, s] = math.nan
