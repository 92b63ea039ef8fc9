"""The benchmark of a backtest: a symbol of its bars, or a file of the user's own."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

import numpy as np

from blocks.archive.bar_source import date_range, read_bars, symbols_in
from blocks.archive.daily_bars import read_daily_bars
from blocks.markets.random_walk import simulated_rows
from tasks.backtest.request import BacktestRequest
from trading.analysis.benchmark import KNOWN, Benchmark, benchmark_of_bars, carried
from trading.errors import BadInput
from trading.market.bars import BarRows, Integers
from trading.market.calendar import EPOCH, Grid, Session, to_microseconds
from trading.market.grid_cells import are_valid
from trading.market.panel import Panel
from trading.market.panel_loading import make_panel
from trading.market.plausibility.splits import is_by_split
from trading.market.symbols import written_symbols
from trading.prices import r4_array

_DAY = timedelta(days=1)
_MOST_NAMED = 10


def benchmark_of(
    request: BacktestRequest, panel: Panel, first_traded: int
) -> tuple[Benchmark | None, tuple[str, ...]]:
    """Return the benchmark of the traded sessions, and what a reader must know of it.

    Without one that is asked for it is the first of KNOWN that the run trades, else none. Raises
    BadInput for one that is not there, or has no price in the first or the last session.
    """
    named = request.benchmark
    if named is None:
        mine = next((symbol for symbol in KNOWN if symbol in panel.symbols), None)
        found = None if mine is None else _of_panel(mine, panel, first_traded)
        return found, ()
    sessions = panel.grid.sessions[first_traded:]
    if named in panel.symbols and len(panel.close):
        found = _of_panel(named, panel, first_traded)
    elif is_file(named):
        found = _of_file(named, request, sessions, panel.grid, first_traded)
    else:
        found = _of_bars(named, request, sessions, panel.grid, first_traded)
    if found is None:
        path = Path(_path_in(named)).expanduser() if is_file(named) else request.bars
        span = date_range(path, exchange=request.exchange) if path else (None, None)
        raise _uncovered(named, sessions, *span)
    return found, (*_gaps(found, sessions), *_jumps(found, sessions))


def _gaps(found: Benchmark, sessions: Sequence[Session]) -> tuple[str, ...]:
    if not found.missing:
        return ()
    return (
        f"the benchmark {found.name} has no price in {found.missing:,} of {len(sessions):,}"
        " sessions, and stands still in them",
    )


def _jumps(found: Benchmark, sessions: Sequence[Session]) -> tuple[str, ...]:
    """Return a note of the first jump by a split's ratio: no gate has seen these prices."""
    closes = found.session_close
    places = np.flatnonzero(is_by_split(closes[:-1], closes[1:]))
    if not len(places):
        return ()
    at = int(places[0])
    return (
        f"the benchmark {found.name} goes from {closes[at]:,.2f} to {closes[at + 1]:,.2f} USD on"
        f" {sessions[at + 1].date}, as at a split. Use prices that are adjusted for splits if it"
        " is one",
    )


def _uncovered(
    named: str, sessions: Sequence[Session], first: date | None, last: date | None
) -> BadInput:
    """Return what is wrong with a benchmark without a price in the first or the last session.

    `first` and `last` are the dates of its prices, where they are known.
    """
    known = "" if first is None else f": its bars run from {first} to {last}"
    return BadInput(
        f"the benchmark {named} has no price on {sessions[0].date} or on {sessions[-1].date}, the"
        f" first and the last session of this run{known}",
        "Name a benchmark whose bars cover the run, or give --start and --end that they cover",
    )


def is_file(named: str) -> bool:
    """Return whether a benchmark's name is that of a file, or of a folder, and no symbol's."""
    return "/" in named or Path(named).suffix.lower() in _ENDINGS or Path(_path_in(named)).exists()


_ENDINGS = (".parquet", ".csv", ".zip", ".gz", ".pq")


def _path_in(named: str) -> str:
    """Return the path of `PATH:SYMBOL`, or all of it where no symbol is named."""
    path, colon, symbol = named.rpartition(":")
    return path if colon and "/" not in symbol and not Path(named).exists() else named


def _of_panel(symbol: str, panel: Panel, first: int) -> Benchmark | None:
    if not len(panel.close):
        return None
    number = panel.symbols.index(symbol)
    begin = panel.grid.first_row[first]
    return benchmark_of_bars(
        symbol,
        "the bars of this run",
        panel.open[begin:, number],
        panel.close[begin:, number],
        panel.grid,
        first,
    )


def _of_bars(
    symbol: str, request: BacktestRequest, sessions: Sequence[Session], grid: Grid, first: int
) -> Benchmark | None:
    """Return a symbol that the run does not trade, of the same bars."""
    if request.bars is None:
        rows = simulated_rows((symbol,), sessions, request.interval_minutes, seed=request.seed)
        source = f"simulated market, seed {request.seed}"
        own = make_panel(rows, grid, (symbol,))
        begin = grid.first_row[first]
        return benchmark_of_bars(
            symbol, source, own.open[begin:, 0], own.close[begin:, 0], grid, first
        )
    try:
        found = read_bars(
            request.bars,
            (symbol,),
            request.exchange,
            request.format,
            start=sessions[0].date - _DAY,
            end=sessions[-1].date + _DAY,
        )
    except BadInput as error:
        raise BadInput(f"benchmark {symbol}: {error.what}", error.hint) from error
    return _of_rows(symbol, str(request.bars), found.rows, grid, first)


def _of_file(
    named: str, request: BacktestRequest, sessions: Sequence[Session], grid: Grid, first: int
) -> Benchmark | None:
    path = Path(_path_in(named)).expanduser()
    asked = named[len(_path_in(named)) + 1 :]
    if not path.exists():
        raise BadInput(
            f"the benchmark's file {path} is not there",
            "Give the path of a file of bars or daily bars, or a symbol of the run's bars",
        )
    symbol = _symbol_in(path, asked)
    try:
        daily = read_daily_bars(path, (symbol,), request.exchange)
    except BadInput:
        # It may have several bars a day; what else is wrong with it, reading those says.
        return _of_intraday_file(path, symbol, request, sessions, grid, first)
    prices = daily.bars.of_sessions(sessions)
    closes, opens = prices.close[:, 0], prices.open[:, 0]
    if np.isnan(closes[[0, -1]]).any():
        there = daily.bars.days[~np.isnan(daily.bars.prices.close[:, 0])]
        span = [EPOCH.date() + timedelta(days=int(there[end])) for end in (0, -1) if len(there)]
        raise _uncovered(named, sessions, *(span or (None, None)))
    known, missing = carried(closes)
    return Benchmark(symbol, str(path), float(opens[0]), known, None, missing)


def _symbol_in(path: Path, asked: str) -> str:
    try:
        there = symbols_in(path)
    except BadInput as error:
        raise BadInput(f"benchmark: {error.what}", _hint_without_options(error)) from error
    if asked in there:
        return asked
    few = written_symbols(there[:_MOST_NAMED])
    if asked:
        raise BadInput(f"the benchmark's file {path} has no bars of {asked}", f"It has {few}")
    if len(there) != 1:
        raise BadInput(
            f"the benchmark's file {path} has {len(there):,} symbols",
            f"Say which: --benchmark {path}:{there[0] if there else 'SYMBOL'}",
        )
    return there[0]


def _of_intraday_file(
    path: Path,
    symbol: str,
    request: BacktestRequest,
    sessions: Sequence[Session],
    grid: Grid,
    first: int,
) -> Benchmark | None:
    try:
        found = read_bars(
            path,
            (symbol,),
            request.exchange,
            start=sessions[0].date - _DAY,
            end=sessions[-1].date + _DAY,
        )
    except BadInput as error:
        raise BadInput(f"benchmark: {error.what}", _hint_without_options(error)) from error
    return _of_rows(symbol, str(path), found.rows, grid, first)


def _of_rows(symbol: str, source: str, rows: BarRows, grid: Grid, first: int) -> Benchmark | None:
    """Return the benchmark of bars of any length: a bar of the grid has the last close so far."""
    opens, closes = np.full((2, grid.rows - int(grid.first_row[first])), np.nan)
    prices = [r4_array(rows.number(name)) for name in ("open", "high", "low", "close")]
    valid = are_valid(prices[0], prices[1], prices[2], prices[3], rows.number("volume"))
    order = np.flatnonzero(valid)
    order = order[np.argsort(rows.start_us[order], kind="stable")]
    start_us = rows.start_us[order]
    begin = int(grid.first_row[first])
    row = np.searchsorted(grid.start_us[begin:], start_us, side="right") - 1
    inside = (row >= 0) & (start_us < _close_of(grid, begin, row))
    row, order = row[inside], order[inside]
    # Of several rows of a bar the first has its open, and the last its close.
    opens[row[::-1]] = prices[0][order[::-1]]
    closes[row] = prices[3][order]
    return benchmark_of_bars(symbol, source, opens, closes, grid, first)


def _close_of(grid: Grid, begin: int, row: Integers) -> Integers:
    """Return the close of the session of each bar, counted from `begin`, microseconds."""
    session = np.searchsorted(grid.first_row, begin + np.maximum(row, 0), side="right") - 1
    closes = np.array([to_microseconds(each.close) for each in grid.sessions], dtype=np.int64)
    found: Integers = closes[session]
    return found


def _hint_without_options(error: BadInput) -> str:
    """Return a hint for a file whose writing no option describes."""
    if "--" not in error.hint:
        return error.hint
    if "zone" in error.what:
        return "Write them with their zone, such as 2025-06-04T09:30:00-04:00"
    return "Give a file with the columns symbol, ts or date, open, high, low, close and volume"
