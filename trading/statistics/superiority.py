"""Whether the best of many sets is better than doing nothing, knowing that it was chosen.

Sources: White, "A reality check for data snooping" (Econometrica 68, 2000); Hansen, "A test for
superior predictive ability" (Journal of Business and Economic Statistics 23, 2005).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from trading.market.bars import Floats

# Of the mean square: below it a variance is what floats lose.
_LEAST_VARIANCE = 1e-12
# Resamples, or sessions, times sets that are in memory at a time.
_CHUNK_CELLS = 1_000_000


class Superiority(NamedTuple):
    """Of how many sweeps without any skill the best is as good as this one's; fractions.

    `reality_check_p` weighs mean returns, so that wild sets drown quiet ones, and counts on every
    bad set; `spa_p` weighs each mean by its error and leaves sets out that are clearly bad.
    """

    spa_p: float
    reality_check_p: float


def superiority_of(returns: Floats, counts: Floats) -> Superiority:
    """Test returns, (sessions, sets), against doing nothing.

    `counts` say how often each resample drew each session. Hansen's p is the consistent one, and
    each resample's mean is weighed by the resample's own error: by the error of all sessions, of
    many sets one would have a small error by luck, and p would be too small. Both count the sweep
    itself among the resamples, so that neither is ever nothing. No set may be constant.
    """
    sessions, sets = returns.shape
    mean = returns.mean(axis=0)
    worth = mean / returns.std(axis=0)
    best, most = mean.max(), worth.max()
    bound = math.sqrt(2 * math.log(math.log(sessions)) / sessions)
    # Hansen leaves clearly bad sets where they are. Where no set earns, that would find a best
    # that loses as little as its own resamples do: there all count as if they earned nothing.
    centre = np.where((worth >= -bound) | (most <= 0), mean, 0)
    drawn_best, drawn_most = (np.full(len(counts), -math.inf) for _ in range(2))
    step = max(1, _CHUNK_CELLS // max(len(counts), sessions))
    for begin in range(0, sets, step):
        chunk = slice(begin, begin + step)
        part = returns[:, chunk]
        drawn = counts @ part / sessions
        variance = counts @ np.square(part) / sessions - np.square(drawn)
        np.maximum(drawn_best, (drawn - mean[chunk]).max(axis=1), out=drawn_best)
        drawn -= centre[chunk]
        # Of a set that made the same in all that was drawn nothing is known but the mean.
        known = variance > _LEAST_VARIANCE * np.square(part).mean(axis=0)
        error = np.sqrt(variance, out=variance, where=known)
        drawn = np.divide(drawn, error, out=np.zeros_like(drawn), where=known)
        np.maximum(drawn_most, drawn.max(axis=1), out=drawn_most)
    return Superiority(_share(drawn_most >= most), _share(drawn_best >= best))


def _share(as_good: NDArray[np.bool_]) -> float:
    return (1 + int(np.count_nonzero(as_good))) / (1 + len(as_good))
