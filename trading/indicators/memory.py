"""How far back a first value reads: the bars and sessions that indicators need to have one."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from trading.indicators.indicator import DAYS, Indicator, Kind
from trading.market.bars import Integers

# Of values by day and by opening: a range needs the close of the day before it.
_SESSIONS_OF = {
    "daily_atr": DAYS + 1,
    "daily_volume": DAYS,
    "daily_close": 1,
    "daily_high": 1,
    "daily_low": 1,
    "relative_opening_volume": DAYS,
    "opening_volume": 0,
}
# The first range and the first change have a close before them; volumes leave out the bar that is
# decided on.
_ONE_MORE = (Kind.ATR, Kind.RSI, Kind.MEAN_VOLUME, Kind.VOLUME_BEFORE)


def sessions_read(
    indicators: Iterable[Indicator], interval_minutes: int, bars_by_session: Integers
) -> int:
    """Return how many sessions are enough for all values, wherever they begin.

    `bars_by_session` are the run's bars of each session. Averages that never forget, such as
    Wilder's and the EMA, count with the bars of their first value. Every bar is taken to be there.
    Where all sessions are too few for a value, it is one more than all.
    """
    most = 0
    for each in set(indicators):
        if each.kind in (Kind.DAILY, Kind.OPENING):
            most = max(most, _SESSIONS_OF[each.value])
        elif each.kind is not Kind.VWAP:
            together = (each.minutes or interval_minutes) // interval_minutes
            bars = -(-bars_by_session // together)
            most = max(most, _sessions_with(bars, _bars_read(each)))
    return most


def _bars_read(indicator: Indicator) -> int:
    """Return the bars that a first value reads, the one included at whose close it is known."""
    if indicator.kind is Kind.CLOSE:
        return 1
    if indicator.kind is Kind.MACD:
        _, slow, signal = indicator.lengths
        return slow + signal - 1
    return indicator.lengths[0] + (indicator.kind in _ONE_MORE)


def _sessions_with(bars: Integers, wanted: int) -> int:
    """Return the fewest sessions of which any so many in a row have the wanted bars."""
    before = np.concatenate(([0], np.cumsum(bars)))
    for sessions in range(1, len(bars) + 1):
        if (before[sessions:] - before[:-sessions]).min() >= wanted:
            return sessions
    return len(bars) + 1
