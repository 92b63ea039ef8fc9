"""All daily bars of a user's file before a session, taken in at one go (rules, section 10)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import numpy as np

from trading.indicators.indicator import DAYS, Kind
from trading.indicators.inheritance import Left, studies_to_json, take_studies
from trading.indicators.past import new_past
from trading.indicators.rings import FILLED, PLACE, VALUES
from trading.indicators.sessions import (
    DAILY_ATR,
    DAILY_CLOSE,
    DAILY_COUNT,
    DAILY_HIGH,
    DAILY_LOW,
    DAILY_RING,
    DAILY_VOLUME,
)
from trading.indicators.studies import (
    DAILY,
    FROM_DAY,
    STUDY_KIND,
    Studies,
    initial_column,
    rows_by_study,
)
from trading.market.bars import Floats
from trading.market.daily_bars import DailyBars


def feed_daily(studies: Studies, state: Floats, daily: DailyBars, before: date) -> None:
    """Write what daily bars before a session say, in place of all that was known of such.

    What of them a gap or a new level made forgotten in an earlier session stays so. It is what
    `end_studies` would have made of them one by one, for all symbols at once.
    """
    initial, earlier = initial_column(studies), daily.before(before)
    for kind, rows in zip(studies.of[:, STUDY_KIND].tolist(), rows_by_study(studies), strict=True):
        if kind == DAILY:
            block = state[rows]
            block[:] = initial[rows, np.newaxis]
            first = state[FROM_DAY]
            for number, day in enumerate(earlier.days.tolist()):
                is_there = ~np.isnan(earlier.prices.close[number]) & (first <= day)
                bar = (values[number][is_there] for values in earlier.prices[1:])
                block[:, is_there] = _with_bar(block[:, is_there], *bar)


def with_daily(
    left: Left, studies: Studies, symbols: Sequence[str], daily: DailyBars, before: date
) -> Left:
    """Return what an earlier session left, with daily bars before this one in place of its own.

    `symbols` are those of the daily bars and of what was left, in the same order.
    """
    state = new_past(studies, len(symbols)).state
    take_studies(studies, state, left, symbols, symbols)
    feed_daily(studies, state, daily, before)
    known = studies_to_json(studies, state)
    return {**left, **({Kind.DAILY: known[Kind.DAILY]} if Kind.DAILY in known else {})}


def _with_bar(block: Floats, high: Floats, low: Floats, close: Floats, volume: Floats) -> Floats:
    """Return the daily rows of some symbols, (rows, symbols), with one bar more of each."""
    if not block.size:
        return block
    previous = block[DAILY_CLOSE].copy()
    ranges = np.maximum(np.maximum(high - low, abs(high - previous)), abs(low - previous))
    average, count, total = block[DAILY_ATR], block[DAILY_COUNT], block[DAILY_COUNT + 1]
    is_full, is_counted = count == DAYS, ~np.isnan(previous)
    begun = (average * (DAYS - 1) + ranges) / DAYS
    is_new = is_counted & ~is_full
    total[is_new] += ranges[is_new]
    count[is_new] += 1.0
    average[:] = np.where(is_full, begun, np.where(count == DAYS, total / DAYS, average))
    block[DAILY_CLOSE], block[DAILY_HIGH], block[DAILY_LOW] = close, high, low
    ring = block[DAILY_RING:]
    place = ring[PLACE].astype(np.int64)
    symbols = np.arange(block.shape[1])
    ring[VALUES + place, symbols] = volume
    ring[PLACE] = (place + 1) % DAYS
    ring[FILLED] = np.minimum(ring[FILLED] + 1, DAYS)
    sums = np.zeros(block.shape[1])
    for i in range(DAYS):
        sums += ring[VALUES + (place + 1 + i) % DAYS, symbols]
    block[DAILY_VOLUME] = np.where(ring[FILLED] == DAYS, sums / DAYS, block[DAILY_VOLUME])
    return block
