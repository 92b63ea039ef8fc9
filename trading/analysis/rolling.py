"""Sharpe ratio and volatility over the sessions just behind, as they change over a run."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date

import numpy as np

from trading.backtest.ratios import SESSIONS_A_YEAR
from trading.market.bars import Floats
from trading.market.calendar import Session

A_QUARTER, A_MONTH = 63, 21


@dataclass(frozen=True, slots=True)
class Rolling:
    """A value a session from the `window`-th on; `dates` are those of the windows' last sessions.

    `volatility` is a fraction a year, `sharpe` a year, NaN where the window's returns are equal.
    """

    window: int
    dates: tuple[date, ...]
    volatility: Floats
    sharpe: Floats


def rolling_of(returns: Floats, sessions: tuple[Session, ...]) -> Rolling | None:
    """Return what windows of 63 sessions came to, of 21 where there are fewer than 126.

    None where there are fewer than 42 sessions, or a return is no number.
    """
    window = A_QUARTER if len(returns) >= 2 * A_QUARTER else A_MONTH
    if len(returns) < 2 * window or not np.isfinite(returns).all():
        return None
    parts = np.lib.stride_tricks.sliding_window_view(returns, window)
    # Of returns that are all the same a sum of squares need not be exactly nothing.
    deviation = np.where(np.ptp(parts, axis=1) > 0, parts.std(axis=1, ddof=1), 0.0)
    with np.errstate(all="ignore"):
        sharpe = np.where(deviation > 0, parts.mean(axis=1) / deviation, np.nan)
    yearly = math.sqrt(SESSIONS_A_YEAR)
    dates = tuple(each.date for each in sessions[window - 1 :])
    return Rolling(window, dates, deviation * yearly, sharpe * yearly)
