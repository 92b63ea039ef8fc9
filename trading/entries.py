"""What a strategy sees of a bar, and what it may say of it (docs/strategies.md)."""

from __future__ import annotations

import math
from typing import NamedTuple

from trading.reasons import ENTER_LONG, ENTER_SHORT

# How an entry is ordered.
MARKET = 0
STOP = 1
LIMIT = 2

# What a target is counted in, from the entry's fill.
USD = 0
FRACTION = 1
R = 2


class Bar(NamedTuple):
    """A closed bar of the session; prices in USD, NaN where the symbol has none.

    `number` counts from 0, the bar at the session's open.
    """

    number: int
    open: float
    high: float
    low: float
    close: float
    volume: float


class Entry(NamedTuple):
    """What a strategy says at a bar's close: a reason of `trading.reasons` and, to enter, how.

    `stop` is a price, a multiple of the tick. `target` counts from the entry's fill in what
    `target_kind` says, NaN for none. A STOP rests at `level` until price gets there, a LIMIT until
    price comes back there; either is cancelled after `lifetime_bars` bars, 0 for no such end.
    """

    reason: int
    stop: float
    target: float
    target_kind: int
    order: int
    level: float
    lifetime_bars: int


class Nothing(NamedTuple):
    """What a strategy reads that declares no indicator."""

    nothing: float


def no_entry(reason: int) -> Entry:
    """Return that nothing is entered, and why."""
    return Entry(reason, math.nan, math.nan, USD, MARKET, math.nan, 0)


def enter(is_long: bool, stop: float, target: float, target_kind: int) -> Entry:
    """Return an entry at the next bar's open."""
    reason = ENTER_LONG if is_long else ENTER_SHORT
    return Entry(reason, stop, target, target_kind, MARKET, math.nan, 0)


def enter_at(
    order: int,
    level: float,
    is_long: bool,
    stop: float,
    target: float,
    target_kind: int,
    lifetime_bars: int,
) -> Entry:
    """Return an entry that rests at a level, as a STOP or a LIMIT."""
    reason = ENTER_LONG if is_long else ENTER_SHORT
    return Entry(reason, stop, target, target_kind, order, level, lifetime_bars)
