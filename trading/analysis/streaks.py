"""Runs of trades or days that earned, or lost, one after the other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trading.market.bars import Floats


@dataclass(frozen=True, slots=True)
class Streak:
    """A run of results on one side of nothing: how many, their sum, and the number of the first."""

    length: int
    total: float
    first: int


@dataclass(frozen=True, slots=True)
class Streaks:
    """The longest run of gains and of losses, and the one at the end; None where there is none.

    Of several as long the one with the larger sum counts. A result of nothing ends any run.
    """

    gains: Streak | None
    losses: Streak | None
    at_the_end: Streak | None


def streaks_of(results: Floats) -> Streaks:
    """Return the streaks of results in the order in which they came, USD or any unit."""
    sign = np.sign(np.nan_to_num(results)).astype(np.int64)
    if not len(sign):
        return Streaks(None, None, None)
    begins = np.concatenate(([0], np.flatnonzero(np.diff(sign)) + 1))
    lengths = np.diff(np.append(begins, len(sign)))
    totals = np.add.reduceat(np.nan_to_num(results), begins)

    def longest(side: int) -> Streak | None:
        mine = np.flatnonzero(sign[begins] == side)
        if not len(mine):
            return None
        best = mine[np.lexsort((-np.abs(totals[mine]), -lengths[mine]))[0]]
        return Streak(int(lengths[best]), float(totals[best]), int(begins[best]))

    last = Streak(int(lengths[-1]), float(totals[-1]), int(begins[-1]))
    return Streaks(longest(1), longest(-1), last if sign[-1] else None)
