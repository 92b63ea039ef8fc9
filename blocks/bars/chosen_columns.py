"""The files of a bar source with their columns chosen, and the symbol of those that hold one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from blocks.bars.columns import Columns, choose_columns, names_symbol
from blocks.bars.file_format import BarFileFormat
from blocks.bars.tables import Table, find_files, open_table, stem_of
from trading.errors import BadInput


@dataclass(frozen=True, slots=True)
class Part:
    """One opened file; `symbol` is set when the file's name says it instead of a column."""

    table: Table
    columns: Columns
    symbol: str | None
    notes: tuple[str, ...]


def open_parts(path: Path, format: BarFileFormat) -> Iterator[Part]:
    """Yield the files at a path, opened as the format says.

    A file without a symbol column takes its symbol from a folder such as `symbol=AAPL`, or else
    from its own name. Raises BadInput when that is impossible or two files claim one symbol.
    """
    stems: dict[str, Path] = {}
    for file in find_files(path):
        table = open_table(file, format)
        columns = choose_columns(table.schema.names(), format.columns, str(file))
        symbol = None
        notes = (*table.notes, *columns.notes)
        if columns.symbol is None:
            symbol = _folder_symbol(file, path)
            if symbol is not None:
                notes = (*notes, "there is no symbol column: the folder's name gives the symbol")
            else:
                symbol = _stem_symbol(file, path, stems)
                notes = (*notes, "there is no symbol column: the file's name gives the symbol")
        yield Part(table, columns, symbol, notes)


def _folder_symbol(file: Path, root: Path) -> str | None:
    for folder in file.relative_to(root).parts[:-1]:
        key, equals, value = folder.partition("=")
        if equals and value and names_symbol(key):
            return value
    return None


def _stem_symbol(file: Path, root: Path, stems: dict[str, Path]) -> str:
    if file not in (root, root / file.name):
        raise BadInput(
            f"{file} has no symbol column, and its name cannot stand for one in a subfolder",
            "Name the column with --column symbol=NAME, or put one file per symbol in one folder",
        )
    symbol = stem_of(file)
    if symbol in stems:
        raise BadInput(
            f"{stems[symbol]} and {file} both claim to be {symbol}", "Remove one of the two"
        )
    stems[symbol] = file
    return symbol
