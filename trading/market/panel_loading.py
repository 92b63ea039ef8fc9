"""The order of loading: from the rows of a source to the panel (rules, section 1)."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trading.errors import BadInput
from trading.market.bars import AnyRows, BarRows, Integers, in_blocks, join_rows
from trading.market.calendar import MICROSECONDS_PER_MINUTE, Grid
from trading.market.grid_cells import BLOCK_ROWS, Part, are_valid, clear_invalid, place
from trading.market.grid_lookup import GridRows
from trading.market.panel import Defects, Panel
from trading.market.parallel import for_each
from trading.prices import r4_array


def make_panel(rows: AnyRows | Sequence[AnyRows], grid: Grid, symbols: tuple[str, ...]) -> Panel:
    """Return rows, or blocks of them in the order of their source, as a panel on the grid.

    Outside rows are dropped, the last of duplicates is kept, prices pass r4, invalid rows
    count as missing, finer rows are aggregated. Raises BadInput when the source is coarser
    than the grid, and whatever reading late rows raises.
    """
    sources = [rows] if isinstance(rows, AnyRows) else rows
    blocks = [block for source in sources for block in in_blocks(source, BLOCK_ROWS)]
    finder = GridRows(grid)
    taken = np.zeros(grid.rows * len(symbols), dtype=np.bool_)

    def locate(rows: AnyRows) -> tuple[Part, bool]:
        row = finder.of(rows.start_us)
        is_inside = row >= 0
        if not is_inside.all():
            rows, row = rows.take(is_inside), row[is_inside]
        cell = _cells(rows, row, grid)
        taken[cell] = True
        return Part(rows, cell), bool(np.all(grid.start_us[row] == rows.start_us))

    located = for_each(locate, blocks)
    parts = [part for part, _ in located]
    _refuse_coarse([part.rows for part in parts], grid)
    total, inside = sum(map(len, blocks)), sum(len(part.rows) for part in parts)
    # Where each row is a bar and none is there twice, their order does not matter, and which are
    # invalid can be told from the bars.
    are_bars = all(is_aligned for _, is_aligned in located) and np.count_nonzero(taken) == inside
    if not are_bars:
        parts = for_each(lambda rows: _judged(rows, finder, grid), _in_order(parts, finder))
    tables = place(parts, len(symbols), grid.rows)
    bars = sum(len(part.cell) for part in parts)
    if are_bars:
        invalid, zero_volume = clear_invalid(tables, inside)
        bars -= invalid
    else:
        invalid = sum(part.invalid for part in parts)
        zero_volume = sum(part.zero_volume for part in parts)
    defects = Defects(
        rows=total,
        outside_session=total - inside,
        duplicate=inside - sum(len(part.rows) for part in parts),
        invalid=invalid,
        zero_volume=zero_volume,
        missing=len(taken) - bars,
    )
    opened, high, low, close, volume = tables
    return Panel(
        grid,
        symbols,
        opened,
        high,
        low,
        close,
        volume,
        defects,
        # A bar has no volume where none of its rows has.
        has_zero_volume=zero_volume > 0,
    )


def _cells(rows: AnyRows, row: Integers, grid: Grid) -> NDArray[np.int32]:
    return (rows.symbol.astype(np.int64) * grid.rows + row).astype(np.int32)


def _refuse_coarse(blocks: Sequence[AnyRows], grid: Grid) -> None:
    declared = next((block.interval_minutes for block in blocks), None)
    source = float(declared) if declared is not None else math.inf
    if declared is None:
        # Most sources show their interval at once; only a doubtful one is looked through.
        for block in blocks:
            source = min(source, _smallest_gap_minutes([block], grid))
            if source <= grid.interval_minutes:
                break
        else:
            source = _smallest_gap_minutes(blocks, grid)
    if source != math.inf and source > grid.interval_minutes:
        raise BadInput(
            f"the source has {source:g}-minute bars, and {grid.interval_minutes}-minute bars"
            " were asked for",
            f"Use --interval {source:g} or coarser",
        )


def _smallest_gap_minutes(blocks: Sequence[AnyRows], grid: Grid) -> float:
    """Return the smallest gap between two starts of one symbol in one session, or infinity."""
    if not blocks:
        return math.inf
    symbol = np.concatenate([block.symbol for block in blocks])
    start_us = np.concatenate([block.start_us for block in blocks])
    session = np.searchsorted(grid.start_us[grid.first_row[:-1]], start_us, side="right")
    order = np.lexsort((start_us, session, symbol))
    gap = np.diff(start_us[order])
    same = (np.diff(symbol[order]) == 0) & (np.diff(session[order]) == 0) & (gap > 0)
    return float(gap[same].min() / MICROSECONDS_PER_MINUTE) if same.any() else math.inf


def _in_order(parts: Sequence[Part], finder: GridRows) -> list[BarRows]:
    """Return the rows by symbol and time, the last of each stamp, in blocks that split no bar."""
    rows = join_rows([part.rows for part in parts], None)
    one, next_one = rows.symbol[:-1], rows.symbol[1:]
    if not np.all((next_one > one) | ((next_one == one) & (np.diff(rows.start_us) > 0))):
        # Rows of one stamp keep the order of the source, since the sort is stable.
        order = np.lexsort((rows.start_us, rows.symbol))
        symbol, start = rows.symbol[order], rows.start_us[order]
        last = np.ones(len(order), dtype=np.bool_)
        last[:-1] = (symbol[1:] != symbol[:-1]) | (start[1:] != start[:-1])
        kept: Integers = order[last]
        rows = rows.take(kept)
    begin = _begins_of_bars(finder.of(rows.start_us), rows.symbol)
    cuts = np.searchsorted(begin, np.arange(BLOCK_ROWS, len(rows), BLOCK_ROWS))
    edges = [0, *np.unique(begin[cuts[cuts < len(begin)]]).tolist(), len(rows)]
    return [rows.take(slice(first, end)) for first, end in itertools.pairwise(edges)]


def _judged(rows: BarRows, finder: GridRows, grid: Grid) -> Part:
    prices = [r4_array(values) for values in (rows.open, rows.high, rows.low, rows.close)]
    valid = are_valid(prices[0], prices[1], prices[2], prices[3], rows.volume)
    cell = _cells(rows, finder.of(rows.start_us), grid)[valid]
    begin = _begins_of_bars(cell)
    return Part(
        rows,
        cell[begin],
        valid,
        begin,
        int(len(valid) - len(cell)),
        int(np.count_nonzero(rows.volume[valid] == 0)),
    )


def _begins_of_bars(*names: NDArray[np.integer[Any]]) -> Integers:
    """Return where rows begin that differ from the row before in any of their names."""
    differs = np.ones(len(names[0]), dtype=np.bool_)
    differs[1:] = np.any([name[1:] != name[:-1] for name in names], axis=0)
    return np.flatnonzero(differs)
