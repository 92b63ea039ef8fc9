"""Rows put into their places on the grid, one column after the other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trading.market.bars import NUMBERS, AnyRows, Floats, Integers
from trading.market.parallel import for_each
from trading.prices import r4_array

# So many rows fit into a processor's own memory while one step after the other is done to them.
BLOCK_ROWS = 131_072
_ROWS_AT_A_TIME = 8192

Combine = Callable[[Floats, Integers], Floats]


@dataclass(frozen=True, slots=True)
class Part:
    """Rows inside sessions, and where they go.

    `cell` (bars) is the place of each bar, `symbol x rows of the grid + row`. `valid` (rows) says
    which rows are placed, None for all; `begin` (bars) where the rows of each bar begin among
    these, None when a row is a bar. `invalid` and `zero_volume` count rows.
    """

    rows: AnyRows
    cell: NDArray[np.int32]
    valid: NDArray[np.bool_] | None = None
    begin: Integers | None = None
    invalid: int = 0
    zero_volume: int = 0


def place(parts: Sequence[Part], symbols: int, rows: int) -> list[Floats]:
    """Return the columns NUMBERS as tables of (rows, symbols), NaN where no bar is.

    A symbol's cells first lie side by side, since most sources write one symbol after the other,
    or one bar of all: either way few places in memory are written to at a time. One such table
    serves all columns, for each has the same cells; memory that is new costs more than the work.
    """
    by_symbol = np.full((symbols, rows), np.nan)
    cells = by_symbol.reshape(-1)
    tables = []
    for name in NUMBERS:

        def fill(part: Part, name: str = name) -> None:
            values = part.rows.number(name)
            if part.valid is not None:
                values = values[part.valid]
            if name != "volume":
                values = r4_array(values)
            cells[part.cell] = values if part.begin is None else _COMBINED[name](values, part.begin)

        table = np.empty((rows, symbols))

        def turn(begin: int, table: Floats = table) -> None:
            some = slice(begin, begin + _ROWS_AT_A_TIME)
            table[some] = by_symbol[:, some].T

        for_each(fill, parts)
        for_each(turn, range(0, rows, _ROWS_AT_A_TIME))
        tables.append(table)
    return tables


def are_valid(
    opened: Floats, high: Floats, low: Floats, close: Floats, volume: Floats
) -> NDArray[np.bool_]:
    """Return which bars have positive prices between their low and high, and a volume."""
    top, bottom = np.maximum(opened, close), np.minimum(opened, close)
    # Comparisons are written so that a NaN makes the bar invalid.
    finite = np.isfinite(high) & np.isfinite(top) & np.isfinite(volume)
    good: NDArray[np.bool_] = (
        finite & (bottom > 0) & (low > 0) & (high >= top) & (low <= bottom) & (volume >= 0)
    )
    return good


def clear_invalid(tables: Sequence[Floats], placed: int) -> tuple[int, int]:
    """Make NaN of all that is no valid bar in tables where so many bars were placed.

    Returns how many of them were invalid, and how many valid ones have no volume.
    """
    rows, symbols = tables[0].shape
    step = max(1, BLOCK_ROWS // max(1, symbols))

    def judge(begin: int) -> tuple[NDArray[np.bool_], int]:
        some = slice(begin, begin + step)
        good = are_valid(*(table[some] for table in tables))
        return good, int(np.count_nonzero(good & (tables[-1][some] == 0)))

    judged = for_each(judge, range(0, rows, step))
    invalid = placed - sum(int(np.count_nonzero(good)) for good, _ in judged)
    if invalid:
        for begin, (good, _) in zip(range(0, rows, step), judged, strict=True):
            for table in tables:
                table[begin : begin + step][~good] = np.nan
    return invalid, sum(count for _, count in judged)


def _last(values: Floats, begin: Integers) -> Floats:
    # Where no row is valid there is no bar, and so no last row of one.
    last: Floats = values[np.append(begin[1:], len(values))[: len(begin)] - 1]
    return last


_COMBINED: dict[str, Combine] = {
    "open": lambda values, begin: values[begin],
    "high": np.maximum.reduceat,
    "low": np.minimum.reduceat,
    "close": _last,
    "volume": np.add.reduceat,
}
