"""What the same trades could have come to in another order: a Monte Carlo of their order.

Every shuffle ends at the same profit. What differs is the way there: how deep it fell, and how
many losses came one after the other.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trading.market.bars import Floats

DEFAULT_SEED = 1
FEWEST_TRADES = 20
SHUFFLES, FEWEST_SHUFFLES = 1000, 100
# More trades get fewer shuffles: the bands hardly move, and 100,000 trades take under a second.
MOST_DRAWS = 2_000_000
POINTS = 60
BANDS = (5, 25, 50, 75, 95)


@dataclass(frozen=True, slots=True)
class TradeOrder:
    """Shuffles of the trades' order; money in USD, drawdowns negative fractions of the highest.

    `after` are numbers of trades, and `bands` (BANDS, those) the profit below which so many
    hundredths of the shuffles were by then; `actual` is the profit as it came. `max_drawdown` and
    `losing_streak` are those of the shuffles at BANDS, deepest or longest last. `deeper_share` is
    the share of shuffles that fell deeper than the trades in their own order, `own_drawdown`.
    Drawdowns are by trade, not by bar, and count from the capital.
    """

    shuffles: int
    seed: int
    after: tuple[int, ...]
    bands: tuple[tuple[float, ...], ...]
    actual: tuple[float, ...]
    max_drawdown: tuple[float, ...]
    own_drawdown: float
    deeper_share: float
    losing_streak: tuple[int, ...]


def trade_order_of(pnl: Floats, capital: float, seed: int = DEFAULT_SEED) -> TradeOrder | None:
    """Return what shuffles of trades came to, USD each in their order; None under 20 trades.

    None, too, where a profit is no number.
    """
    count = len(pnl)
    if count < FEWEST_TRADES or not np.isfinite(pnl).all():
        return None
    shuffles = min(SHUFFLES, max(FEWEST_SHUFFLES, MOST_DRAWS // count))
    generator = np.random.default_rng(seed)
    points = np.unique(np.linspace(1, count, min(count, POINTS)).round().astype(np.int64))
    at_points = np.empty((shuffles, len(points)))
    drawdown = np.empty(shuffles)
    streak = np.empty(shuffles, dtype=np.int64)
    for number in range(shuffles):
        drawn = generator.permutation(pnl)
        profit = np.cumsum(drawn)
        at_points[number] = profit[points - 1]
        drawdown[number] = _deepest(profit, capital)
        streak[number] = _longest_loss(drawn)
    own = np.cumsum(pnl)
    own_drawdown = _deepest(own, capital)
    return TradeOrder(
        shuffles=shuffles,
        seed=seed,
        after=tuple(points.tolist()),
        bands=tuple(tuple(row) for row in np.percentile(at_points, BANDS, axis=0).tolist()),
        actual=tuple(own[points - 1].tolist()),
        max_drawdown=tuple(np.percentile(drawdown, BANDS).tolist()[::-1]),
        own_drawdown=own_drawdown,
        deeper_share=float((drawdown < own_drawdown).mean()),
        losing_streak=tuple(
            np.percentile(streak, BANDS, method="inverted_cdf").astype(int).tolist()
        ),
    )


def _deepest(profit: Floats, capital: float) -> float:
    highest = np.maximum.accumulate(np.maximum(profit, 0.0))
    return float(((profit - highest) / (capital + highest)).min(initial=0.0))


def _longest_loss(pnl: Floats) -> int:
    """Return how many losses came one after the other at most."""
    ends = np.flatnonzero(np.concatenate(([True], pnl >= 0, [True])))
    return int(np.diff(ends).max()) - 1
