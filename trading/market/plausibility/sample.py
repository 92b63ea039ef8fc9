"""Some of the rows inside sessions: enough to tell prices, volumes and lengths by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from trading.market.bars import AnyRows, Floats, Integers
from trading.market.calendar import MICROSECONDS_PER_MINUTE
from trading.market.parallel import for_each

# Of more rows those of some sessions are taken whole, and of the others a few minutes.
MOST_ROWS = 100_000
# The price half an hour after the open, and the last one; bad first prints are over by then.
EARLY_MINUTES = (20, 30)
LATE_MINUTES = 10
HALF_HOUR_US = EARLY_MINUTES[1] * MICROSECONDS_PER_MINUTE
# So many of a symbol's gaps are alike where it has rows of one length.
_USUAL = 0.5
_FEWEST_GAPS = 5
# A bar that was revised moves less; two shares are rarely so near each other for long.
_MOST_APART = 1.005
# Nor does its volume change by so much.
_MOST_TIMES_THE_VOLUME = 1.5


@dataclass(frozen=True)
class Sample:
    """Rows of symbols in sessions, by symbol and time, the last of each stamp; arrays of (rows,).

    `close` and `volume` are as in the file. `is_whole` (sessions,) says of which sessions all
    rows are here; `early` and `late` (symbols, sessions) are the last close of each session's
    first half hour and of the session, NaN without one. Of the rows that are there twice, with the
    time of another one of the symbol, (symbols,) `doubles` counts all, `rivals` those with a price
    that is far from the other's, `unlike` those of about its price and far more volume, and
    `moved` those whose numbers the row before has.
    """

    symbol: Integers
    session: Integers
    start_us: Integers
    close: Floats
    volume: Floats
    is_whole: NDArray[np.bool_]
    early: Floats
    late: Floats
    doubles: Integers
    rivals: Integers
    unlike: Integers
    moved: Integers

    @cached_property
    def whole(self) -> Sample:
        """Return the rows of whole sessions alone."""
        if self.is_whole.all():
            return self
        rows = self.is_whole[self.session]
        return replace(
            self,
            symbol=self.symbol[rows],
            session=self.session[rows],
            start_us=self.start_us[rows],
            close=self.close[rows],
            volume=self.volume[rows],
        )

    @cached_property
    def usual_us(self) -> Integers:
        """Return by symbol how far apart its rows usually begin, 0 where nothing is usual.

        Of whole sessions only.
        """
        usual = np.zeros(len(self.early), dtype=np.int64)
        gap = np.diff(self.start_us)
        same = (np.diff(self.symbol) == 0) & (np.diff(self.session) == 0)
        symbol, gap = self.symbol[1:][same], gap[same]
        if not len(gap):
            return usual
        gaps = np.bincount(symbol, minlength=len(usual))
        span = int(gap.max()) + 1
        kinds, counts = np.unique(symbol * span + gap, return_counts=True)
        of = kinds // span
        enough = (counts > _USUAL * gaps[of]) & (gaps[of] >= _FEWEST_GAPS)
        usual[of[enough]] = kinds[enough] % span
        return usual

    def by_symbol(self, values: NDArray[np.generic]) -> Floats:
        """Return the sum of values (rows,) of each symbol."""
        weights = values.astype(np.float64)
        return np.bincount(self.symbol, weights, len(self.early)).astype(np.float64)


def take_sample(
    blocks: Sequence[AnyRows], symbols: int, open_us: Integers, close_us: Integers
) -> Sample:
    """Return a sample of rows; of late rows no column is read but close and volume."""
    sessions = len(open_us)
    is_whole = np.ones(sessions, dtype=np.bool_)
    total = sum(map(len, blocks))
    if total > MOST_ROWS:
        is_whole[:] = False
        is_whole[:: -(-total // MOST_ROWS)] = True
    filled = [block for block in blocks if len(block)] if sessions else []
    rows = _taken(filled, open_us, close_us, is_whole)
    pairs = list(zip(filled, rows, strict=True))
    symbol, start = _keys(pairs)
    # One column after the other: late rows hold no more than one.
    close, volume = (_numbers(pairs, name) for name in ("close", "volume"))
    later = np.diff(start) > 0
    doubles = rivals = unlike = moved = np.zeros(symbols, dtype=np.int64)
    if not np.all((np.diff(symbol) > 0) | ((np.diff(symbol) == 0) & later)):
        # Rows of one stamp keep the order of the source, since the sort is stable.
        order = np.lexsort((start, symbol))
        last = np.ones(len(order), dtype=np.bool_)
        last[:-1] = (np.diff(symbol[order]) != 0) | (np.diff(start[order]) != 0)
        first = np.flatnonzero(~last)
        one, other = order[first], order[first + 1]
        with np.errstate(invalid="ignore", divide="ignore"):
            is_apart = np.abs(np.log(close[other] / close[one])) > np.log(_MOST_APART)
        # The last row counts: where it is the shorter one, bars are what they should be.
        is_unlike = (volume[other] > _MOST_TIMES_THE_VOLUME * volume[one]) & ~is_apart
        is_moved = _is_moved(symbol, (close, volume), one, other)
        doubles, rivals, unlike, moved = (
            np.bincount(symbol[one][chosen], minlength=symbols)
            for chosen in (slice(None), is_apart, is_unlike, is_moved)
        )
        kept = order[last]
        symbol, start, close, volume = symbol[kept], start[kept], close[kept], volume[kept]
    session = (np.searchsorted(open_us, start, side="right") - 1).astype(np.int64)
    early, late = (np.full((symbols, sessions), np.nan) for _ in range(2))
    is_early = start < open_us[session] + HALF_HOUR_US
    # Of several rows for one place the last stays.
    early[symbol[is_early], session[is_early]] = close[is_early]
    late[symbol, session] = close
    return Sample(
        symbol, session, start, close, volume, is_whole, early, late, doubles, rivals, unlike, moved
    )


def _is_moved(
    symbol: Integers, numbers: tuple[Floats, ...], one: Integers, other: Integers
) -> NDArray[np.bool_]:
    """Return which doubles are the double before over again: bars named by start, and by end."""
    found = np.zeros(len(one), dtype=np.bool_)
    same = symbol[one][1:] == symbol[one][:-1]
    # Bars of one price and volume in a row are no sign of anything.
    differs = np.logical_or.reduce([values[one] != values[other] for values in numbers])[1:]
    for mine, before in ((other, one), (one, other)):
        alike = np.logical_and.reduce(
            [values[mine][1:] == values[before][:-1] for values in numbers]
        )
        found[1:] |= same & differs & alike
    return found


def _taken(
    blocks: Sequence[AnyRows], open_us: Integers, close_us: Integers, is_whole: NDArray[np.bool_]
) -> list[Integers]:
    """Return by block which rows lie in sessions and are taken."""
    if not blocks:
        return []
    first = min(int(block.start_us.min()) for block in blocks) // MICROSECONDS_PER_MINUTE
    last = max(int(block.start_us.max()) for block in blocks) // MICROSECONDS_PER_MINUTE
    is_taken = np.zeros(last - first + 1, dtype=np.bool_)
    opens = (open_us // MICROSECONDS_PER_MINUTE - first).tolist()
    closes = (close_us // MICROSECONDS_PER_MINUTE - first).tolist()
    for opened, closed, whole in zip(opens, closes, is_whole.tolist(), strict=True):
        early, late = (opened + EARLY_MINUTES[0], opened + EARLY_MINUTES[1]), closed - LATE_MINUTES
        for begin, end in [(opened, closed)] if whole else [early, (late, closed)]:
            is_taken[max(0, begin) : max(0, end)] = True
    return for_each(
        lambda block: np.flatnonzero(is_taken[block.start_us // MICROSECONDS_PER_MINUTE - first]),
        blocks,
    )


def _keys(pairs: Sequence[tuple[AnyRows, Integers]]) -> tuple[Integers, Integers]:
    none = np.zeros(0, dtype=np.int64)
    symbol = np.concatenate([none, *(block.symbol[rows] for block, rows in pairs)])
    start = np.concatenate([none, *(block.start_us[rows] for block, rows in pairs)])
    return symbol.astype(np.int64, copy=False), start


def _numbers(pairs: Sequence[tuple[AnyRows, Integers]], name: str) -> Floats:
    none = np.zeros(0, dtype=np.float64)
    return np.concatenate([none, *(block.number(name)[rows] for block, rows in pairs)])
