"""What a Sharpe ratio is worth, knowing how it was found.

All Sharpe ratios are per session here. Sources: Bailey and Lopez de Prado, "The Sharpe ratio
efficient frontier" (Journal of Risk 15, 2012), and "The deflated Sharpe ratio" (Journal of
Portfolio Management 40, 2014).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

from trading.market.bars import Floats

_EULER = 0.5772156649015329
CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class TrackRecord:
    """A series' Sharpe ratio and the moments its error depends on; kurtosis is not excess."""

    sharpe: float
    skewness: float
    kurtosis: float
    sessions: int

    @property
    def variance_factor(self) -> float:
        """Return the variance of the Sharpe ratio, times one session less than there are."""
        return 1 - self.skewness * self.sharpe + (self.kurtosis - 1) / 4 * self.sharpe * self.sharpe


def sharpes_of(returns: Floats) -> Floats:
    """Return the Sharpe ratio per session of each column; no column may be constant."""
    ratios: Floats = returns.mean(axis=0) / returns.std(axis=0, ddof=1)
    return ratios


def track_record_of(returns: Floats) -> TrackRecord:
    """Return the Sharpe ratio and the moments of one series of returns, which may not be constant.

    Skewness and kurtosis are those of the sample as it is, without a correction for its size.
    """
    standard = (returns - returns.mean()) / returns.std()
    return TrackRecord(
        sharpe=float(returns.mean() / returns.std(ddof=1)),
        skewness=float((standard**3).mean()),
        kurtosis=float((standard**4).mean()),
        sessions=len(returns),
    )


def expected_best_sharpe(trials: int, variance: float) -> float:
    """Return the best Sharpe ratio that is expected of so many sets whose true one is nothing.

    `variance` is that of the sets' Sharpe ratios. 2014, equation 1.
    """
    if trials < 2:
        return 0.0
    quantile = NormalDist().inv_cdf
    return math.sqrt(variance) * (
        (1 - _EULER) * quantile(1 - 1 / trials) + _EULER * quantile(1 - 1 / (trials * math.e))
    )


def probability_above(record: TrackRecord, sharpe: float) -> float | None:
    """Return the probability that the true Sharpe ratio is above a given one (2012, equation 7).

    None where the moments are too extreme for the formula.
    """
    if record.variance_factor <= 0:
        return None
    error = math.sqrt(record.variance_factor / (record.sessions - 1))
    return NormalDist().cdf((record.sharpe - sharpe) / error)


def sessions_to_show(record: TrackRecord, sharpe: float) -> int | None:
    """Return the sessions by which the true Sharpe ratio is above a given one with 95 %.

    The minimum track record length (2012, equation 11); None where no number is enough.
    """
    if record.sharpe <= sharpe or record.variance_factor <= 0:
        return None
    quantile = NormalDist().inv_cdf(CONFIDENCE)
    ratio = quantile / (record.sharpe - sharpe)
    return 1 + math.ceil(record.variance_factor * ratio * ratio)
