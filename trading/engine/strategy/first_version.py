"""Strategies of the first version, whose functions take a bar's numbers one by one.

Linking puts their functions in the places of those that begin with `first`.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from trading.engine.strategy.calls import value_at
from trading.entries import MARKET, USD, Bar, Entry
from trading.market.bars import Floats, Integers
from trading.reasons import UNDECIDED


class FirstRead(NamedTuple):
    """What every strategy of the first version reads, NaN where it needs no indicators."""

    atr: float
    mean_volume: float


def first_observe(
    numbers: Any,
    memory: Floats,
    bar: int,
    opened: float,
    high: float,
    low: float,
    close: float,
    volume: float,
) -> None:
    """Stand where linking puts the strategy's function."""
    raise TypeError("link the engine to a strategy first")


def first_screen(
    numbers: Any,
    memory: Floats,
    bar: int,
    opened: float,
    high: float,
    low: float,
    close: float,
    volume: float,
) -> tuple[int, float, float]:
    """Leave every bar to `signal`; linking puts the strategy's own function here if it has one."""
    return UNDECIDED, math.nan, math.nan


def first_signal(
    numbers: Any,
    memory: Floats,
    bar: int,
    opened: float,
    high: float,
    low: float,
    close: float,
    volume: float,
    atr: float,
    mean_volume: float,
) -> tuple[int, float, float]:
    """Stand where linking puts the strategy's function."""
    raise TypeError("link the engine to a strategy first")


def observe(numbers: Any, memory: Floats, bar: Bar, read: FirstRead) -> None:
    """Let a strategy of the first version see a bar."""
    first_observe(numbers, memory, bar.number, bar.open, bar.high, bar.low, bar.close, bar.volume)


def screen(numbers: Any, memory: Floats, bar: Bar) -> tuple[int, float, float]:
    """Return what a strategy of the first version says of a bar at once."""
    return first_screen(
        numbers, memory, bar.number, bar.open, bar.high, bar.low, bar.close, bar.volume
    )


def signal(numbers: Any, memory: Floats, bar: Bar, read: FirstRead) -> Entry:
    """Return what a strategy of the first version says of a bar."""
    reason, stop, target = first_signal(
        numbers,
        memory,
        bar.number,
        bar.open,
        bar.high,
        bar.low,
        bar.close,
        bar.volume,
        read.atr,
        read.mean_volume,
    )
    return Entry(reason, stop, target, USD, MARKET, math.nan, 0)


def read_of(rows: Integers, state: Floats, s: int) -> FirstRead:
    """Return what a strategy of the first version reads of a symbol."""
    return FirstRead(value_at(rows, 0, state, s), value_at(rows, 1, state, s))
