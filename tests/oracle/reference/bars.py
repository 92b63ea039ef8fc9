"""Bars of the rules' page (section 1) and days of a user's file (section 10), slow and plain.

Nothing here is imported from `trading`, and nothing is shared with it but the page. Times are
whole microseconds since 1970 UTC. Rows are (symbol, start, open, high, low, close, volume); those
of days are (symbol, date, open, high, low, close, volume).
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache

import pandas_market_calendars

MINUTE = 60_000_000

Row = tuple[str, int, float, float, float, float, float]
DailyRow = tuple[str, str, float, float, float, float, float]
SessionTimes = tuple[str, int, int]


class Refused(Exception):
    """The rules refuse this input before anything runs."""


@dataclass
class Bar:
    """One closed bar of one symbol; of a daily bar `start` says nothing."""

    start: int
    open: float
    high: float
    low: float
    close: float
    volume: float

    def values(self) -> tuple[float, float, float, float, float]:
        """Return prices and volume."""
        return self.open, self.high, self.low, self.close, self.volume

    def take_in(self, later: Bar) -> None:
        """Become the bar of what was there and of a later bar."""
        self.high = max(self.high, later.high)
        self.low = min(self.low, later.low)
        self.close = later.close
        self.volume = self.volume + later.volume


def r4(x: float) -> float:
    """Return x rounded as section 1 says; what is not finite stays so."""
    scaled = x * 10000 + 0.5
    if not math.isfinite(scaled):
        return scaled
    return math.floor(scaled) / 10000


def tick_down(x: float, tick: float) -> float:
    """Return x rounded down to the tick, in whole units of 0.0001."""
    unit = math.floor(x * 10000 + 0.5)
    grain = math.floor(tick * 10000 + 0.5)
    return (unit // grain) * grain / 10000


def tick_up(x: float, tick: float) -> float:
    """Return x rounded up to the tick, in whole units of 0.0001."""
    unit = math.floor(x * 10000 + 0.5)
    grain = math.floor(tick * 10000 + 0.5)
    whole = unit // grain
    if whole * grain != unit:
        whole += 1
    return whole * grain / 10000


@cache
def _calendar(exchange: str) -> pandas_market_calendars.MarketCalendar:
    """Return an exchange's calendar, which takes long to work out its holidays, once."""
    return pandas_market_calendars.get_calendar(exchange)


@cache
def calendar_sessions(exchange: str, first: date, last: date) -> tuple[SessionTimes, ...]:
    """Return (date, open, close) of each session, refusing calendars with a break."""
    table = _calendar(exchange).schedule(start_date=first.isoformat(), end_date=last.isoformat())
    if "break_start" in table.columns:
        raise Refused("the calendar has a break inside the session")
    sessions = []
    for day, row in table.iterrows():
        opened = int(row["market_open"].timestamp()) * 1_000_000
        closed = int(row["market_close"].timestamp()) * 1_000_000
        sessions.append((str(day.date()), opened, closed))
    return tuple(sessions)


def load(
    rows: Iterable[Row], sessions: Sequence[SessionTimes], symbols: Sequence[str], interval: int
) -> tuple[dict[tuple[str, str], dict[int, Bar]], dict[str, int]]:
    """Return bars by (session, symbol) and bar number, and the counts of what was wrong."""
    counts = {"outside_session": 0, "duplicate": 0, "invalid": 0, "zero_volume": 0, "missing": 0}
    unique: dict[tuple[str, str], dict[int, Row]] = {}
    for row in rows:
        symbol, start = row[0], row[1]
        home = None
        for name, opened, closed in sessions:
            if opened <= start < closed:
                home = name
                break
        if home is None:
            counts["outside_session"] += 1
            continue
        slot = unique.setdefault((home, symbol), {})
        if start in slot:
            counts["duplicate"] += 1
        slot[start] = row
    smallest_gap = min(
        (
            later - earlier
            for slot in unique.values()
            for earlier, later in zip(sorted(slot), sorted(slot)[1:], strict=False)
        ),
        default=None,
    )
    if smallest_gap is not None and smallest_gap > interval * MINUTE:
        raise Refused("the interval is finer than the source")
    bars: dict[tuple[str, str], dict[int, Bar]] = {}
    for name, opened, closed in sessions:
        count = -((opened - closed) // (interval * MINUTE))
        for symbol in symbols:
            made: dict[int, Bar] = {}
            slot = unique.get((name, symbol), {})
            for start in sorted(slot):
                o, h, low, c = (r4(price) for price in slot[start][2:6])
                volume = slot[start][6]
                if not _valid(o, h, low, c, volume):
                    counts["invalid"] += 1
                    continue
                if volume == 0:
                    counts["zero_volume"] += 1
                number = (start - opened) // (interval * MINUTE)
                bar = Bar(opened + number * interval * MINUTE, o, h, low, c, volume)
                if number not in made:
                    made[number] = bar
                else:
                    made[number].take_in(bar)
            counts["missing"] += count - len(made)
            bars[name, symbol] = made
    return bars, counts


def load_days(
    rows: Iterable[DailyRow], dates: Collection[str], symbols: Sequence[str]
) -> tuple[dict[str, dict[str, Bar]], dict[str, int]]:
    """Return a file's days by symbol and date, and the counts of what was wrong.

    `dates` are those of the calendar's sessions.
    """
    counts = {"no_session": 0, "duplicate": 0, "invalid": 0}
    unique: dict[tuple[str, str], DailyRow] = {}
    for row in rows:
        if row[1] not in dates:
            counts["no_session"] += 1
            continue
        if (row[0], row[1]) in unique:
            counts["duplicate"] += 1
        unique[row[0], row[1]] = row
    days: dict[str, dict[str, Bar]] = {symbol: {} for symbol in symbols}
    for symbol, day in sorted(unique):
        o, h, low, c = (r4(price) for price in unique[symbol, day][2:6])
        volume = unique[symbol, day][6]
        if not _valid(o, h, low, c, volume):
            counts["invalid"] += 1
        elif symbol in days:
            days[symbol][day] = Bar(0, o, h, low, c, volume)
    return days, counts


def _valid(o: float, h: float, low: float, c: float, volume: float) -> bool:
    for price in (o, h, low, c):
        if not math.isfinite(price) or not price > 0:
            return False
    if h < max(o, c) or low > min(o, c):
        return False
    return math.isfinite(volume) and volume >= 0
