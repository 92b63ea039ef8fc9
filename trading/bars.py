"""Bars: rows as a source gives them, and the time-major panel that the engine reads."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from trading.calendar import MICROSECONDS_PER_MINUTE, Grid, to_microseconds
from trading.errors import BadInput
from trading.prices import r4_array

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class BarRows:
    """Rows in the order of their source, one array element a row.

    `symbol` indexes the configured symbols; `start_us` is the row's own stamp in microseconds
    since 1970 UTC; prices in USD; volume in shares. `interval_minutes` is what the source
    declares, or None.
    """

    symbol: Integers
    start_us: Integers
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats
    interval_minutes: int | None = None

    def __len__(self) -> int:
        return len(self.start_us)

    def take(self, keep: NDArray[np.bool_] | Integers) -> BarRows:
        """Return the chosen rows."""
        return BarRows(
            self.symbol[keep],
            self.start_us[keep],
            self.open[keep],
            self.high[keep],
            self.low[keep],
            self.close[keep],
            self.volume[keep],
            self.interval_minutes,
        )


@dataclass(frozen=True, slots=True)
class Defects:
    """What was found wrong with the rows while they were loaded, as counts.

    `missing` counts the bars of the grid that no valid row covers.
    """

    rows: int = 0
    outside_session: int = 0
    duplicate: int = 0
    invalid: int = 0
    zero_volume: int = 0
    missing: int = 0

    def as_dict(self) -> dict[str, int]:
        """Return the counts by name."""
        return {field.name: int(getattr(self, field.name)) for field in fields(self)}


@dataclass(frozen=True, slots=True)
class Panel:
    """Bars on the grid, arrays of (bars, symbols), NaN where a bar is missing."""

    grid: Grid
    symbols: tuple[str, ...]
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats
    defects: Defects


def source_interval_minutes(rows: BarRows, grid: Grid) -> float:
    """Return the rows' interval: declared, else the smallest gap inside one symbol and session.

    Rows are those inside sessions. Infinity when no symbol has two starts in one session.
    """
    if rows.interval_minutes is not None:
        return float(rows.interval_minutes)
    if len(rows) < 2:
        return float("inf")
    session = _session_of(rows.start_us, grid)
    order = np.lexsort((rows.start_us, session, rows.symbol))
    start, symbol, session = rows.start_us[order], rows.symbol[order], session[order]
    gap = np.diff(start)
    inside = (np.diff(symbol) == 0) & (np.diff(session) == 0) & (gap > 0)
    return float(gap[inside].min() / MICROSECONDS_PER_MINUTE) if inside.any() else float("inf")


def _session_of(start_us: Integers, grid: Grid) -> Integers:
    opens = np.array([to_microseconds(session.open) for session in grid.sessions], dtype=np.int64)
    after: Integers = np.searchsorted(opens, start_us, side="right").astype(np.int64)
    return after - 1


def make_panel(rows: BarRows, grid: Grid, symbols: tuple[str, ...]) -> Panel:
    """Return the rows as a panel on the grid, by the loading order of rules section 1.

    Outside rows are dropped, the last of duplicates is kept, prices pass r4, invalid rows
    count as missing, finer rows are aggregated. Raises BadInput when the source is coarser
    than the grid.
    """
    total = len(rows)
    cells = grid.rows * len(symbols)
    session = _session_of(rows.start_us, grid)
    inside = session >= 0
    if grid.sessions:
        close_us = np.array([to_microseconds(s.close) for s in grid.sessions], dtype=np.int64)
        inside &= rows.start_us < close_us[np.maximum(session, 0)]
    if not inside.all():
        rows, session = rows.take(inside), session[inside]
    _refuse_coarse(rows, grid)
    step = grid.interval_minutes * MICROSECONDS_PER_MINUTE
    open_us = grid.start_us[grid.first_row[:-1]]
    offset = rows.start_us - open_us[session]
    row = grid.first_row[session] + offset // step
    cell = row * len(symbols) + rows.symbol
    aligned = bool(np.all(offset % step == 0))
    kept = _last_of_duplicates(rows, cell, cells) if aligned else _last_of_stamps(rows)
    duplicates = len(rows) - len(kept)
    if duplicates or not aligned:
        rows, cell = rows.take(kept), cell[kept]
    prices = [r4_array(values) for values in (rows.open, rows.high, rows.low, rows.close)]
    valid = _valid(prices[0], prices[1], prices[2], prices[3], rows.volume)
    invalid = int(len(valid) - np.count_nonzero(valid))
    volume = rows.volume
    if invalid:
        prices = [values[valid] for values in prices]
        volume, cell = volume[valid], cell[valid]
    columns = _aggregate(prices, volume, cell, cells)
    shape = (grid.rows, len(symbols))
    opened, high, low, close, shares = (column.reshape(shape) for column in columns)
    defects = Defects(
        rows=total,
        outside_session=int(total - np.count_nonzero(inside)),
        duplicate=duplicates,
        invalid=invalid,
        zero_volume=int(np.count_nonzero(volume == 0)),
        missing=int(np.count_nonzero(np.isnan(opened))),
    )
    return Panel(grid, symbols, opened, high, low, close, shares, defects)


def _refuse_coarse(rows: BarRows, grid: Grid) -> None:
    source = source_interval_minutes(rows, grid) if rows.interval_minutes is not None else None
    if source is None:
        # Most sources show their interval in the first rows; only a doubtful one is sorted whole.
        head = rows.take(np.arange(min(len(rows), 2000), dtype=np.int64))
        source = source_interval_minutes(head, grid)
        if source > grid.interval_minutes:
            source = source_interval_minutes(rows, grid)
    if source != float("inf") and source > grid.interval_minutes:
        raise BadInput(
            f"the source has {source:g}-minute bars, and {grid.interval_minutes}-minute bars"
            " were asked for",
            f"Use --interval {source:g} or coarser",
        )


def _last_of_duplicates(rows: BarRows, cell: Integers, cells: int) -> Integers:
    numbers = np.arange(len(rows), dtype=np.int64)
    last = np.full(cells, -1, dtype=np.int64)
    # Of several rows for one cell numpy keeps the value assigned last: the last in the source.
    last[cell] = numbers
    kept: Integers = numbers[last[cell] == numbers]
    return kept


def _last_of_stamps(rows: BarRows) -> Integers:
    """Return the kept row numbers, by symbol and then time, so that bars aggregate in order."""
    numbers = np.arange(len(rows), dtype=np.int64)
    order = np.lexsort((numbers, rows.start_us, rows.symbol))
    symbol, start = rows.symbol[order], rows.start_us[order]
    last = np.ones(len(order), dtype=np.bool_)
    last[:-1] = (symbol[1:] != symbol[:-1]) | (start[1:] != start[:-1])
    kept: Integers = order[last]
    return kept


def _valid(
    opened: Floats, high: Floats, low: Floats, close: Floats, volume: Floats
) -> NDArray[np.bool_]:
    top, bottom = np.maximum(opened, close), np.minimum(opened, close)
    # Comparisons are written so that a NaN makes the row invalid.
    finite = np.isfinite(high) & np.isfinite(top) & np.isfinite(volume)
    good: NDArray[np.bool_] = (
        finite & (bottom > 0) & (low > 0) & (high >= top) & (low <= bottom) & (volume >= 0)
    )
    return good


def _aggregate(prices: list[Floats], volume: Floats, cell: Integers, cells: int) -> list[Floats]:
    """Return open, high, low, close and volume by cell: first, max, min, last and sum."""
    columns = [np.full(cells, np.nan) for _ in range(5)]
    alone = len(cell) < 2 or bool(np.all(np.bincount(cell, minlength=1) <= 1))
    if alone:
        for column, values in zip(columns, [*prices, volume], strict=True):
            column[cell] = values
        return columns
    first = np.ones(len(cell), dtype=np.bool_)
    first[1:] = cell[1:] != cell[:-1]
    begin = np.flatnonzero(first)
    last = np.append(begin[1:], len(cell)) - 1
    where = cell[begin]
    columns[0][where] = prices[0][begin]
    columns[1][where] = np.maximum.reduceat(prices[1], begin)
    columns[2][where] = np.minimum.reduceat(prices[2], begin)
    columns[3][where] = prices[3][last]
    columns[4][where] = np.add.reduceat(volume, begin)
    return columns
