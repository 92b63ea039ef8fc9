"""The clocks of single symbols, where a file has several and one may be of another zone."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from trading.market.bars import Integers
from trading.market.calendar import MICROSECONDS_PER_MINUTE
from trading.market.plausibility.days import DAY_US, days_of, fit_of

if TYPE_CHECKING:
    from trading.market.plausibility.look import FileClock, Look

# Of more rows those of some weeks are looked at.
_MOST_ROWS = 1_000_000
_WEEK_US = 7 * DAY_US
# Weeks since 1970 begin on Thursdays; those of rows begin on Sundays, when nothing is traded.
_SUNDAY_US = 4 * DAY_US


def clocks_of_symbols(look: Look) -> tuple[FileClock, ...]:
    """Return a clock of each symbol that was asked for, none where all rows of files run alike.

    Rows of all symbols together that run from the open to the close leave no room for one of
    them in another zone.
    """
    if not any(clock.symbols > 1 and not _is_right(look, clock) for clock in look.clocks):
        return ()
    first = look.clocks[0]
    if any((clock.zone, clock.is_told) != (first.zone, first.is_told) for clock in look.clocks):
        # Which rows were read in which zone is not known any more.
        return ()
    return tuple(
        replace(first, name=f"{look.symbols[number]} in {look.name}", starts_us=starts_us,
                symbols=1, symbol=look.symbols[number])
        for number, starts_us in enumerate(_starts_by_symbol(look))
        if len(starts_us)
    )  # fmt: skip


def _is_right(look: Look, clock: FileClock) -> bool:
    days = days_of(clock.starts_us)
    return bool(len(days)) and bool(fit_of(look, days).is_right.all())


def _starts_by_symbol(look: Look) -> list[Integers]:
    """Return the starts of each symbol's rows, each once and in order."""
    every = max(1, sum(len(rows.start_us) for rows in look.rows) // _MOST_ROWS)
    symbols, starts = [], []
    for rows in look.rows:
        start_us = rows.start_us
        chosen = (start_us + _SUNDAY_US) // _WEEK_US % every == 0 if every > 1 else slice(None)
        symbols.append(rows.symbol[chosen].astype(np.int64))
        starts.append(start_us[chosen])
    if not sum(map(len, starts)):
        return []
    symbol, start_us = np.concatenate(symbols), np.concatenate(starts)
    first = start_us.min()
    minutes = (start_us - first) // MICROSECONDS_PER_MINUTE
    span = int(minutes.max()) + 1
    both = np.unique(symbol * span + minutes)
    edges = np.searchsorted(both // span, np.arange(len(look.symbols) + 1))
    return [
        both[begin:end] % span * MICROSECONDS_PER_MINUTE + first
        for begin, end in itertools.pairwise(edges.tolist())
    ]
