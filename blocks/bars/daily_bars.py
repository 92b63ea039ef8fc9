"""Daily bars from a user's own file, which say how a symbol stands before a session."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from blocks.bars.chosen_columns import Part, open_parts
from blocks.bars.file_format import BarFileFormat
from blocks.bars.one_writing import writing_of
from blocks.bars.rows import read_piece, read_symbols
from blocks.bars.times.values import TimeWriting
from trading.errors import BadInput
from trading.market.bars import AnyRows, BarRows, join_rows
from trading.market.calendar import exchange_timezone, from_microseconds
from trading.market.daily_bars import DailyBars, make_daily_bars
from trading.market.symbols import symbol_key, written_symbols

_COLUMNS = "Give it the columns symbol, date, open, high, low, close and volume"
_DAY_US = 86_400_000_000
_EVERY_DAY = (None, None)
_MOST_NAMED = 10


@dataclass(frozen=True, slots=True)
class DailyFile:
    """The daily bars of a file, and a sentence for each thing that a reader must know of them."""

    bars: DailyBars
    notes: tuple[str, ...]


def read_daily_bars(path: Path, symbols: Sequence[str], exchange: str = "NYSE") -> DailyFile:
    """Return the daily bars of some symbols in a CSV or Parquet file, or a folder of them.

    Columns are found by name as those of a file of bars, the date as its time; a symbol is found
    in any of its forms (BRK.B, BRK-B). A symbol that is not there has no daily bars. Raises
    BadInput for anything that cannot be read as such bars, intraday ones among them.
    """
    with of_daily_bars():
        rows, notes = _rows_of(path, tuple(symbols), exchange)
        return daily_file(path, rows, tuple(symbols), exchange, notes)


@contextmanager
def of_daily_bars() -> Iterator[None]:
    """Say of what is wrong with a file that it is that of daily bars."""
    try:
        yield
    except BadInput as error:
        # Arguments that say how a file of bars is written are not about this one.
        hint = _COLUMNS if "--" in error.hint else error.hint
        raise BadInput(f"daily bars: {error.what}", hint) from error


def daily_file(
    path: Path, rows: BarRows, symbols: tuple[str, ...], exchange: str, notes: Iterable[str]
) -> DailyFile:
    """Return rows as the daily bars of a path; their starts are on the exchange's clock.

    Raises BadInput for intraday bars.
    """
    _refuse_intraday(path, rows, symbols)
    bars = make_daily_bars(rows, symbols, exchange)
    return DailyFile(bars, (*notes, *_notes_on(bars)))


def _rows_of(
    path: Path, symbols: tuple[str, ...], exchange: str
) -> tuple[BarRows, tuple[str, ...]]:
    format = BarFileFormat()
    parts = list(open_parts(path, format, symbols))
    each_table = [part for part in parts if part.is_first_of_table]
    written = writing_of(path, each_table, format, exchange)
    writing = replace(written, exchange_zone=str(exchange_timezone(exchange)))
    notes = [note for part in parts for note in part.notes if note.startswith("WARNING")]
    number = {symbol_key(symbol): s for s, symbol in enumerate(symbols)}
    blocks = [block for part in parts for block in _blocks(part, number, writing, notes)]
    return join_rows(blocks, None), tuple(dict.fromkeys(notes))


def _blocks(
    part: Part, number: dict[str, int], writing: TimeWriting, notes: list[str]
) -> Iterator[AnyRows]:
    """Yield a part's rows of the symbols that are numbered, with these numbers."""
    there = tuple(sorted(name for name in read_symbols(part) if symbol_key(name) in number))
    if part.symbol is not None and not there:
        return
    # Of a table with a column of symbols a row without one is refused, whosever it is.
    piece = read_piece(part, None if part.symbol is not None else there, writing, _EVERY_DAY)
    notes.extend(piece.notes)
    place = np.array([number.get(symbol_key(name), -1) for name in piece.names], dtype=np.int64)
    for block in piece.blocks:
        yield replace(block, symbol=place[block.symbol])


def _refuse_intraday(path: Path, rows: BarRows, symbols: tuple[str, ...]) -> None:
    """Raise BadInput where a symbol has rows of several times on one day."""
    order = np.lexsort((rows.start_us, rows.symbol))
    symbol, start_us = rows.symbol[order], rows.start_us[order]
    is_same_day = (symbol[1:] == symbol[:-1]) & (
        start_us[1:] // _DAY_US == start_us[:-1] // _DAY_US
    )
    several = np.flatnonzero(is_same_day & (start_us[1:] != start_us[:-1]))
    if len(several):
        at = int(several[0])
        first, second = (from_microseconds(int(start_us[i])) for i in (at, at + 1))
        raise BadInput(
            f"{path} has bars of {symbols[int(symbol[at])]} at {first:%H:%M} and {second:%H:%M} of"
            f" {first:%Y-%m-%d}",
            "Give a file of daily bars, one a day",
        )


def _notes_on(bars: DailyBars) -> Iterator[str]:
    defects = bars.defects
    if defects.no_session:
        yield f"{defects.no_session} rows of the daily bars are of no session and are left out"
    if defects.duplicate:
        yield f"{defects.duplicate} rows of the daily bars were replaced by later ones of the date"
    if defects.invalid:
        yield f"{defects.invalid} rows of the daily bars are no valid bars and count as missing"
    is_there = ~np.isnan(bars.prices.close)
    absent = [symbol for s, symbol in enumerate(bars.symbols) if not is_there[:, s].any()]
    if absent:
        more = f" and {len(absent) - _MOST_NAMED} more" if len(absent) > _MOST_NAMED else ""
        yield (
            f"WARNING: the daily bars have none of {written_symbols(absent[:_MOST_NAMED])}{more}:"
            " no daily value of these"
        )
