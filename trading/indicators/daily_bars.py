"""Daily bars of a user's file, which take the place of those made of a run's own (section 10)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import date, timedelta

import numpy as np

from trading.indicators.indicator import DAYS
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
from trading.indicators.studies import DAILY, FROM_DAY, Studies, initial_column, rows_by_study
from trading.market.bars import BarRows, Floats, Integers, Prices
from trading.market.calendar import EPOCH, Session, sessions_between
from trading.market.grid_cells import are_valid
from trading.prices import r4_array

_DAY_US = 86_400_000_000


@dataclass(frozen=True, slots=True)
class DailyDefects:
    """What was found wrong with the rows of a file of daily bars, as counts."""

    rows: int = 0
    no_session: int = 0
    duplicate: int = 0
    invalid: int = 0

    def as_defects(self) -> dict[str, int]:
        """Return the counts as they stand among those of a run."""
        return {f"daily.{field.name}": int(getattr(self, field.name)) for field in fields(self)}


@dataclass(frozen=True, slots=True)
class DailyBars:
    """The bars of sessions, arrays of (days, symbols), NaN where the file has none.

    `days` (days) are the dates of all sessions from the first to the last of the file, in days
    since 1970.
    """

    symbols: tuple[str, ...]
    days: Integers
    prices: Prices
    defects: DailyDefects = DailyDefects()

    def of_sessions(self, sessions: Sequence[Session]) -> Prices:
        """Return the bars of some sessions, (sessions, symbols), NaN where there is none."""
        wanted = days_of(sessions)
        place = np.searchsorted(self.days, wanted)
        place[place == len(self.days)] = 0
        is_there = np.zeros(len(wanted), dtype=np.bool_)
        if len(self.days):
            is_there = self.days[place] == wanted
        found = []
        for values in self.prices:
            row = np.full((len(wanted), len(self.symbols)), np.nan)
            row[is_there] = values[place[is_there]]
            found.append(row)
        return Prices(*found)


def days_of(sessions: Sequence[Session]) -> Integers:
    """Return the dates of sessions in days since 1970."""
    return np.array([day_number(session.date) for session in sessions], dtype=np.int64)


def day_number(day: date) -> int:
    """Return a date in days since 1970."""
    return (day - EPOCH.date()).days


def make_daily_bars(rows: BarRows, symbols: tuple[str, ...], exchange: str) -> DailyBars:
    """Return rows, whose starts are dates' midnights, as the bars of an exchange's sessions.

    Of the same symbol and date the last row counts; prices pass r4; what is no valid bar, and
    what is of no session, is dropped and counted.
    """
    day = rows.start_us // _DAY_US
    known = _sessions_from(day, exchange)
    place = np.searchsorted(known, day)
    is_session = np.zeros(len(day), dtype=np.bool_)
    if len(known):
        place[place == len(known)] = 0
        is_session = known[place] == day
    kept = np.flatnonzero(is_session)
    cell = place[kept] * len(symbols) + rows.symbol[kept].astype(np.int64)
    # Of equal cells the first of the reversed order is the last of the source's.
    cells, last = np.unique(cell[::-1], return_index=True)
    chosen = rows.take(kept[len(kept) - 1 - last])
    prices = [r4_array(values) for values in (chosen.open, chosen.high, chosen.low, chosen.close)]
    is_valid = are_valid(prices[0], prices[1], prices[2], prices[3], chosen.volume)
    tables = []
    for values in (*prices, chosen.volume):
        table = np.full(len(known) * len(symbols), np.nan)
        table[cells[is_valid]] = values[is_valid]
        tables.append(table.reshape(len(known), len(symbols)))
    defects = DailyDefects(
        rows=len(day),
        no_session=len(day) - len(kept),
        duplicate=len(kept) - len(cells),
        invalid=int(np.count_nonzero(~is_valid)),
    )
    return DailyBars(symbols, known, Prices(*tables), defects)


def feed_daily(studies: Studies, state: Floats, daily: DailyBars, before: date) -> None:
    """Write what daily bars before a session say, in place of all that was known of such.

    What of them a gap or a new level made forgotten in an earlier session stays so. It is what
    `end_studies` would have made of them one by one, for all symbols at once.
    """
    initial = initial_column(studies)
    for kind, rows in zip(studies.kind.tolist(), rows_by_study(studies), strict=True):
        if kind == DAILY:
            block = state[rows]
            block[:] = initial[rows, np.newaxis]
            first = state[FROM_DAY]
            for number in range(int(np.searchsorted(daily.days, day_number(before)))):
                is_there = ~np.isnan(daily.prices.close[number]) & (first <= daily.days[number])
                bar = (values[number][is_there] for values in daily.prices[1:])
                block[:, is_there] = _with_bar(block[:, is_there], *bar)


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


def _sessions_from(day: Integers, exchange: str) -> Integers:
    """Return the dates of all sessions from the first to the last of some days."""
    if not len(day):
        return day
    first, last = (EPOCH.date() + timedelta(days=int(each)) for each in (day.min(), day.max()))
    return days_of(sessions_between(exchange, first, last))
