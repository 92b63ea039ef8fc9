"""The Sharpe ratio of the best, held against what the best of as many tries has by luck."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from trading.backtest.ratios import FEWEST_SESSIONS_FOR_RATIOS, SESSIONS_A_YEAR
from trading.statistics.sharpe import (
    expected_best_sharpe,
    probability_above,
    sessions_to_show,
    sharpes_of,
    track_record_of,
)
from trading.statistics.tries import Tries

_YEAR = math.sqrt(SESSIONS_A_YEAR)


@dataclass(frozen=True, slots=True)
class Deflation:
    """Sharpe ratios a year; a figure is None where a note says why."""

    sharpe: float | None = None
    luck_sharpe: float | None = None
    probability: float | None = None
    sessions_needed: int | None = None
    notes: tuple[str, ...] = ()


def deflation_of(tries: Tries) -> Deflation:
    """Deflate the Sharpe ratio of the best by the tries that differ."""
    sessions = len(tries.returns)
    if tries.best is None:
        return _unknown("the best set never traded, or lost its whole account")
    if sessions < FEWEST_SESSIONS_FOR_RATIOS:
        return _unknown(f"{sessions} sessions are fewer than {FEWEST_SESSIONS_FOR_RATIOS}")
    best = tries.returns[:, tries.best]
    record = track_record_of(best)
    sharpe = record.sharpe * _YEAR
    active = int(np.count_nonzero(best))
    if active < FEWEST_SESSIONS_FOR_RATIOS:
        # One lucky trade among empty sessions has no error that a formula could know.
        why = f"the best earned or lost in {active} sessions, fewer than "
        return _unknown(f"{why}{FEWEST_SESSIONS_FOR_RATIOS}", sharpe)
    if record.variance_factor <= 0:
        return _unknown("the returns of the best are too uneven for its formula", sharpe)
    sharpes = sharpes_of(tries.returns)
    luck = 0.0
    if tries.distinct > 1:
        luck = expected_best_sharpe(tries.distinct, float(sharpes.var(ddof=1)))
    notes: list[str] = []
    if tries.distinct < 2:
        notes.append("no deflated Sharpe ratio: no two sets differ, so nothing was chosen")
    needed = sessions_to_show(record, luck)
    if needed is None:
        notes.append(
            "no minimum track record: the best is not above what luck gives, however long it is"
        )
    return Deflation(
        sharpe=sharpe,
        luck_sharpe=luck * _YEAR,
        probability=probability_above(record, luck) if tries.distinct > 1 else None,
        sessions_needed=needed,
        notes=tuple(notes),
    )


def _unknown(why: str, sharpe: float | None = None) -> Deflation:
    return Deflation(
        sharpe=sharpe, notes=(f"no deflated Sharpe ratio and no minimum track record: {why}",)
    )
