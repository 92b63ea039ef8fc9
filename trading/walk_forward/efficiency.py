"""How much of what choices earned in-sample was left out-of-sample, and how often they changed.

Source: R. Pardo, The Evaluation and Optimization of Trading Strategies, 2nd ed., Wiley 2008,
chapter 11, who divides annualised profits. Here they are mean returns a session times 252 (both
times the same, so it cancels): compounding a window of few sessions to a year would blow it up.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from itertools import pairwise

import numpy as np

Returns = Sequence[float]


def efficiency(pairs: Sequence[tuple[Returns, Returns]]) -> float | None:
    """Return what windows earned out-of-sample over what their in-sample rates would have earned.

    Each pair is a window's returns a session, in-sample and out-of-sample. Of one window it is
    the ratio of the two means; of several each in-sample mean counts for as many sessions as were
    traded on it. None where the choices earned nothing in-sample, of which no share can be left.
    """
    expected = math.fsum(float(np.mean(chosen)) * len(traded) for chosen, traded in pairs)
    earned = math.fsum(math.fsum(traded) for _, traded in pairs)
    if not math.isfinite(earned) or not expected > 0:
        return None
    return earned / expected


def changes(chosen: Sequence[Hashable]) -> int:
    """Return how often a choice differs from the one before it."""
    return sum(before != after for before, after in pairwise(chosen))
