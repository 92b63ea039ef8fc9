"""Rounding of prices: every price in the engine is a multiple of 0.0001 (rules, section 1)."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

UNITS_PER_DOLLAR = 10000
LOWEST_FILL_PRICE = 0.0001


def price_units(price: float) -> int:
    """Return a price in USD as a whole number of 0.0001, rounded half up."""
    return math.floor(price * 10000 + 0.5)


def whole_units(price: float) -> float:
    """Return what `price_units` returns, as a float.

    For comparisons in loops over symbols: processors turn several floats into whole numbers at
    a time only if they stay floats.
    """
    units: float = np.floor(price * 10000 + 0.5)
    return units


def r4(price: float) -> float:
    """Return the price in USD rounded half up to 0.0001."""
    return price_units(price) / 10000


def r4_array(prices: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return prices in USD rounded half up to 0.0001; NaN and infinities stay as they are."""
    rounded = prices * 10000
    # In place: new memory for each step would take longer than the step.
    rounded += 0.5
    np.floor(rounded, out=rounded)
    rounded /= 10000
    return rounded


def tick_units(tick: float) -> int:
    """Return a tick in USD as a whole number of 0.0001."""
    return price_units(tick)


def round_down(price: float, units: int) -> float:
    """Return the highest multiple of `units` x 0.0001 USD that is not above the price."""
    return price_units(price) // units * units / 10000


def round_up(price: float, units: int) -> float:
    """Return the lowest multiple of `units` x 0.0001 USD that is not below the price."""
    return -(-price_units(price) // units) * units / 10000
