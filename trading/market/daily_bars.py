"""Daily bars of a user's file, which take the place of those made of a run's own (section 10)."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import date, timedelta

import numpy as np

from trading.market.bars import BarRows, Integers, Prices
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

    @property
    def sha256(self) -> str:
        """Return a hash of the bars, by which two runs know that theirs are equal."""
        digest = hashlib.sha256(repr(self.symbols).encode())
        for values in (self.days, *self.prices):
            digest.update(np.ascontiguousarray(values).tobytes())
        return digest.hexdigest()

    def before(self, day: date) -> DailyBars:
        """Return the bars of earlier dates."""
        end = int(np.searchsorted(self.days, day_number(day)))
        earlier = Prices(*(values[:end] for values in self.prices))
        return DailyBars(self.symbols, self.days[:end], earlier, self.defects)

    def of_symbols(self, symbols: Sequence[str]) -> DailyBars | None:
        """Return the bars of some symbols in this order, None where one is not among them."""
        place = {symbol: at for at, symbol in enumerate(self.symbols)}
        if any(symbol not in place for symbol in symbols):
            return None
        columns = [place[symbol] for symbol in symbols]
        chosen = Prices(*(values[:, columns] for values in self.prices))
        return DailyBars(tuple(symbols), self.days, chosen, self.defects)

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


def no_daily(symbols: int) -> Prices:
    """Return the daily bars of no session, for so many symbols that have no file of them."""
    return Prices(*(np.zeros((0, symbols)) for _ in Prices._fields))


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


def _sessions_from(day: Integers, exchange: str) -> Integers:
    """Return the dates of all sessions from the first to the last of some days."""
    if not len(day):
        return day
    first, last = (EPOCH.date() + timedelta(days=int(each)) for each in (day.min(), day.max()))
    return days_of(sessions_between(exchange, first, last))
