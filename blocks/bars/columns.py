"""Which column of a user's file is which, found by name and never by position."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from trading.errors import BadInput
from trading.market.bars import NUMBERS, PRICES

OURS = ("symbol", "ts", *NUMBERS)
# White space and marks of order and joining, which nobody sees: a second file's beginning has one.
INVISIBLE = " \t\r\n\v\f\x1a\0\u00a0\u200b\u200e\u200f\u2060\ufeff"
NAMEABLE = (*OURS, "date", "time")
TWO_COLUMNS = "--column date=NAME --column time=NAME"

# Adjusted closes are left out on purpose: they belong to another price scale than open, high, low.
_SYNONYMS: dict[str, frozenset[str]] = {
    "symbol": frozenset({"symbol", "ticker", "sym", "instrument", "tickersymbol"}),
    "ts": frozenset({"ts", "timestamp", "time", "datetime", "date", "t", "start", "starttime"})
    | {"barstart", "tsevent", "windowstart", "beginsat"},
    "open": frozenset({"open", "o", "openprice"}),
    "high": frozenset({"high", "h", "highprice"}),
    "low": frozenset({"low", "l", "lowprice"}),
    "close": frozenset({"close", "c", "closeprice"}),
    "volume": frozenset({"volume", "vol", "v"}),
}
# Names that stand for one of ours where no column has a better one.
_LESS_CERTAIN: dict[str, frozenset[str]] = {
    "ts": frozenset({"gmttime", "utctime", "timeutc", "datetimeutc", "timestamputc"})
    | {"opentime"},
    "close": frozenset({"last", "closelast", "latest", "lastprice"}),
    "volume": frozenset({"totalvolume", "sharevolume", "volumetraded", "tradedvolume"}),
}
# What pandas calls an index without a name, in Parquet and in CSV.
_UNNAMED_INDEX = frozenset({"indexlevel0", ""})


@dataclass(frozen=True, slots=True)
class Columns:
    """Their names for our columns.

    `symbol` is None when no column holds it; `times` is one column, or a date and a time of day;
    `numbers` are open, high, low, close and volume, in this order.
    """

    symbol: str | None
    times: tuple[str, ...]
    numbers: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def time_name(self) -> str:
        """Return the time column's name for a message."""
        return " + ".join(self.times)


# A thousand files have the same few names.
@lru_cache(4096)
def folded(name: str) -> str:
    """Return a column name without case, punctuation and numbering: '1. Open' is 'open'."""
    # polars renames the second of two equal headers; both must count as candidates.
    bare = re.sub(r"_duplicated_\d+$", "", name.strip().lower())
    return re.sub(r"[^a-z0-9]", "", re.sub(r"^\d+\.\s*", "", bare))


def names_symbol(name: str) -> bool:
    """Return whether a name, such as that of a folder's key, stands for the symbol."""
    return folded(name) in _SYNONYMS["symbol"]


def names_price(name: str) -> bool:
    """Return whether a name stands for one of the four prices of a bar."""
    return any(folded(name) in _SYNONYMS[price] for price in PRICES)


def number_named(name: str) -> str | None:
    """Return which of open, high, low, close and volume a name stands for, if any."""
    bare = folded(name)
    return next((number for number in NUMBERS if bare in _SYNONYMS[number]), None)


def choose_columns(available: Sequence[str], named: Mapping[str, str], where: str) -> Columns:
    """Return which of the available columns is which; `named` maps our names to theirs.

    An exact name of ours wins over synonyms. Raises BadInput when columns are missing (all of
    them are named), when two fit equally, or when `named` names a column that is not there.
    """
    picked: dict[str, list[str]] = {}
    for ours, theirs in named.items():
        picked[ours] = [_named_column(ours, theirs, available, where)]
    notes: list[str] = []
    explicit_pair = picked.pop("date", []) + picked.pop("time", [])
    if explicit_pair:
        if len(explicit_pair) != 2 or "ts" in picked:
            raise BadInput(
                "the columns date and time are named only in part, or together with ts",
                f"Pass both, {TWO_COLUMNS}, or only --column ts=NAME",
            )
        picked["ts"] = explicit_pair
    taken = {theirs for columns in picked.values() for theirs in columns}
    free = [name for name in available if name not in taken]
    for ours in OURS:
        if ours not in picked:
            picked[ours] = _found_columns(ours, free, where, notes)
    missing = [ours for ours in OURS if not picked[ours] and ours != "symbol"]
    if missing:
        raise BadInput(
            f"{where} has no column for {', '.join(missing)}; it has {_listed(available)}",
            f"Name what is there with --column {missing[0]}=NAME"
            + (f", or day and time of day with {TWO_COLUMNS}" if missing[0] == "ts" else ""),
        )
    return Columns(
        picked["symbol"][0] if picked["symbol"] else None,
        tuple(picked["ts"]),
        tuple(picked[ours][0] for ours in NUMBERS),
        tuple(notes),
    )


def _named_column(ours: str, theirs: str, available: Sequence[str], where: str) -> str:
    if ours not in NAMEABLE:
        raise BadInput(
            f"column {ours!r} is none of Openbell's names",
            f"Use one of {', '.join(NAMEABLE)} on the left of --column {ours}={theirs}",
        )
    if theirs in available:
        return theirs
    alike = [name for name in available if name.strip().lower() == theirs.strip().lower()]
    if len(alike) == 1:
        return alike[0]
    raise BadInput(
        f"{where} has no column {theirs!r}, which was named for {ours}",
        f"It has {_listed(available)}",
    )


def _found_columns(ours: str, free: Sequence[str], where: str, notes: list[str]) -> list[str]:
    fitting = [name for name in free if folded(name) in _SYNONYMS[ours]]
    if ours in fitting and f"{ours}_duplicated_0" not in fitting:
        others = [name for name in fitting if name != ours]
        notes.extend(f"column {name!r} is ignored, because {ours!r} is there" for name in others)
        return [ours]
    if not fitting:
        fitting = [name for name in free if folded(name) in _LESS_CERTAIN.get(ours, ())]
    if not fitting and ours == "ts":
        fitting = [name for name in free if folded(name) in _UNNAMED_INDEX]
    if ours == "ts" and sorted(map(folded, fitting)) == ["date", "time"]:
        fitting.sort(key=folded)
        notes.append(f"columns {fitting[0]!r} and {fitting[1]!r} together are read as ts")
        return fitting
    if len(fitting) > 1:
        raise BadInput(
            f"{where} has {len(fitting)} columns that could be {ours}: {_listed(fitting)}",
            f"Say which with --column {ours}={fitting[0]}",
        )
    if fitting:
        notes.append(f"column {fitting[0]!r} is read as {ours}")
    return fitting


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(repr(name) for name in names[:20])
    return f"{shown} and {len(names) - 20} more" if len(names) > 20 else shown or "no columns"
