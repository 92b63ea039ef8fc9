"""The files of a bar source with their columns chosen, and the symbol of those that hold one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import polars as pl

from blocks.bars.columns import Columns, choose_columns
from blocks.bars.file_format import BarFileFormat
from blocks.bars.names.file_symbols import FileSymbols
from blocks.bars.sources.found import bar_files
from blocks.bars.tables import Table, open_table, reading
from blocks.bars.times.once import TimesOnce
from blocks.bars.wide.columns import WideTable, wide_table
from trading.errors import BadInput


@dataclass(frozen=True, slots=True)
class Part:
    """One opened file, or what it has of one symbol.

    `symbol` is set when a name says it instead of a column, and `told_symbol` when the user does
    in spite of a column. Of a table that `is_wide`, a row may be of other symbols alone, and the
    parts that follow its first are of the same rows, whose `times` are read once.
    """

    table: Table
    columns: Columns
    symbol: str | None
    notes: tuple[str, ...]
    told_symbol: str | None = None
    is_wide: bool = False
    is_first_of_table: bool = True
    times: TimesOnce = field(default_factory=TimesOnce)


def open_parts(path: Path, format: BarFileFormat, asked: Sequence[str] = ()) -> Iterator[Part]:
    """Yield the files at a path, opened; `asked` are the symbols that are wanted, none for all.

    A file without a symbol column takes its symbol from its columns' names, from the user, from a
    folder such as `symbol=AAPL` or from the names of file and folder. Raises BadInput when that is
    impossible or two files claim one symbol.
    """
    found = bar_files(path)
    names = FileSymbols(path, found.files, asked, format.symbol)
    notes = found.note(path)
    for file in found.files:
        table = open_table(file.path, format)
        available = table.schema.names()
        wide = None if format.columns else wide_table(available, str(file.path))
        if wide is not None:
            yield from _wide_parts(table, wide, notes, format.symbol)
            notes = ()
            continue
        columns = choose_columns(available, format.columns, str(file.path))
        notes = (*notes, *table.notes, *columns.notes)
        if columns.symbol is None:
            symbol, said = names.symbol_of(file)
            yield Part(table, columns, symbol, (*notes, *said))
        else:
            yield Part(table, columns, None, notes, format.symbol)
        notes = ()


def _wide_parts(
    table: Table, wide: WideTable, notes: tuple[str, ...], told: str | None
) -> Iterator[Part]:
    symbols = wide.symbols
    if told is not None and len(symbols) > 1:
        raise BadInput(
            f"{table.path} has columns of {len(symbols)} symbols, {', '.join(list(symbols)[:5])},"
            f" and not of {told} alone",
            "Leave --symbol out",
        )
    texts: pl.DataFrame | None = None
    if table.is_text and len(symbols) > 1:
        with reading(table.path):
            # Read once, and not once for each symbol.
            texts = _with_numbers(table.rows.collect(), wide)
    first = next(iter(next(iter(symbols.values())).values()))
    notes = (
        *notes,
        *table.notes,
        f"columns of {len(symbols)} symbols stand side by side, such as {first!r}"
        if len(symbols) > 1
        else f"the symbol is in the names of columns, such as {first!r}",
    )
    if wide.incomplete:
        lacking = f"{', '.join(wide.incomplete[:5])}"
        more = f" and {len(wide.incomplete) - 5} more" if len(wide.incomplete) > 5 else ""
        notes = (
            *notes,
            f"WARNING: {lacking}{more} have no column for one of open, high, low, close and volume"
            f" in {table.path.name} and are left out",
        )
    of_symbols = wide.columns
    others = [name for name in table.schema.names() if name not in of_symbols]
    schema = table.schema if texts is None else texts.schema
    times = TimesOnce()
    for symbol, named in symbols.items():
        available = [*others, *named.values()]
        columns = choose_columns(available, named, str(table.path))
        # Blank lines are looked for in the columns of a table, and so in these alone.
        of_symbol = replace(
            table,
            rows=table.rows.select(available)
            if texts is None
            else pl.DataFrame([texts[name] for name in available]).lazy(),
            schema=pl.Schema({name: schema[name] for name in available}),
        )
        columns = replace(columns, symbol=None)
        is_first = symbol == next(iter(symbols))
        yield Part(
            of_symbol,
            columns,
            told or symbol,
            (*notes, *columns.notes),
            is_wide=True,
            is_first_of_table=is_first,
            times=times,
        )


def number_in_text(column: pl.Expr) -> pl.Expr:
    """Return the numbers that texts are, null where one is none."""
    return column.str.strip_chars().cast(pl.Float64, strict=False)


def _with_numbers(texts: pl.DataFrame, wide: WideTable) -> pl.DataFrame:
    """Return a table whose columns of plain numbers are numbers; others stay, to be judged."""
    names = sorted(wide.columns)
    numbers = texts.select(number_in_text(pl.col(name)) for name in names)
    return texts.with_columns(
        numbers[name] for name in names if numbers[name].null_count() == texts[name].null_count()
    )
