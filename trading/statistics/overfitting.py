"""How often the best of one half of the sessions is no better than the middle in the other half.

Source: Bailey, Borwein, Lopez de Prado and Zhu, "The probability of backtest overfitting"
(Journal of Computational Finance 20, 2017; combinatorially symmetric cross-validation).
"""

from __future__ import annotations

from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from trading.market.bars import Floats

MOST_BLOCKS = 16
FEWEST_SESSIONS_A_BLOCK = 4
# 252 splits. With fewer blocks the share would be of a handful.
FEWEST_BLOCKS = 10
FEWEST_SESSIONS = FEWEST_BLOCKS * FEWEST_SESSIONS_A_BLOCK
Worths = NDArray[np.float32]
# Splits times sets that are in memory at a time: a table of so many takes 8 MB.
_CHUNK_CELLS = 1_000_000


def overfitting_probability(returns: Floats, blocks: int) -> float:
    """Return the share of splits whose best set is not above the middle on the other half.

    `returns` are (sessions, sets), of at least two sets. The sessions are cut into an even number
    of blocks, each half of which chooses a set by its Sharpe ratio, and the other half ranks it.
    Equal sets share their ranks.
    """
    halves = _halves(blocks)
    parts = np.array_split(returns, blocks)
    sums = np.array([part.sum(axis=0) for part in parts])
    squares = np.array([np.einsum("ij,ij->j", part, part) for part in parts])
    step = max(1, _CHUNK_CELLS // returns.shape[1])
    overfit = 0
    for begin in range(0, len(halves), step):
        half = halves[begin : begin + step]
        one, other = (_worth(part @ sums, part @ squares) for part in (half, 1 - half))
        overfit += _not_above_middle(one, other) + _not_above_middle(other, one)
    return overfit / (2 * len(halves))


def blocks_for(sessions: int) -> int:
    """Return into how many blocks sessions are cut: 16, an even number less where they are few."""
    return min(MOST_BLOCKS, sessions // FEWEST_SESSIONS_A_BLOCK // 2 * 2)


def _halves(blocks: int) -> Floats:
    """Return the halves with the first block, a row each; the others are what these leave."""
    chosen = np.array(list(combinations(range(1, blocks), blocks // 2 - 1)), dtype=np.int64)
    halves = np.zeros((len(chosen), blocks))
    halves[:, 0] = 1
    np.put_along_axis(halves, chosen, 1, axis=1)
    return halves


def _worth(sums: Floats, squares: Floats) -> Worths:
    """Return what orders sets as their Sharpe ratios do: the mean over the root mean square.

    r = mean / rms gives the Sharpe ratio r / sqrt(1 - r^2), which rises with r; so no variance is
    a difference of rounded sums. A set that did not trade in these sessions is worth nothing.
    Seven digits are kept: sets that traded once are equal, and no rounding is to say otherwise.
    """
    roots = np.sqrt(squares, out=squares)
    worths: Worths = np.divide(sums, roots, out=np.zeros_like(sums), where=roots > 0).astype(
        np.float32
    )
    return worths


def _not_above_middle(chosen_by: Worths, ranked_by: Worths) -> int:
    rows = np.arange(len(chosen_by))
    values = ranked_by[rows, chosen_by.argmax(axis=1)][:, None]
    below = np.count_nonzero(ranked_by < values, axis=1)
    above = np.count_nonzero(ranked_by > values, axis=1)
    # The rank, counted from the lowest and shared by equals, is at or below the middle one.
    return int(np.count_nonzero(below <= above))
