"""How far back a first value reads: the bars and sessions that indicators need to have one."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from trading.indicators import studies as kinds
from trading.indicators.indicator import DAYS
from trading.indicators.studies import (
    STREAM_BARS,
    STREAM_BEGIN,
    STUDY_KIND,
    STUDY_LENGTH,
    STUDY_SECOND,
    STUDY_THIRD,
    Studies,
)
from trading.market.bars import Integers


def sessions_read(studies: Studies, bars_by_session: Integers) -> int:
    """Return how many sessions are enough for all values, wherever they begin.

    `bars_by_session` are the run's bars of each session. Averages that never forget, such as
    Wilder's and the EMA, count with the bars of their first value. Every bar is taken to be there.
    Where all sessions are too few for a value, it is one more than all.
    """
    most = 0
    streams = studies.streams
    for stream, (begin, end) in enumerate(pairwise(streams[:, STREAM_BEGIN].tolist())):
        bars = -(-bars_by_session // int(streams[stream, STREAM_BARS]))
        for study in studies.of[begin:end].tolist():
            sessions, of_stream = _read_by(study)
            most = max(most, sessions, _sessions_with(bars, of_stream))
    return most


def _read_by(study: list[int]) -> tuple[int, int]:
    """Return the sessions, and the bars of its stream, that a study reads for its first value."""
    kind, length = study[STUDY_KIND], study[STUDY_LENGTH]
    if kind == kinds.DAILY:
        # Of an average range of days the first has no close before it.
        return DAYS + 1, 0
    if kind == kinds.OPENING:
        return DAYS, 0
    if kind == kinds.VWAP:
        return 0, 0
    if kind == kinds.CLOSE:
        return 0, 1
    if kind == kinds.MACD:
        return 0, study[STUDY_SECOND] + study[STUDY_THIRD] - 1
    # The first range and the first change have a close before them; volumes leave out the bar
    # that is decided on.
    beside = kind in (kinds.ATR, kinds.RSI, kinds.MEAN_VOLUME, kinds.VOLUME_BEFORE)
    return 0, length + beside


def _sessions_with(bars: Integers, wanted: int) -> int:
    """Return the fewest sessions of which any so many in a row have the wanted bars."""
    if wanted <= 0:
        return 0
    before = np.concatenate(([0], np.cumsum(bars)))
    for sessions in range(1, len(bars) + 1):
        if (before[sessions:] - before[:-sessions]).min() >= wanted:
            return sessions
    return len(bars) + 1
