"""Sessions drawn anew in runs of neighbours: the stationary bootstrap.

Source: Politis and Romano, "The stationary bootstrap" (Journal of the American Statistical
Association 89, 1994).
"""

from __future__ import annotations

import math

import numpy as np

from trading.market.bars import Floats, Integers


def mean_run(sessions: int) -> int:
    """Return how many neighbours are drawn together in the mean: the cube root of the sessions.

    What depends on the sessions before, as volatility does, is kept so far; longer runs would
    leave too few of them.
    """
    return max(1, round(math.cbrt(sessions)))


def draw_sessions(
    sessions: int, resamples: int, generator: np.random.Generator, run: int
) -> Integers:
    """Return drawn session numbers, (resamples, sessions), in runs of geometric length.

    After the last session comes the first.
    """
    shape = (resamples, sessions)
    start = generator.integers(0, sessions, size=shape, dtype=np.int64)
    begins = generator.random(shape) < 1 / run
    begins[:, 0] = True
    place = np.arange(sessions)
    begun = np.maximum.accumulate(np.where(begins, place, 0), axis=1)
    drawn: Integers = (np.take_along_axis(start, begun, axis=1) + place - begun) % sessions
    return drawn


def counts_of(drawn: Integers) -> Floats:
    """Return how often each session was drawn, (resamples, sessions)."""
    resamples, sessions = drawn.shape
    flat = drawn + np.arange(resamples)[:, None] * sessions
    counts = np.bincount(flat.ravel(), minlength=resamples * sessions)
    return counts.reshape(drawn.shape).astype(np.float64)
