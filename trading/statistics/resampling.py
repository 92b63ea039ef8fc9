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


def variances_of_mean(returns: Floats, run: int) -> Floats:
    """Return, times the sessions, the variance of the drawn mean of each column.

    It is known without a draw: the spectrum of the column, weighted by that of the runs. Equal
    to the sum over lags in Hansen (2005) and in Politis and Romano.
    """
    sessions = len(returns)
    lag = np.arange(sessions)
    stays = 1 - 1 / run
    share = lag / sessions
    kernel = (1 - share) * stays**lag + share * stays ** (sessions - lag)
    kernel[0] = 1
    weights = np.fft.fft(kernel).real
    spectrum = np.square(np.abs(np.fft.fft(returns - returns.mean(axis=0), axis=0)))
    variances: Floats = (weights @ spectrum) / sessions**2
    return np.maximum(variances, 0)
