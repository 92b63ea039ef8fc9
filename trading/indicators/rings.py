"""The last values of a symbol in a ring: rows of a state, two of which say how full it is."""

from __future__ import annotations

from trading.market.bars import Floats

# From the row where a ring begins: how many values it has, where the next one goes, the values.
FILLED = 0
PLACE = 1
VALUES = 2


def push(state: Floats, ring: int, length: int, s: int, value: float) -> bool:
    """Take a value into a ring, in the place of the oldest when it is full; return whether it is.

    The oldest is in the next place then.
    """
    place = int(state[ring + PLACE, s])
    filled = min(state[ring + FILLED, s] + 1.0, length)
    state[ring + VALUES + place, s] = value
    state[ring + PLACE, s] = place + 1 if place + 1 < length else 0
    state[ring + FILLED, s] = filled
    return bool(filled == length)


def sum_of_full(state: Floats, ring: int, length: int, s: int) -> float:
    """Return the sum from the oldest to the newest value of a ring that is full."""
    return sum_from(state, ring + VALUES, length, int(state[ring + PLACE, s]), s)


def sum_from(state: Floats, first: int, length: int, place: int, s: int) -> float:
    """Return the sum of the values in so many rows, beginning with a place and going round."""
    total = 0.0
    for _ in range(length):
        total += state[first + place, s]
        place = place + 1 if place + 1 < length else 0
    return total
