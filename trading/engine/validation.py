"""The score of an entry by trends of coarser bars and by volume (rules, section 13)."""

from __future__ import annotations

import math

from trading.engine.reading import StudyRows
from trading.market.bars import Floats

TREND_WEIGHT = 0.4
VOLUME_WEIGHT = 0.3
# Of the mean volume: what is enough for the whole score.
HIGH_VOLUME = 1.5


def validation_score(rows: StudyRows, state: Floats, s: int, is_long: bool, volume: float) -> float:
    """Return the score of an entry at this close, 0 to 100."""
    trend = trend_points(state[rows.close_15, s], state[rows.ema_15, s], is_long)
    trend += trend_points(state[rows.close_60, s], state[rows.ema_60, s], is_long)
    return (TREND_WEIGHT * trend + VOLUME_WEIGHT * volume_points(rows, state, s, volume)) / (
        TREND_WEIGHT + VOLUME_WEIGHT
    )


def trend_points(close: float, mean: float, is_long: bool) -> float:
    """Return 50 where the last coarser close is on the entry's side of its mean, NaN is not."""
    return 50.0 if (close > mean if is_long else close < mean) else 0.0


def volume_points(rows: StudyRows, state: Floats, s: int, volume: float) -> float:
    """Return up to 100 for a bar's volume, full marks only where volumes have been rising."""
    mean: float = state[rows.mean_volume, s]
    if math.isnan(mean) or mean == 0:
        return 0.0
    ratio: float = volume / mean
    before = state[rows.volume_1, s]
    is_rising = volume >= before and before >= state[rows.volume_2, s]
    if ratio >= HIGH_VOLUME:
        return min(100.0, ratio / HIGH_VOLUME * (100.0 if is_rising else 50.0))
    return ratio / HIGH_VOLUME * 50.0
