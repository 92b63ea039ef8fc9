"""The sets of a sweep in the order of its objective."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from trading.backtest.performance import SideFigures, Summary
from trading.market.bars import Floats, Integers

SET_NUMBER = "set_number"


def column_of(results: pl.DataFrame, name: str) -> Floats:
    """Return a figure of every set, NaN where it has none."""
    values: Floats = results[name].cast(pl.Float64).fill_null(float("nan")).to_numpy()
    return values


def ranking(results: pl.DataFrame, objective: str) -> Integers:
    """Return the rows from the best to the worst; ties by set number, those without it last."""
    worth = column_of(results, objective)
    order = np.lexsort((results[SET_NUMBER].to_numpy(), -worth))
    return order.astype(np.int64)


def row_of(results: pl.DataFrame, set_number: int) -> int:
    """Return the row of a set."""
    return int(np.flatnonzero(results[SET_NUMBER].to_numpy() == set_number)[0])


def summary_of(results: pl.DataFrame, row: int) -> Summary:
    """Return a set's figures as those of a single backtest."""
    found: dict[str, Any] = results.row(row, named=True)
    sides = {side: SideFigures(**found[side]) for side in ("long", "short")}
    known = {name: found[name] for name in Summary.__slots__ if name not in sides}
    return Summary(**{**known, **sides, "session_returns": tuple(found["session_returns"])})
