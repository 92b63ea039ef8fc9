"""Figures that weigh what was earned against what it took to bear it.

Where empyrical defines one, ours equals it: value at risk and its tail are those of its
`value_at_risk` and `conditional_value_at_risk`. SQN is V. Tharp's, Definitive Guide to Position
Sizing (2008).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from trading.analysis.drawdowns import Drawdowns
from trading.backtest.performance import Summary
from trading.backtest.ratios import FEWEST_SESSIONS_FOR_RATIOS
from trading.market.bars import Floats
from trading.statistics.sharpe import probability_above, track_record_of

FEWEST_TRADES_FOR_SQN = 30
MOST_TRADES_IN_SQN = 100
# Under so many days the worst hundredth is not even one.
FEWEST_SESSIONS_FOR_99 = 100


@dataclass(frozen=True, slots=True)
class ValueAtRisk:
    """The return of a day below which one day in twenty (or a hundred) lay; fractions.

    `tail` is the mean of those days and of the one at the border.
    """

    level: float
    value: float
    tail: float


@dataclass(frozen=True, slots=True)
class RiskFigures:
    """Figures of a run, None where there are too few sessions or trades, or nothing to divide by.

    `calmar` is the annual return over the maximum drawdown by bar; `recovery_factor` the profit
    over the largest fall in USD; `sqn` the mean R over its deviation, times the root of the
    number of trades, at most 100. `probabilistic_sharpe` is the probability that the true Sharpe
    ratio is above 0, of one run that was not chosen among others.
    """

    probabilistic_sharpe: float | None
    calmar: float | None
    recovery_factor: float | None
    sqn: float | None
    value_at_risk: tuple[ValueAtRisk, ...]


def risk_figures(
    summary: Summary, returns: Floats, r_multiples: Floats, drawdowns: Drawdowns
) -> RiskFigures:
    """Return the figures of a run; `r_multiples` may hold NaN for trades without an R."""
    fall = summary.max_drawdown or 0.0
    calmar = None
    if (
        summary.annual_return is not None
        and fall < 0
        and len(returns) >= FEWEST_SESSIONS_FOR_RATIOS
    ):
        calmar = summary.annual_return / -fall
    loss = drawdowns.largest_loss
    return RiskFigures(
        probabilistic_sharpe(returns),
        calmar,
        summary.total_pnl / loss if loss > 0 else None,
        sqn_of(r_multiples[np.isfinite(r_multiples)]),
        tuple(
            value_at_risk(returns, level)
            for level, fewest in (
                (0.95, FEWEST_SESSIONS_FOR_RATIOS),
                (0.99, FEWEST_SESSIONS_FOR_99),
            )
            if len(returns) >= fewest and np.isfinite(returns).all()
        ),
    )


def probabilistic_sharpe(returns: Floats) -> float | None:
    """Return the probability that the true Sharpe ratio is above 0.

    None under 20 sessions, where all returns are equal, or where one is none.
    """
    few = len(returns) < FEWEST_SESSIONS_FOR_RATIOS
    if few or not np.isfinite(returns).all() or np.ptp(returns) == 0:
        return None
    return probability_above(track_record_of(returns), 0.0)


def sqn_of(r_multiples: Floats) -> float | None:
    """Return the system quality number, None under 30 trades or where all are equal."""
    count = len(r_multiples)
    if count < FEWEST_TRADES_FOR_SQN or np.ptp(r_multiples) == 0:
        return None
    root = math.sqrt(min(count, MOST_TRADES_IN_SQN))
    return float(r_multiples.mean() / r_multiples.std(ddof=1) * root)


def value_at_risk(returns: Floats, level: float) -> ValueAtRisk:
    """Return the historical value at risk of at least one return, at a level such as 0.95."""
    # 1 - 0.95 is a little more than 0.05.
    cutoff = round(1 - level, 6)
    worst = int((len(returns) - 1) * cutoff)
    tail = np.partition(returns, worst)[: worst + 1]
    return ValueAtRisk(level, float(np.percentile(returns, 100 * cutoff)), float(tail.mean()))
