"""Tables that hold symbols side by side, in columns such as Close_QXA."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from blocks.bars.columns import folded, number_named
from trading.errors import BadInput
from trading.market.bars import NUMBERS, PRICES

# pandas writes a column's names of two levels as a tuple where a file has room for one name.
_TUPLE = re.compile(r"""\(\s*(['"])(?P<first>.*?)\1\s*,\s*(['"])(?P<second>.*?)\3\s*\)""")
_JOINT = r"[\s_.|:/-]+"
_ADJUSTED = rf"adj(?:usted)?{_JOINT}close"
_NUMBER_FIRST = re.compile(rf"(?P<first>{_ADJUSTED}|[A-Za-z]+){_JOINT}(?P<second>.+)", re.I)
_SYMBOL_FIRST = re.compile(rf"(?P<first>.+?){_JOINT}(?P<second>{_ADJUSTED}|[A-Za-z]+)", re.I)
# What parts two sets of prices of one symbol; tickers of the same letters stand in capitals.
_NO_SYMBOL = re.compile(
    "(?:[Bb]id|[Aa]sk|[Mm]id|[Aa]dj|[Aa]djusted|[Uu]nadj|[Uu]nadjusted|[Rr]aw|[Pp]rev|[Dd]ay"
    "|[Pp]revious|[Ll]ast|[Ll]og|[Tt]otal|[Ss]tock|[Mm]arket|[Rr]elative|[Aa]vg|[Aa]verage)"
)


@dataclass(frozen=True, slots=True)
class WideTable:
    """The columns of each symbol by the number that they hold, and the symbols that lack some."""

    symbols: Mapping[str, Mapping[str, str]]
    incomplete: tuple[str, ...]

    @property
    def columns(self) -> frozenset[str]:
        """Return the names of all columns that are some symbol's number."""
        return frozenset(name for of in self.symbols.values() for name in of.values())


def wide_table(available: Sequence[str], where: str) -> WideTable | None:
    """Return which columns belong to which symbol, None where columns are of no symbol.

    Of names with two parts one is a number's and the other the symbol's, in the same order in
    all of a table: Open_LOW is the open of LOW where High_LOW is there too. One symbol at least
    has a column for each number. Raises BadInput for two columns that could be the same.
    """
    if any(number_named(name) in PRICES for name in available):
        return None
    number_first = [
        (name, pair[0], pair[1]) for name in available if (pair := _split(name, _NUMBER_FIRST))
    ]
    symbol_first = [
        (name, pair[1], pair[0]) for name in available if (pair := _split(name, _SYMBOL_FIRST))
    ]
    found = max(map(_by_symbol, (number_first, symbol_first)), key=_count_complete)
    if not _count_complete(found):
        return None
    for symbol, of in found.items():
        for number, names in of.items():
            if len(names) > 1:
                raise BadInput(
                    f"columns {names[0]!r} and {names[1]!r} of {where} could both be {number} of"
                    f" {symbol}",
                    "Remove one of the two",
                )
    complete = {
        symbol: {number: names[0] for number, names in of.items()}
        for symbol, of in found.items()
        if len(of) == len(NUMBERS)
    }
    return WideTable(complete, tuple(symbol for symbol in found if symbol not in complete))


def tuple_of(first: str, second: str) -> str:
    """Return the name that pandas writes for a column of two levels."""
    return str((first, second))


def _split(name: str, form: re.Pattern[str]) -> tuple[str, str] | None:
    # polars renames the second of two equal headers.
    bare = re.sub(r"_duplicated_\d+$", "", name.strip())
    found = _TUPLE.fullmatch(bare) or form.fullmatch(bare)
    return (found["first"].strip(), found["second"].strip()) if found else None


_BySymbol = dict[str, dict[str, list[str]]]


def _by_symbol(named: Iterable[tuple[str, str, str]]) -> _BySymbol:
    columns: _BySymbol = {}
    for name, word, symbol in named:
        number = number_named(word)
        if number is not None and folded(symbol) and not _NO_SYMBOL.fullmatch(symbol):
            columns.setdefault(symbol, {}).setdefault(number, []).append(name)
    return columns


def _count_complete(columns: _BySymbol) -> int:
    return sum(len(of) == len(NUMBERS) for of in columns.values())
