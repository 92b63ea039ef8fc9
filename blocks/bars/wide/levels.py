"""Headers of several lines, as pandas writes columns of two levels into a text file."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from blocks.bars.columns import folded, names_symbol, number_named
from blocks.bars.wide.columns import tuple_of
from trading.market.bars import NUMBERS

MOST_LINES = 3
_NO_VALUE = frozenset({"", "na", "nan", "null", "none", "-", "n/a"})
_UNNAMED = re.compile(r"Unnamed: \d+(?:_level_\d+)?")
_NUMBER = re.compile(r"[-+]?[\d.,:/ ]+(?:e[-+]?\d+)?%?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Levels:
    """The names of the columns, each one text of its own, and the lines that the header takes."""

    names: tuple[str, ...]
    lines: int


def levels_of(lines: Sequence[str], separator: str) -> Levels | None:
    """Return what a file's first lines say where they are a header of several; None elsewhere.

    One line names numbers, open to volume, and the line above or below it names symbols. A third
    may name the index: `Datetime` and blanks.
    """
    rows = [
        ["" if _UNNAMED.fullmatch(cell.strip()) else cell.strip() for cell in row]
        for row in csv.reader(lines[:MOST_LINES], delimiter=separator)
    ]
    if len(rows) < 2:
        return None
    width = len(rows[0])
    if len(rows[1]) != width:
        return None
    for numbers, symbols in ((0, 1), (1, 0)):
        named = [number_named(_plain(cell)) for cell in rows[numbers]]
        if not set(named) >= set(NUMBERS):
            continue
        held = rows[symbols]
        if symbols == 0:
            # A spreadsheet names a group of columns once, above the first of them.
            held = _filled(held, named)
        if _are_symbols(held, named):
            lines_used = 2 + (len(rows) > 2 and _names_index(rows[2], width, named))
            return Levels(_names(rows, numbers, held, lines_used), lines_used)
    return None


def _plain(cell: str) -> str:
    # pandas numbers the second of two equal names: Close.1
    return re.sub(r"\.\d+$", "", cell)


def _filled(cells: Sequence[str], named: Sequence[str | None]) -> list[str]:
    held, filled = "", []
    for cell, number in zip(cells, named, strict=True):
        held = cell or held
        filled.append(held if number is not None else cell)
    return filled


def _are_symbols(cells: Sequence[str], named: Sequence[str | None]) -> bool:
    """Return whether these cells are names, and each symbol has all numbers of a bar."""
    held = [cell for cell, number in zip(cells, named, strict=True) if number is not None]
    says_so = any(
        names_symbol(cell) for cell, number in zip(cells, named, strict=True) if number is None
    )
    if any(cell.lower() in _NO_VALUE for cell in held):
        return False
    if not says_so and any(_NUMBER.fullmatch(cell) for cell in held):
        # A row of prices, as below any header of one line.
        return False
    counts = Counter(zip(cells, named, strict=True))
    return any(all(counts[symbol, number] for number in NUMBERS) for symbol in set(held))


def _names_index(cells: Sequence[str], width: int, named: Sequence[str | None]) -> bool:
    """Return whether a row has words where the index is, and nothing where numbers are."""
    if len(cells) != width:
        return False
    index = [cell for cell, number in zip(cells, named, strict=True) if number is None]
    values = [cell for cell, number in zip(cells, named, strict=True) if number is not None]
    # A table that was read and written again has its lines numbered.
    words = [cell for cell in index if cell and not cell.isdecimal()]
    return bool(words) and not any(values) and not any(re.search(r"\d", word) for word in words)


def _names(
    rows: Sequence[Sequence[str]], numbers: int, symbols: Sequence[str], lines_used: int
) -> tuple[str, ...]:
    names: list[str] = []
    held = {
        symbol
        for number, symbol in zip(rows[numbers], symbols, strict=True)
        if number_named(_plain(number)) is not None
    }
    for column, symbol in enumerate(symbols):
        number = _plain(rows[numbers][column])
        if number_named(number) is not None or (number and symbol in held):
            name = tuple_of(number, symbol)
        else:
            # Names of the levels themselves stand here too: Price, Ticker.
            said = [
                cell
                for row in rows[:lines_used]
                if (cell := row[column]) and not names_symbol(cell) and folded(cell) != "price"
            ]
            name = said[-1] if said else "index_level_0" if column == 0 else f"column {column + 1}"
        again = names.count(name)
        names.append(f"{name}_duplicated_{again - 1}" if again else name)
    return tuple(names)
