"""What has to be computed for some indicators, and where each value stands in the state."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from trading.errors import BadInput
from trading.indicators.indicator import DAYS, VALUES, Indicator, Kind, named_study
from trading.market.bars import Floats, Integers

# The first rows of a state that has any, of the days on which sessions are, since 1970: of the
# session in progress, and the first from which a daily bar of a user's file is not forgotten.
TODAY = 0
FROM_DAY = 1
_COMMON_ROWS = 2
# What a bar in progress of a coarser stream has, and the daily one.
BAR_ROWS = 4

# In the ring of a mean volume, where there is none yet.
NO_VOLUME = -1.0

KINDS = tuple(Kind)
SMA = KINDS.index(Kind.SMA)
EMA = KINDS.index(Kind.EMA)
RSI = KINDS.index(Kind.RSI)
ATR = KINDS.index(Kind.ATR)
MACD = KINDS.index(Kind.MACD)
BOLLINGER = KINDS.index(Kind.BOLLINGER)
VWAP = KINDS.index(Kind.VWAP)
MEAN_VOLUME = KINDS.index(Kind.MEAN_VOLUME)
VOLUME_BEFORE = KINDS.index(Kind.VOLUME_BEFORE)
CLOSE = KINDS.index(Kind.CLOSE)
DAILY = KINDS.index(Kind.DAILY)
OPENING = KINDS.index(Kind.OPENING)


# Columns of Studies.of: what is computed, where it begins in the state, and its lengths.
STUDY_KIND = 0
STUDY_ROW = 1
STUDY_LENGTH = 2
STUDY_SECOND = 3
STUDY_THIRD = 4
# Columns of Studies.streams: how many of the run's bars make one, where the one in progress
# stands, and the first study.
STREAM_BARS = 0
STREAM_ROW = 1
STREAM_BEGIN = 2


class Studies(NamedTuple):
    """What is computed, as loops read it.

    A stream is bars of one length; the first is of the run's own, and there is one more that has
    nothing. `rows` is how many rows the state has, 0 when nothing is computed.
    """

    interval_minutes: int
    rows: int
    of: Integers  # (studies, 5), sorted by stream
    streams: Integers  # (streams + 1, 3)
    deviations: Floats  # (studies), of Bollinger's bands


class _Study(NamedTuple):
    """A study, and the minutes of its stream; those of an opening are its first length."""

    minutes: int
    kind: Kind
    lengths: tuple[int, ...]
    deviations: float


def make_studies(indicators: Iterable[Indicator], interval_minutes: int) -> Studies:
    """Return what some indicators need, each once.

    Raises BadInput for what is no indicator, and for minutes that bars of the interval do not
    make up.
    """
    wanted = sorted({_study_of(indicator, interval_minutes) for indicator in indicators})
    minutes = sorted({interval_minutes, *(study.minutes for study in wanted)})
    rows = _COMMON_ROWS if wanted else 0
    streams = np.zeros((len(minutes) + 1, 3), dtype=np.int64)
    for stream, each in enumerate(minutes):
        begin = sum(study.minutes < each for study in wanted)
        streams[stream] = each // interval_minutes, rows, begin
        rows += BAR_ROWS if each > interval_minutes else 0
    streams[-1, STREAM_BEGIN] = len(wanted)
    of = np.zeros((len(wanted), 5), dtype=np.int64)
    for number, study in enumerate(wanted):
        of[number, :STUDY_LENGTH] = KINDS.index(study.kind), rows
        of[number, STUDY_LENGTH : STUDY_LENGTH + len(study.lengths)] = study.lengths
        rows += _rows_of(study.kind, study.lengths)
    return Studies(
        interval_minutes,
        rows,
        of,
        streams,
        np.array([study.deviations for study in wanted], dtype=np.float64),
    )


def row_of(studies: Studies, indicator: Indicator) -> int:
    """Return the row of the state in which an indicator's value stands, NaN where it has none."""
    wanted = _study_of(indicator, studies.interval_minutes)
    for number, study in enumerate(_studies_in(studies)):
        if study == wanted:
            values = VALUES.get(indicator.kind, ("",))
            return int(studies.of[number, STUDY_ROW]) + values.index(indicator.value)
    raise BadInput(f"{indicator} is not among what is computed", "Declare it in `indicators`")


def names_of(studies: Studies) -> list[str]:
    """Return each study's text, which names the minutes of its bars always."""
    return [
        named_study(
            study.kind,
            () if study.kind in (Kind.OPENING, Kind.DAILY) else study.lengths,
            study.deviations,
            int(study.lengths[0]) * studies.interval_minutes
            if study.kind is Kind.OPENING
            else study.minutes,
        )
        for study in _studies_in(studies)
    ]


def rows_by_study(studies: Studies) -> list[slice]:
    """Return the rows that each study has in the state."""
    return [
        slice(begin, end)
        for begin, end in pairwise([*studies.of[:, STUDY_ROW].tolist(), studies.rows])
    ]


def initial_column(studies: Studies) -> Floats:
    """Return the state of a symbol that has seen no bar, (rows)."""
    column = np.zeros(studies.rows)
    for row in studies.streams[1:-1, STREAM_ROW].tolist():
        column[row : row + BAR_ROWS] = np.nan
    for study, rows in zip(_studies_in(studies), rows_by_study(studies), strict=True):
        column[rows][list(_BLANK[study.kind])] = np.nan
        if study.kind is Kind.MEAN_VOLUME:
            column[rows][_FIXED_ROWS[study.kind] :] = NO_VOLUME
    return column


def check_indicator(indicator: Indicator, interval_minutes: int) -> None:
    """Raise BadInput for what bars of the interval cannot make up, or is no indicator."""
    _study_of(indicator, interval_minutes)


def _study_of(indicator: Indicator, interval_minutes: int) -> _Study:
    if not isinstance(indicator, Indicator):
        names = getattr(indicator, "_fields", ())
        raise BadInput(
            f"{type(indicator).__name__} {indicator!r} is no indicator"
            if not names
            else f"{str(indicator[0].study)!r} has several values",
            f"Use one of .{', .'.join(names)}"
            if names
            else "Use those of trading.indicators, such as ema(20)",
        )
    if indicator.minutes % interval_minutes:
        raise BadInput(
            f"{indicator} runs over bars of {indicator.minutes} minutes, which"
            f" {interval_minutes}-minute bars do not make up",
            f"Use a multiple of {interval_minutes} minutes",
        )
    if indicator.kind is Kind.OPENING:
        bars = indicator.minutes // interval_minutes
        return _Study(interval_minutes, indicator.kind, (bars, DAYS), 0.0)
    if indicator.kind is Kind.DAILY:
        return _Study(interval_minutes, indicator.kind, (DAYS,), 0.0)
    minutes = indicator.minutes or interval_minutes
    return _Study(minutes, indicator.kind, indicator.lengths, indicator.deviations)


def _studies_in(studies: Studies) -> Iterator[_Study]:
    begins, bars = studies.streams[:-1, STREAM_BEGIN], studies.streams[:, STREAM_BARS]
    for number, (code, _, *lengths) in enumerate(studies.of.tolist()):
        stream = int(np.searchsorted(begins, number, side="right")) - 1
        kind = KINDS[code]
        yield _Study(
            int(bars[stream]) * studies.interval_minutes,
            kind,
            tuple(lengths[: _LENGTHS.get(kind, 1)]),
            float(studies.deviations[number]),
        )


# How many lengths each kind has besides those that have one.
_LENGTHS = {Kind.MACD: 3, Kind.OPENING: 2, Kind.VWAP: 0, Kind.CLOSE: 0}
# How many rows each kind has beside a ring, and which of them begin as NaN. Each file of updates
# says what they are.
_FIXED_ROWS = {
    Kind.SMA: 4,
    Kind.EMA: 3,
    Kind.RSI: 5,
    Kind.ATR: 4,
    Kind.MACD: 7,
    Kind.BOLLINGER: 8,
    Kind.VWAP: 3,
    Kind.MEAN_VOLUME: 3,
    Kind.VOLUME_BEFORE: 3,
    Kind.CLOSE: 1,
    Kind.DAILY: 13,
    Kind.OPENING: 7,
}
_BLANK: dict[Kind, tuple[int, ...]] = {
    Kind.SMA: (0,),
    Kind.EMA: (0,),
    Kind.RSI: (0, 1),
    Kind.ATR: (0, 1),
    Kind.MACD: (0, 1, 2),
    Kind.BOLLINGER: (0, 1, 2),
    Kind.VWAP: (0,),
    Kind.MEAN_VOLUME: (0,),
    Kind.VOLUME_BEFORE: (0,),
    Kind.CLOSE: (0,),
    Kind.DAILY: (0, 1, 2, 3, 4, 7, 8, 9, 10),
    Kind.OPENING: (0, 1, 2),
}


def _rows_of(kind: Kind, lengths: tuple[int, ...]) -> int:
    ring = 0
    if kind in (Kind.SMA, Kind.BOLLINGER, Kind.MEAN_VOLUME):
        ring = lengths[0]
    elif kind is Kind.VOLUME_BEFORE:
        ring = lengths[0] + 1
    elif kind in (Kind.DAILY, Kind.OPENING):
        ring = DAYS
    return _FIXED_ROWS[kind] + ring
