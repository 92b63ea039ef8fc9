"""The state of all indicators of all symbols, forgotten and restored symbol by symbol."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from trading.indicators.studies import FROM_DAY, TODAY, Studies, initial_column
from trading.market.bars import Floats


class Past(NamedTuple):
    """What is known of the past; arrays of (rows, symbols), their rows as `Studies` says.

    `saved` is what was known before a session's first new level or gap, where `is_saved`
    (symbols). `initial` (rows) is what is known of a symbol that has seen no bar.
    """

    state: Floats
    saved: Floats
    is_saved: NDArray[np.bool_]
    initial: Floats


def new_past(studies: Studies, symbols: int) -> Past:
    """Return a past that has seen no bar, with nothing saved."""
    initial = initial_column(studies)
    state = np.repeat(initial[:, np.newaxis], symbols, axis=1)
    return Past(state, state.copy(), np.zeros(symbols, dtype=np.bool_), initial)


def copied_past(past: Past) -> Past:
    """Return the same that goes on by itself."""
    return Past(past.state.copy(), past.saved.copy(), past.is_saved.copy(), past.initial)


def forget_past(past: Past, s: int, is_new_level: bool) -> None:
    """Let a symbol begin anew; what the session's first such bar finds is saved (section 9).

    Of a file of daily bars those of the session are forgotten too with a new level.
    """
    rows = len(past.initial)
    if rows == 0:
        return
    today = past.state[TODAY, s]
    if not past.is_saved[s]:
        for row in range(rows):
            past.saved[row, s] = past.state[row, s]
        past.is_saved[s] = True
    for row in range(rows):
        past.state[row, s] = past.initial[row]
    past.state[TODAY, s] = today
    past.state[FROM_DAY, s] = today + 1.0 if is_new_level else today


def settle_past(past: Past, restores: NDArray[np.bool_]) -> None:
    """Bring back at a session's end what was saved, where it counts again (section 9)."""
    rows = len(past.initial)
    for s in range(len(restores)):
        if past.is_saved[s] and restores[s]:
            for row in range(rows):
                past.state[row, s] = past.saved[row, s]
        past.is_saved[s] = False
