"""Sets and their figures as a table: one row a set, the same bytes whoever ran it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any, get_type_hints

import polars as pl

from trading.backtest.performance import SideFigures, Summary
from trading.reasons import COUNTED_EXITS

SET_NUMBER, SET_HASH = "set_number", "set_hash"
_SIDE = pl.Struct({"trades": pl.Int64, "wins": pl.Int64, "pnl": pl.Float64})
_EXITS = pl.Struct({each.word: pl.Int64 for each in COUNTED_EXITS})
_KINDS: dict[Any, Any] = {
    int: pl.Int64,
    SideFigures: _SIDE,
    dict[str, int]: _EXITS,
    tuple[float, ...]: pl.List(pl.Float64),
}


def figures_schema() -> dict[str, Any]:
    """Return the columns of a summary's figures by the names that they have in summary.json."""
    hints = get_type_hints(Summary)
    return {field.name: _KINDS.get(hints[field.name], pl.Float64) for field in fields(Summary)}


# Of a table of results, beside what is swept.
COLUMNS = (SET_NUMBER, *figures_schema(), SET_HASH)


def figures_table(summaries: Sequence[Summary | None]) -> pl.DataFrame:
    """Return a row a summary, all null for None; what is null in summary.json is null here."""
    rows = [None if each is None else each.as_dict() for each in summaries]
    return pl.DataFrame(
        [
            pl.Series(name, [None if row is None else row[name] for row in rows], kind)
            for name, kind in figures_schema().items()
        ]
    )


def parameters_table(names: Sequence[str], sets: Sequence[Mapping[str, Any]]) -> pl.DataFrame:
    """Return a column a parameter, typed by its values; what is no plain value is text.

    A list of symbols is A+B+C, another list its JSON.
    """
    return pl.DataFrame([_typed(name, [_plain(values[name]) for values in sets]) for name in names])


def _typed(name: str, values: list[bool | int | float | str]) -> pl.Series:
    kinds = {type(value) for value in values}
    if kinds <= {bool}:
        return pl.Series(name, values, pl.Boolean)
    if kinds <= {int}:
        return pl.Series(name, values, pl.Int64)
    if kinds <= {int, float}:
        return pl.Series(name, [float(value) for value in values], pl.Float64)
    return pl.Series(name, [_text(value) for value in values], pl.String)


def _plain(value: Any) -> bool | int | float | str:
    if isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, tuple) and all(isinstance(each, str) for each in value):
        return "+".join(value)
    return json.dumps(value)


def _text(value: bool | int | float | str) -> str:
    return value if isinstance(value, str) else json.dumps(value)
