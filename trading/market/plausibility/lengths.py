"""Whether a symbol's rows are of one length, and begin where bars of that length do."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC

import numpy as np
from numpy.typing import NDArray

from trading.counted import counted
from trading.market.bars import Floats, Integers
from trading.market.calendar import INTERVALS_MINUTES, MICROSECONDS_PER_MINUTE
from trading.market.plausibility.finding import Words
from trading.market.plausibility.look import Look

_MOST_OFF_GRID = 0.5
# What bars last; rows that are as far apart by chance have no grid.
_LENGTHS_US = tuple(
    minutes * MICROSECONDS_PER_MINUTE
    for minutes in (1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30, 60, 120, 180, 240)
)
_SECOND_US = 1_000_000
# Longer rows among shorter ones hold so many times their volume, less what volumes vary by.
# So many times a symbol's session alone shows; fewer show over all its sessions only, for volumes
# vary as much by themselves.
MANY_TIMES = (60, 30, 15, 12, 10, 6, 5)
FEW_TIMES = (4, 3, 2)
_LEAST_SHARE_OF_TIMES = 0.6
_LEAST_RATIO = 1.5
_MOST_MARKS = 0.6
_FEW_OTHERS = 0.3
_FEWEST_MARKS = 60
_FEWEST_MARKS_OF_A_SESSION = 6
# A session's rows of one length: at least so many, most of them next to each other.
_FEWEST_LONGER = 6
_MOST_NEXT = 0.8
_SESSIONS_OF_PROOF, _ROWS_OF_PROOF = 2, 12
# A session with fewer marks needs another one like it.
_MARKS_OF_PROOF = 30


def off_grid(look: Look) -> Words | None:
    """Return the words of symbols whose rows begin where no bar of their length does."""
    return _off_grid(look, least_us=MICROSECONDS_PER_MINUTE)


def off_minute(look: Look) -> Words | None:
    """Return the words of symbols whose rows begin less than a minute off their grid."""
    return _off_grid(look, least_us=0)


def _off_grid(look: Look, least_us: int) -> Words | None:
    sample = look.sample.whole
    known = np.where(np.isin(sample.usual_us, _LENGTHS_US), sample.usual_us, 0)
    usual = known[sample.symbol]
    rest = np.where(usual > 0, _offsets_us(look) % np.maximum(usual, 1), 0)
    distance = np.minimum(rest, usual - rest)
    is_off = (rest > 0) & (distance >= least_us)
    rows = sample.by_symbol(usual > 0)
    bad = (sample.by_symbol(is_off) > _MOST_OFF_GRID * rows) & (rows > 0)
    if not bad.any():
        return None
    number = int(np.flatnonzero(bad)[0])
    row = int(np.flatnonzero(is_off & (sample.symbol == number))[0])
    opened = look.open_us[sample.session[row]]
    at = np.datetime64(int(sample.start_us[row]), "us").item().replace(tzinfo=UTC)
    length = int(sample.usual_us[number])
    return {
        "symbols": look.listed(np.flatnonzero(bad)),
        "length": _span(length),
        "rest": _span(int((sample.start_us[row] - opened) % length)),
        "at": f"{at.astimezone(look.zone):%H:%M:%S}".removesuffix(":00"),
        "city": look.zone.key.rpartition("/")[2].replace("_", " "),
    }


def undivided(look: Look) -> Words | None:
    """Return the words of symbols whose rows are shorter than the bars, and no part of them."""
    if look.bar_minutes is None:
        return None
    usual, bar_us = look.sample.whole.usual_us, look.bar_minutes * MICROSECONDS_PER_MINUTE
    bad = np.isin(usual, _LENGTHS_US) & (usual < bar_us) & (bar_us % np.maximum(usual, 1) != 0)
    if not bad.any():
        return None
    minutes = int(usual[bad][0]) // MICROSECONDS_PER_MINUTE
    fitting = [interval for interval in INTERVALS_MINUTES if interval % minutes == 0]
    return {
        "symbols": look.listed(np.flatnonzero(bad)),
        "length": _span(minutes * MICROSECONDS_PER_MINUTE),
        "bar": _span(bar_us),
        "way": f"Use --interval {fitting[0]}, or shorter rows" if fitting else "Use shorter rows",
    }


def longer(look: Look) -> Words | None:
    """Return the words of symbols with sessions of rows longer than the bars, where others fit.

    Rows that are all longer are no matter of plausibility: the interval is refused for them.
    """
    sample = look.sample.whole
    if look.bar_minutes is None or not len(sample.symbol):
        return None
    bar_us, sessions = look.bar_minutes * MICROSECONDS_PER_MINUTE, len(look.open_us)
    group = sample.symbol * sessions + sample.session
    first = np.flatnonzero(np.diff(group, prepend=-1))
    count = np.diff(first, append=len(group))
    none = np.iinfo(np.int64).max
    gap = np.where(np.diff(group, append=-1) == 0, np.diff(sample.start_us, append=0), none)
    length = np.minimum.reduceat(gap, first)
    if not (length <= bar_us).any():
        return None
    each = np.repeat(length, count)
    next_to = np.add.reduceat((gap == each).astype(np.int64), first)
    on_grid = np.logical_and.reduceat(_offsets_us(look) % each == 0, first)
    is_longer = np.isin(length, _LENGTHS_US) & (length > bar_us) & on_grid
    is_longer &= (count >= _FEWEST_LONGER) & (next_to >= _MOST_NEXT * (count - 1))
    symbol = sample.symbol[first]
    found = np.bincount(symbol[is_longer], minlength=len(look.symbols))
    rows = np.bincount(symbol[is_longer], count[is_longer], len(look.symbols))
    bad = (found >= _SESSIONS_OF_PROOF) | (rows >= _ROWS_OF_PROOF)
    if not bad.any():
        return None
    one = int(np.flatnonzero(is_longer & bad[symbol])[0])
    minutes = int(length[one]) // MICROSECONDS_PER_MINUTE
    fitting = [interval for interval in INTERVALS_MINUTES if interval % minutes == 0]
    way = f"Use --interval {fitting[0]}, or rows" if fitting else "Use rows"
    return {
        "symbols": look.listed(np.flatnonzero(bad)),
        "length": _span(int(length[one])),
        "date": str(look.sessions[int(sample.session[first[one]])].date),
        "bar": _span(bar_us),
        "way": f"{way} of at most {_span(bar_us)} throughout",
    }


def mixed_lengths(look: Look) -> Words | None:
    """Return the words of symbols with longer rows among shorter ones, told by their volumes."""
    sample = look.sample.whole
    usual = sample.usual_us[sample.symbol]
    ratio = _to_neighbours(sample.symbol, sample.session, sample.start_us, sample.volume, usual)
    place = _offsets_us(look) // np.maximum(usual, 1)
    sessions = len(look.open_us)
    known = np.isfinite(ratio)
    symbol, session = sample.symbol[known], sample.session[known]
    marks = _Marks(ratio[known], place[known])
    for times in (*MANY_TIMES, *FEW_TIMES):
        of_a_session = times in MANY_TIMES
        group = symbol * sessions + session if of_a_session else symbol
        for first in (0, times - 1):
            if of_a_session:
                found, counts = marks.groups(group, times, first, _FEWEST_MARKS_OF_A_SESSION)
                alike = np.bincount(found // sessions, minlength=len(look.symbols))
                proven = (counts >= _MARKS_OF_PROOF) | (alike[found // sessions] >= 2)
                found = found[proven]
                symbols = np.unique(found // sessions)
            else:
                found, _ = marks.groups(group, times, first, _FEWEST_MARKS)
                symbols = found
            symbols = symbols[np.isin(sample.usual_us[symbols] * times, _LENGTHS_US)]
            if len(symbols):
                day = int(found[0]) % sessions if of_a_session else 0
                return {
                    "symbols": look.listed(symbols),
                    "short": _span(int(sample.usual_us[symbols[0]])),
                    "long": _span(int(sample.usual_us[symbols[0]]) * times),
                    "where": f"in the session of {look.sessions[day].date}"
                    if of_a_session
                    else "in many sessions",
                    "times": f"{(2 * times - 1) / times:.1f}",
                }
    return None


@dataclass(frozen=True, slots=True)
class _Marks:
    """The volumes of rows in those of their neighbours, and the rows' places; (rows,)."""

    ratio: Floats
    place: Integers

    def groups(
        self, group: Integers, times: int, first: int, fewest: int
    ) -> tuple[Integers, Integers]:
        """Return groups in which every so many-th row holds so many times the others' volume.

        With them comes how many such rows each has; places count from `first`.
        """
        is_long = self.ratio >= max(_LEAST_RATIO, _LEAST_SHARE_OF_TIMES * times)
        is_mark = self.place % times == first
        if not np.count_nonzero(is_mark & is_long):
            return group[:0], group[:0]
        marks, others = _count(group, is_mark), _count(group, ~is_mark)
        found = np.flatnonzero(
            (marks >= fewest)
            & (_count(group, is_mark & is_long) >= _MOST_MARKS * marks)
            & (_count(group, is_long & ~is_mark) <= _FEW_OTHERS * others)
        )
        return found, marks[found]


def _offsets_us(look: Look) -> Integers:
    """Return how far after their session's open rows begin."""
    opens = look.open_us[look.sample.whole.session] if len(look.open_us) else 0
    return look.sample.whole.start_us - opens


def _to_neighbours(
    symbol: Integers, session: Integers, start_us: Integers, volume: Floats, usual: Integers
) -> Floats:
    """Return each row's volume in those of its neighbours, NaN without both one place away."""
    ratio = np.full(len(volume), np.nan)
    next_to = (np.diff(symbol) == 0) & (np.diff(session) == 0) & (np.diff(start_us) == usual[1:])
    inner = np.flatnonzero(next_to[:-1] & next_to[1:]) + 1
    around = (volume[inner - 1] + volume[inner + 1]) / 2
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio[inner] = np.where(around > 0, volume[inner] / around, np.nan)
    return ratio


def _count(group: Integers, flags: NDArray[np.bool_]) -> Integers:
    return np.bincount(group[flags], minlength=int(group.max(initial=0)) + 1)


def _span(microseconds: int) -> str:
    minutes, rest = divmod(microseconds, MICROSECONDS_PER_MINUTE)
    if rest:
        return f"{microseconds / _SECOND_US:g} seconds"
    return counted(minutes, "minute")
