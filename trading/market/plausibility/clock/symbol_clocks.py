"""The clocks of single symbols, where a file has several and one may be of another zone."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from trading.market.bars import AnyRows, Integers
from trading.market.calendar import MICROSECONDS_PER_MINUTE
from trading.market.plausibility.clock.file_clock import FileClock
from trading.market.plausibility.days import DAY_US, Hours, days_of, fit_of

# Of more rows those of some weeks are looked at.
_MOST_ROWS = 1_000_000
_WEEK_US = 7 * DAY_US
# Weeks since 1970 begin on Thursdays; those of rows begin on Sundays, when nothing is traded.
_SUNDAY_US = 4 * DAY_US


def clocks_of_symbols(
    source: str,
    clocks: tuple[FileClock, ...],
    symbols: tuple[str, ...],
    rows: Sequence[AnyRows],
    hours: Hours,
) -> tuple[FileClock, ...]:
    """Return a clock of each symbol that was asked for, none where all rows of files run alike.

    `rows` index `symbols`. Rows of all symbols together that run from the open to the close leave
    no room for one of them in another zone.
    """
    if not any(clock.symbols > 1 and not _is_right(clock, hours) for clock in clocks):
        return ()
    first = clocks[0]
    if any((clock.zone, clock.is_told) != (first.zone, first.is_told) for clock in clocks):
        # Which rows were read in which zone is not known any more.
        return ()
    return tuple(
        replace(first, name=f"{symbol} in {source}", starts_us=starts_us, symbols=1, symbol=symbol)
        for symbol, starts_us in zip(symbols, _starts_by_symbol(rows, len(symbols)), strict=True)
        if len(starts_us)
    )


def _is_right(clock: FileClock, hours: Hours) -> bool:
    days = days_of(clock.starts_us)
    return bool(len(days)) and bool(fit_of(hours, days).is_right.all())


def _starts_by_symbol(all_rows: Sequence[AnyRows], count: int) -> list[Integers]:
    """Return the starts of the rows of so many symbols, each once and in order."""
    every = max(1, sum(len(rows.start_us) for rows in all_rows) // _MOST_ROWS)
    symbols, starts = [], []
    for rows in all_rows:
        start_us = rows.start_us
        chosen = (start_us + _SUNDAY_US) // _WEEK_US % every == 0 if every > 1 else slice(None)
        symbols.append(rows.symbol[chosen].astype(np.int64))
        starts.append(start_us[chosen])
    if not sum(map(len, starts)):
        return [np.array([], dtype=np.int64)] * count
    symbol, start_us = np.concatenate(symbols), np.concatenate(starts)
    first = start_us.min()
    minutes = (start_us - first) // MICROSECONDS_PER_MINUTE
    span = int(minutes.max()) + 1
    both = np.unique(symbol * span + minutes)
    edges = np.searchsorted(both // span, np.arange(count + 1))
    return [
        both[begin:end] % span * MICROSECONDS_PER_MINUTE + first
        for begin, end in itertools.pairwise(edges.tolist())
    ]
