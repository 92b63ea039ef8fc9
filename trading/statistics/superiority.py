"""Whether the best of many sets is better than doing nothing, knowing that it was chosen.

Sources: White, "A reality check for data snooping" (Econometrica 68, 2000); Hansen, "A test for
superior predictive ability" (Journal of Business and Economic Statistics 23, 2005).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from trading.market.bars import Floats
from trading.statistics.resampling import variances_of_mean

# Sets whose resamples are in memory at a time.
_CHUNK_CELLS = 2_000_000


class Superiority(NamedTuple):
    """Of how many sweeps without any skill the best is as good as this one's; fractions.

    `reality_check_p` weighs mean returns, so that wild sets drown quiet ones, and counts on every
    bad set; `spa_p` weighs each mean by its error and leaves sets out that are clearly bad.
    """

    spa_p: float
    reality_check_p: float


def superiority_of(returns: Floats, counts: Floats, run: int) -> Superiority:
    """Test returns, (sessions, sets), against doing nothing.

    `counts` are those of resamples drawn in runs of `run` sessions. Hansen's p is the consistent
    one. Both count the sweep itself among the resamples, so that neither is ever nothing.
    """
    sessions, sets = returns.shape
    root = math.sqrt(sessions)
    step = max(1, _CHUNK_CELLS // max(len(counts), sessions))
    chunks = [slice(begin, begin + step) for begin in range(0, sets, step)]
    mean = returns.mean(axis=0) * root
    error = np.sqrt(np.concatenate([variances_of_mean(returns[:, c], run) for c in chunks]))
    worth = np.divide(mean, error, out=np.full(sets, -math.inf), where=error > 0)
    best, most = mean.max(), worth.max()
    bound = math.sqrt(2 * math.log(math.log(sessions)))
    # Hansen leaves clearly bad sets where they are. Where no set earns, that would find a best
    # that loses as little as its own resamples do: there all count as if they earned nothing.
    centre = np.where((worth >= -bound) | (most <= 0), mean, 0)
    drawn_best, drawn_most = (np.full(len(counts), -math.inf) for _ in range(2))
    for c in chunks:
        drawn = (counts @ returns[:, c]) * (root / sessions)
        np.maximum(drawn_best, (drawn - mean[c]).max(axis=1), out=drawn_best)
        # A set without any error cannot be weighed by it.
        drawn = np.divide(
            drawn - centre[c], error[c], out=np.full(drawn.shape, -math.inf), where=error[c] > 0
        )
        np.maximum(drawn_most, drawn.max(axis=1), out=drawn_most)
    return Superiority(_share(drawn_most >= most), _share(drawn_best >= best))


def _share(as_good: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> float:
    return (1 + int(np.count_nonzero(as_good))) / (1 + len(as_good))
