"""What a user's strategy answers, looked at before the engine believes it.

Linking puts the user's functions in the places of those that begin with `own`, and those that
begin with `checked` between them and the engine. Built-in strategies are not asked twice. Each
keeps what was `said` in a variable of that name: `strategy_errors` shows it.
"""

from __future__ import annotations

import math
from typing import Any

from trading.entries import FRACTION, LIMIT, MARKET, STOP, USD, Bar, Entry, R
from trading.errors import BadInput
from trading.market.bars import Floats
from trading.prices import r4
from trading.reasons import ENTER_LONG, ENTER_SHORT, UNDECIDED

_HINT = "openbell docs strategies says what an entry may hold"
# Beyond it a price no longer fits the integers that round it.
LARGEST_PRICE = 1e9
_KIND_HINT = "Use what trading.entries names"


def own_signal(numbers: Any, memory: Floats, bar: Bar, read: Any) -> Entry:
    """Stand where linking puts the strategy's function."""
    raise TypeError("link the engine to a strategy first")


def own_screen(numbers: Any, memory: Floats, bar: Bar) -> tuple[int, float, float]:
    """Stand where linking puts the strategy's function."""
    raise TypeError("link the engine to a strategy first")


def own_leave(numbers: Any, memory: Floats, bar: Bar, read: Any) -> tuple[bool, bool]:
    """Stand where linking puts the strategy's function."""
    raise TypeError("link the engine to a strategy first")


def checked_signal(numbers: Any, memory: Floats, bar: Bar, read: Any) -> Entry:
    """Return what the strategy says of a bar; raises BadInput for an entry that cannot be."""
    said = own_signal(numbers, memory, bar, read)
    reason, stop, target, target_kind, order, level, lifetime_bars = said
    if not 0 <= reason <= ENTER_SHORT or reason % 1 != 0:
        raise BadInput("its reason is a number that is no reason", _HINT)
    if reason >= ENTER_LONG:
        if not (math.isnan(target) or 0 < target < math.inf):
            raise BadInput(
                "the target's distance is not positive: it counts from the entry, on either side",
                _HINT,
            )
        if order not in (MARKET, STOP, LIMIT) or target_kind not in (USD, FRACTION, R):
            raise BadInput("it names no kind of order or of target", _KIND_HINT)
        if lifetime_bars < 0:
            raise BadInput("its lifetime is below 0 bars", _HINT)
    # Every price of the engine is a multiple of 0.0001, a fill at a level too.
    return Entry(reason, whole(stop), target, target_kind, order, whole(level), lifetime_bars)


def whole(price: float) -> float:
    """Return a price by r4; what is no number, or too large for one, as it is."""
    return r4(price) if abs(price) < LARGEST_PRICE else price


def checked_screen(numbers: Any, memory: Floats, bar: Bar) -> tuple[int, float, float]:
    """Return what the strategy says of a bar at once, and leave to `signal` what cannot be."""
    said = own_screen(numbers, memory, bar)
    reason, stop, target = said
    is_entry = (reason == ENTER_LONG) | (reason == ENTER_SHORT)
    is_distance = math.isnan(target) | ((target > 0) & (target < math.inf))
    return UNDECIDED if is_entry & (not is_distance) else reason, stop, target


def checked_leave(numbers: Any, memory: Floats, bar: Bar, read: Any) -> tuple[bool, bool]:
    """Return whether a long, and whether a short, is to leave."""
    said = own_leave(numbers, memory, bar, read)
    long, short = said
    return bool(long), bool(short)
