"""The day's universe: what a session's opening was, and what was judged of each symbol by it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from trading.market.bars import Floats, Integers

# Rows of Universe.opening.
OPEN = 0
HIGH = 1
LOW = 2
BARS = 3
_OPENING_ROWS = 4
# What files and the ledger say of a symbol that is neither of the verdicts.
ELIGIBLE = "eligible"


class Universe(NamedTuple):
    """What selection remembers; the first four arrays are of the session in progress.

    The others are (sessions, symbols): what each was judged by, NaN where there was no value, and
    its rank among those that could be chosen, 0 for none. All are empty where nothing is selected.
    """

    opening: Floats  # (4, symbols): first open, high, low and bars of the opening
    verdict: NDArray[np.uint8]  # NOT_ELIGIBLE, NOT_SELECTED or 0
    strength: Floats  # of those that are ranked
    order: Integers  # their numbers, the first first
    reason: NDArray[np.uint8]
    rank: Integers
    price: Floats
    daily_atr: Floats
    daily_volume: Floats
    relative_opening_volume: Floats


def new_universe(sessions: int, symbols: int, *, is_selected: bool) -> Universe:
    """Return room for so many sessions of so many symbols, of which nothing is judged yet."""
    if not is_selected:
        sessions = symbols = 0

    def nothing() -> Floats:
        return np.full((sessions, symbols), np.nan)

    return Universe(
        np.zeros((_OPENING_ROWS, symbols)),
        np.zeros(symbols, dtype=np.uint8),
        np.zeros(symbols),
        np.zeros(symbols, dtype=np.int64),
        np.zeros((sessions, symbols), dtype=np.uint8),
        np.zeros((sessions, symbols), dtype=np.int64),
        nothing(),
        nothing(),
        nothing(),
        nothing(),
    )
