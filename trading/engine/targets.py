"""Where the target of a position is (rules, sections 3 and 12)."""

from __future__ import annotations

import math

from trading.entries import FRACTION, R
from trading.prices import round_down, round_up


def target_level(
    entry_price: float,
    initial_stop: float,
    offset: float,
    kind: int,
    is_long: bool,
    units: int,
) -> float:
    """Return the target that lies `offset` from the entry's fill, NaN where there is none.

    `kind` is what the offset counts: USD, FRACTION or R of `trading.entries`. It is rounded to
    the tick, `units` x 0.0001 USD, towards the position.
    """
    if math.isnan(offset):
        return math.nan
    if kind == FRACTION:
        exact = entry_price * (1 + offset) if is_long else entry_price * (1 - offset)
    else:
        distance = offset * abs(entry_price - initial_stop) if kind == R else offset
        exact = entry_price + distance if is_long else entry_price - distance
    return round_down(exact, units) if is_long else round_up(exact, units)
