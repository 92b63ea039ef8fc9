"""What a sweep takes for the best: the figure by which sets are ordered."""

from __future__ import annotations

import math
from enum import StrEnum

from trading.backtest.performance import Summary


class Objective(StrEnum):
    """A figure of the summary; of all of them more is better."""

    SHARPE = "sharpe"
    SORTINO = "sortino"
    TOTAL_RETURN = "total_return"
    TOTAL_PNL = "total_pnl"
    ANNUAL_RETURN = "annual_return"
    MAX_DRAWDOWN = "max_drawdown"
    PROFIT_FACTOR = "profit_factor"
    EXPECTANCY_R = "expectancy_r"
    WIN_RATE = "win_rate"


def worth_of(summary: Summary, objective: Objective) -> float:
    """Return the figure by which a set is ordered; one that is not there comes last."""
    value = getattr(summary, objective)
    return -math.inf if value is None or math.isnan(value) else float(value)
