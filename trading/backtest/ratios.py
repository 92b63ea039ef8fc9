"""Figures of returns as empyrical defines them, a year having 252 sessions.

They are worked out here: empyrical brings scipy along, whose import takes longer than a backtest
of a day. Tests hold them to what empyrical says.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from trading.market.bars import Floats

SESSIONS_A_YEAR = 252
FEWEST_SESSIONS_FOR_RATIOS = 20


@dataclass(frozen=True, slots=True)
class Ratios:
    """Fractions a year, None where there is none; `max_drawdown` is negative."""

    annual_return: float | None
    annual_volatility: float | None
    sharpe: float | None
    sortino: float | None
    max_drawdown: float | None


def ratios_of(per_session: Floats, worth: Floats, start: float) -> Ratios:
    """Return the figures of returns per session, and the drawdown of what is worth per bar.

    The drawdown counts from the highest of the start, above 0, and of every bar so far.

    Sharpe and Sortino are None under 20 sessions.
    """
    enough = len(per_session) >= FEWEST_SESSIONS_FOR_RATIOS
    # An account below zero has no growth rate: that is NaN, of which numpy would warn.
    with np.errstate(all="ignore"):
        return Ratios(
            _defined(_annual_return(per_session)),
            _defined(_deviation(per_session) * math.sqrt(SESSIONS_A_YEAR)),
            _defined(_sharpe(per_session)) if enough else None,
            _defined(_sortino(per_session)) if enough else None,
            _defined(_max_drawdown(worth, start)),
        )


def worth_of(returns: Floats) -> Floats:
    """Return what 1 is worth after each return."""
    # An account without a cent has no return from there, which is NaN.
    worth: Floats = np.cumprod(np.where(np.isnan(returns), 0, returns) + 1)
    return worth


def _annual_return(returns: Floats) -> float:
    if not len(returns):
        return math.nan
    return float(np.prod(returns + 1) ** (SESSIONS_A_YEAR / len(returns)) - 1)


def _deviation(returns: Floats) -> float:
    if len(returns) < 2:
        return math.nan
    # Of returns that are all the same a sum of squares need not be exactly nothing.
    return float(returns.std(ddof=1)) if np.ptp(returns) != 0 else 0.0


def _sharpe(returns: Floats) -> float:
    return float(np.divide(returns.mean(), _deviation(returns)) * math.sqrt(SESSIONS_A_YEAR))


def _sortino(returns: Floats) -> float:
    downside = math.sqrt(float(np.square(np.minimum(returns, 0)).mean()))
    return float(np.divide(returns.mean(), downside) * math.sqrt(SESSIONS_A_YEAR))


def _max_drawdown(worth: Floats, start: float) -> float:
    if not len(worth):
        return math.nan
    # In place: over a million bars new memory for each step takes longer than the steps.
    highest = np.maximum(worth, start)
    np.maximum.accumulate(highest, out=highest)
    fallen = worth - highest
    fallen /= highest
    return float(fallen.min())


def _defined(value: float) -> float | None:
    return None if math.isnan(value) else value
