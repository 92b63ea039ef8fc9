"""Whether a symbol's rows are of one length, and begin where bars of that length do."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC

import numpy as np
from numpy.typing import NDArray

from trading.market.bars import Floats, Integers
from trading.market.calendar import MICROSECONDS_PER_MINUTE
from trading.market.plausibility.finding import Words
from trading.market.plausibility.look import Look

# So many of a symbol's gaps are alike where it has rows of one length.
_USUAL = 0.5
_FEWEST_GAPS = 5
_MOST_OFF_GRID = 0.5
# What bars last; rows that are as far apart by chance have no grid.
_LENGTHS_US = tuple(
    minutes * MICROSECONDS_PER_MINUTE
    for minutes in (1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30, 60, 120, 180, 240)
)
_SECOND_US = 1_000_000
# Longer rows among shorter ones hold so many times their volume, less what volumes vary by.
TIMES = (60, 30, 15, 12, 10, 6, 5, 4, 3, 2)
_LEAST_SHARE_OF_TIMES = 0.6
_LEAST_RATIO = 1.5
_FEWEST_MARKS = 6
_MOST_MARKS = 0.6
_FEW_OTHERS = 0.15


@dataclass(frozen=True, slots=True)
class _Lengths:
    """By symbol the usual gap between rows in microseconds, 0 where none is usual.

    `offset_us` (rows,) says how far after their session's open rows begin.
    """

    usual_us: Integers
    offset_us: Integers


def off_grid(look: Look) -> Words | None:
    """Return the words of symbols whose rows begin where no bar of their length does."""
    return _off_grid(look, least_us=MICROSECONDS_PER_MINUTE)


def off_minute(look: Look) -> Words | None:
    """Return the words of symbols whose rows begin less than a minute off their grid."""
    return _off_grid(look, least_us=0)


def _off_grid(look: Look, least_us: int) -> Words | None:
    sample, lengths = look.sample, _lengths(look)
    known = np.where(np.isin(lengths.usual_us, _LENGTHS_US), lengths.usual_us, 0)
    usual = known[sample.symbol]
    rest = np.where(usual > 0, lengths.offset_us % np.maximum(usual, 1), 0)
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
    length = int(lengths.usual_us[number])
    return {
        "symbols": look.listed(np.flatnonzero(bad)),
        "length": _span(length),
        "rest": _span(int((sample.start_us[row] - opened) % length)),
        "at": f"{at.astimezone(look.zone):%H:%M:%S}".removesuffix(":00"),
        "city": look.zone.key.rpartition("/")[2].replace("_", " "),
    }


def mixed_lengths(look: Look) -> Words | None:
    """Return the words of symbols with longer rows among shorter ones, told by their volumes."""
    sample, lengths = look.sample, _lengths(look)
    usual = lengths.usual_us[sample.symbol]
    ratio = _to_neighbours(sample.symbol, sample.session, sample.start_us, sample.volume, usual)
    known = np.isfinite(ratio)
    place = lengths.offset_us // np.maximum(usual, 1)
    sessions = len(look.open_us)
    group = sample.symbol * sessions + sample.session
    for times in TIMES:
        is_long = known & (ratio >= max(_LEAST_RATIO, _LEAST_SHARE_OF_TIMES * times))
        for first in (0, times - 1):
            is_mark = known & (place % times == first)
            marks, others = _count(group, is_mark), _count(group, known & ~is_mark)
            long_marks = _count(group, is_mark & is_long)
            long_others = _count(group, is_long & ~is_mark)
            found = np.flatnonzero(
                (marks >= _FEWEST_MARKS)
                & (long_marks >= _MOST_MARKS * marks)
                & (long_others <= _FEW_OTHERS * others)
            )
            if len(found):
                symbols = np.unique(found // sessions)
                length = int(lengths.usual_us[symbols[0]])
                return {
                    "symbols": look.listed(symbols),
                    "short": _span(length),
                    "long": _span(length * times),
                    "day": str(look.sessions[int(found[0]) % sessions].date),
                    "times": f"{(2 * times - 1) / times:.1f}",
                }
    return None


def _lengths(look: Look) -> _Lengths:
    sample = look.sample
    usual = np.zeros(len(look.symbols), dtype=np.int64)
    offset = (
        sample.start_us - look.open_us[sample.session] if len(look.open_us) else sample.start_us
    )
    gap = np.diff(sample.start_us)
    same = (np.diff(sample.symbol) == 0) & (np.diff(sample.session) == 0)
    same &= sample.is_whole[sample.session[1:]]
    symbol, gap = sample.symbol[1:][same], gap[same]
    gaps = np.bincount(symbol, minlength=len(usual))
    kinds, counts = np.unique(np.stack([symbol, gap]), axis=1, return_counts=True)
    enough = (counts > _USUAL * gaps[kinds[0]]) & (gaps[kinds[0]] >= _FEWEST_GAPS)
    usual[kinds[0][enough]] = kinds[1][enough]
    return _Lengths(usual, offset)


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
    return f"{minutes} minute{'' if minutes == 1 else 's'}"
