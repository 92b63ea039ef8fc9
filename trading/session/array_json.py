"""Named arrays of numbers as JSON and back, with nothing lost."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from trading.market.bars import Floats, Prices
from trading.session.events import BarClosed


def prices_of(bar: BarClosed) -> Prices:
    """Return a consumed bar as arrays of (symbols)."""

    def numbers(values: list[float | None]) -> Floats:
        return np.array([math.nan if value is None else value for value in values], dtype=float)

    return Prices(*map(numbers, (bar.open, bar.high, bar.low, bar.close, bar.volume)))


def arrays_to_json(arrays: Any, names: tuple[str, ...]) -> dict[str, list[Any]]:
    """Return named arrays as lists, NaN as None; floats keep every bit."""
    content: dict[str, list[Any]] = {}
    for name in names:
        values = getattr(arrays, name).tolist()
        content[name] = _without_nan(values)
    return content


def arrays_from_json(arrays: Any, content: dict[str, Any]) -> None:
    """Write lists as made by `arrays_to_json` into arrays of the same shapes.

    What earlier editions did not write, at the end of an array, stays as it is.
    """
    for name, values in content.items():
        target = getattr(arrays, name)[: len(values)]
        if target.dtype.kind == "f":
            target[...] = np.array(_with_nan(values), dtype=np.float64)
        else:
            target[...] = np.array(values, dtype=target.dtype)


def _without_nan(values: Any) -> Any:
    if isinstance(values, list):
        return [_without_nan(value) for value in values]
    return None if isinstance(values, float) and math.isnan(values) else values


def _with_nan(values: Any) -> Any:
    if isinstance(values, list):
        return [_with_nan(value) for value in values]
    return math.nan if values is None else values
