"""What the engine reads for a strategy: indicators and the day's universe, and where they stand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

import numpy as np

from trading.indicators import (
    Indicator,
    atr,
    close,
    daily_atr,
    daily_volume,
    ema,
    mean_volume,
    relative_opening_volume,
    volume_before,
)
from trading.indicators.studies import Studies, make_studies, row_of
from trading.market.bars import Integers
from trading.rules import Rules

# Of trailing stops, of what a decision's row shows, and of a strategy of the first version.
ATR_BARS = 14
# Of validation: bars of the coarser streams' mean, and of the mean volume.
TREND_BARS = 20
TREND_MINUTES = (15, 60)
# Of validation, and of a strategy of the first version.
VOLUME_BARS = 20


class StudyRows(NamedTuple):
    """Rows of the state in which values stand that the engine reads, -1 for those not computed.

    `read` has those of the strategy's record in its order, one of -1 where it has none.
    """

    read: Integers
    atr: int
    daily_atr: int
    daily_volume: int
    relative_opening_volume: int
    close_15: int
    ema_15: int
    close_60: int
    ema_60: int
    mean_volume: int
    volume_1: int
    volume_2: int


class Reading(NamedTuple):
    """What is computed at each close, and where."""

    studies: Studies
    rows: StudyRows


def own_indicators(rules: Rules, interval_minutes: int) -> dict[str, Indicator | Literal[False]]:
    """Return what the rules read besides a strategy, by the rows of `StudyRows`."""
    opening_bars = rules.selection.opening_bars
    return {
        "atr": rules.needs_atr and atr(ATR_BARS),
        "daily_atr": opening_bars > 0 and daily_atr(),
        "daily_volume": opening_bars > 0 and daily_volume(),
        "relative_opening_volume": opening_bars > 0
        and relative_opening_volume(opening_bars * interval_minutes),
        "close_15": rules.validation and close(minutes=TREND_MINUTES[0]),
        "ema_15": rules.validation and ema(TREND_BARS, minutes=TREND_MINUTES[0]),
        "close_60": rules.validation and close(minutes=TREND_MINUTES[1]),
        "ema_60": rules.validation and ema(TREND_BARS, minutes=TREND_MINUTES[1]),
        "mean_volume": rules.validation and mean_volume(VOLUME_BARS),
        "volume_1": rules.validation and volume_before(1),
        "volume_2": rules.validation and volume_before(2),
    }


def make_reading(
    rules: Rules, declared: Mapping[str, Indicator | None], interval_minutes: int
) -> Reading:
    """Return what the rules and a strategy's declared indicators need.

    Raises BadInput for an indicator that bars of the interval cannot make up.
    """
    own = own_indicators(rules, interval_minutes)
    wanted = [indicator for indicator in own.values() if indicator]
    asked = [indicator for indicator in declared.values() if indicator is not None]
    studies = make_studies([*asked, *wanted], interval_minutes)
    read = [-1 if each is None else row_of(studies, each) for each in declared.values()]
    rows = {
        name: row_of(studies, indicator) if indicator else -1 for name, indicator in own.items()
    }
    return Reading(studies, StudyRows(np.array(read or [-1], dtype=np.int64), **rows))
