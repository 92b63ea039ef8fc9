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


class Studies(NamedTuple):
    """What is computed, as loops read it: one element a study, sorted by stream.

    A stream is bars of one length; the first is of the run's own. `rows` is how many the state
    has, 0 when nothing is computed. `stream_begin` (streams + 1) says which studies a stream has,
    `stream_row` where its bar in progress stands, `stream_bars` of how many bars one is made.
    """

    interval_minutes: int
    rows: int
    kind: Integers
    lengths: Integers  # (studies, 3)
    deviations: Floats
    row: Integers
    stream_minutes: Integers
    stream_bars: Integers
    stream_row: Integers
    stream_begin: Integers


class _Study(NamedTuple):
    """A study, and the minutes of its stream; an opening's are its first length."""

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
    stream_row = []
    for each in minutes:
        stream_row.append(rows)
        rows += BAR_ROWS if each > interval_minutes else 0
    begins = []
    for study in wanted:
        begins.append(rows)
        rows += _rows_of(study.kind, study.lengths)
    streams = [study.minutes for study in wanted]
    lengths = np.zeros((len(wanted), 3), dtype=np.int64)
    for row, study in zip(lengths, wanted, strict=True):
        row[: len(study.lengths)] = study.lengths
    return Studies(
        interval_minutes,
        rows,
        _integers(KINDS.index(study.kind) for study in wanted),
        lengths,
        np.array([study.deviations for study in wanted], dtype=np.float64),
        _integers(begins),
        _integers(minutes),
        _integers(each // interval_minutes for each in minutes),
        _integers(stream_row),
        _integers(
            [*(streams.index(each) if each in streams else 0 for each in minutes), len(wanted)]
        ),
    )


def row_of(studies: Studies, indicator: Indicator) -> int:
    """Return the row of the state in which an indicator's value stands, NaN where it has none."""
    wanted = _study_of(indicator, studies.interval_minutes)
    for number, study in enumerate(_studies_in(studies)):
        if study == wanted:
            values = VALUES.get(indicator.kind, ("",))
            return int(studies.row[number]) + values.index(indicator.value)
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
    return [slice(begin, end) for begin, end in pairwise([*studies.row.tolist(), studies.rows])]


def initial_column(studies: Studies) -> Floats:
    """Return the state of a symbol that has seen no bar, (rows)."""
    column = np.zeros(studies.rows)
    for bars, row in zip(studies.stream_bars.tolist(), studies.stream_row.tolist(), strict=True):
        if bars > 1:
            column[row : row + BAR_ROWS] = np.nan
    for study, rows in zip(_studies_in(studies), rows_by_study(studies), strict=True):
        column[rows][list(_BLANK[study.kind])] = np.nan
    return column


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
    for number, code in enumerate(studies.kind.tolist()):
        stream = int(np.searchsorted(studies.stream_begin, number, side="right")) - 1
        kind = KINDS[code]
        used = _LENGTHS.get(kind, 1)
        lengths = tuple(studies.lengths[number, :used].tolist())
        minutes = int(studies.stream_minutes[stream])
        yield _Study(minutes, kind, lengths, float(studies.deviations[number]))


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
    Kind.MEAN_VOLUME: 5,
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


def _integers(values: Iterable[int]) -> Integers:
    return np.array(list(values), dtype=np.int64)
