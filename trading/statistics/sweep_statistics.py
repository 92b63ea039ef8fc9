"""How much of a sweep's best is luck, in figures."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SweepStatistics:
    """The figures beside a best; each is None where a note says why.

    `trials` are the sets that were tried and `distinct_trials` those that differ in their returns
    and traded, by which the Sharpe ratio is deflated. `effective_trials` are the uncorrelated sets
    to which these come, for the reader. `earning_trials` end with more than they began with.
    `sharpe` is that of the best, a year, and `luck_sharpe` what the best of as many sets without
    any skill is expected to have. `min_track_record_sessions` are sessions until the best's Sharpe
    ratio is shown to be above `luck_sharpe`. docs/statistics.md says what each means.
    """

    sessions: int
    trials: int
    distinct_trials: int
    earning_trials: int
    effective_trials: float | None
    sharpe: float | None
    luck_sharpe: float | None
    deflated_sharpe: float | None
    min_track_record_sessions: int | None
    pbo: float | None
    spa_p: float | None
    reality_check_p: float | None
    notes: tuple[str, ...]
