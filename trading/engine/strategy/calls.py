"""What the engine asks of a strategy: linking puts the strategy's own functions in these places."""

from __future__ import annotations

import math
from typing import Any

from trading.entries import Bar, Entry, Nothing
from trading.market.bars import Floats, Integers
from trading.reasons import UNDECIDED


def observe(numbers: Any, memory: Floats, bar: Bar, read: Any) -> None:
    """Stand where linking puts the strategy's function."""
    raise TypeError("link the engine to a strategy first")


def screen(numbers: Any, memory: Floats, bar: Bar) -> tuple[int, float, float]:
    """Leave every bar to `signal`; linking puts the strategy's own function here if it has one.

    A strategy's own returns the reason, stop and target in USD that its `signal` would, or
    UNDECIDED as the reason, and changes nothing. Without branches and loops in it the whole market
    takes a few nanoseconds a symbol.
    """
    return UNDECIDED, math.nan, math.nan


def signal(numbers: Any, memory: Floats, bar: Bar, read: Any) -> Entry:
    """Stand where linking puts the strategy's function."""
    raise TypeError("link the engine to a strategy first")


def leave(numbers: Any, memory: Floats, bar: Bar, read: Any) -> tuple[bool, bool]:
    """Let nobody leave; linking puts the strategy's own function here if it has one."""
    return False, False


def read_of(rows: Integers, state: Floats, s: int) -> Any:
    """Return nothing to read; linking puts the strategy's own record here if it declares one."""
    return Nothing(math.nan)


def value_at(rows: Integers, place: int, state: Floats, s: int) -> float:
    """Return a symbol's value of the indicator that was declared in a place, NaN for no such."""
    row = rows[place]
    if row < 0:
        return math.nan
    return float(state[row, s])
