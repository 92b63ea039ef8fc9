"""How sure a mean is: its interval by resampling."""

from __future__ import annotations

import numpy as np

from trading.market.bars import Floats

DEFAULT_SEED = 1
RESAMPLES = 2000
FEWEST_RESAMPLES = 200
# Beyond 5,000 values resamples give way to time: the mean of so many hardly moves.
MOST_DRAWS = 10_000_000
_CHUNK_DRAWS = 1_000_000


def bootstrap_interval(
    values: Floats, *, seed: int, confidence: float = 0.95
) -> tuple[float, float] | None:
    """Return the percentile bootstrap interval of the mean, None for fewer than two values."""
    count = len(values)
    if count < 2:
        return None
    generator = np.random.default_rng(seed)
    resamples = min(RESAMPLES, max(FEWEST_RESAMPLES, MOST_DRAWS // count))
    means = np.empty(resamples)
    step = max(1, _CHUNK_DRAWS // count)
    for begin in range(0, resamples, step):
        size = (min(step, resamples - begin), count)
        drawn = values.take(generator.integers(0, count, size=size, dtype=np.int32))
        means[begin : begin + step] = drawn.mean(axis=1)
    tail = (1 - confidence) / 2
    low, high = np.quantile(means, (tail, 1 - tail))
    return float(low), float(high)
