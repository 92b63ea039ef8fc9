"""Sessions through the studies, interpreted or compiled as the engine is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trading.engine.compile import link_compiled
from trading.indicators import Indicator
from trading.indicators.past import Past, forget_past, new_past, settle_past
from trading.indicators.studies import Studies, make_studies, row_of
from trading.indicators.update import begin_studies, end_studies, update_studies
from trading.market.bars import Prices, bar_of
from trading.strategies import orb

Floats = NDArray[np.float64]
INTERVAL = 5


def take_sessions(
    studies: Studies,
    past: Past,
    prices: Prices,
    first_row: NDArray[np.int64],
    forgets: NDArray[np.int64],
    restores: NDArray[np.bool_],
    daily: Prices,
    has_daily_file: bool,
    seen: Floats,
) -> None:
    """Take whole sessions in; `seen` (bars, rows, symbols) is the state after each bar.

    `forgets` (bars, symbols) is 1 at a gap and 2 at a new level, `restores` (sessions, symbols)
    what the gate says at a session's end, `daily` (sessions, symbols) a user's file.
    """
    for session in range(len(first_row) - 1):
        begin, end = first_row[session], first_row[session + 1]
        begin_studies(studies, past.state, session)
        for row in range(begin, end):
            for s in range(forgets.shape[1]):
                if forgets[row, s] != 0:
                    forget_past(past, s, forgets[row, s] == 2)
            update_studies(studies, past.state, row - begin, end - begin, bar_of(prices, row))
            for i in range(past.state.shape[0]):
                for s in range(past.state.shape[1]):
                    seen[row, i, s] = past.state[i, s]
        settle_past(past, restores[session])
        end_studies(studies, past.state, bar_of(daily, session), has_daily_file)


class Run:
    """Some indicators over bars, and what each then was."""

    def __init__(
        self,
        indicators: Iterable[Indicator],
        prices: Prices,
        sessions: Iterable[int],
        *,
        interval: int = INTERVAL,
        forgets: Mapping[tuple[int, int], int] | None = None,
        restores: Iterable[tuple[int, int]] = (),
        daily: Prices | None = None,
        compiled: bool = False,
        past: Past | None = None,
    ) -> None:
        """`sessions` are their numbers of bars; forgets and restores are by (bar or session, s)."""
        bars, symbols = prices.close.shape
        lengths = list(sessions)
        first_row = np.cumsum([0, *lengths], dtype=np.int64)
        assert first_row[-1] == bars
        self.studies = make_studies(indicators, interval)
        self.past = past or new_past(self.studies, symbols)
        self.seen = np.full((bars, self.studies.rows, symbols), np.nan)
        marks = np.zeros((bars, symbols), dtype=np.int64)
        for place, mark in (forgets or {}).items():
            marks[place] = mark
        back = np.zeros((len(lengths), symbols), dtype=np.bool_)
        for place in restores:
            back[place] = True
        nothing = np.full((len(lengths), symbols), np.nan)
        step: Any = link_compiled(orb, take_sessions) if compiled else take_sessions
        step(
            self.studies,
            self.past,
            prices,
            first_row,
            marks,
            back,
            daily or Prices(*(nothing,) * 5),
            daily is not None,
            self.seen,
        )

    def of(self, indicator: Indicator, s: int = 0) -> Floats:
        """Return an indicator of a symbol after each bar."""
        return self.seen[:, row_of(self.studies, indicator), s]


def made_bars(seed: int, bars: int, symbols: int = 1, level: float = 100.0) -> Prices:
    """Return a walk with gaps, some of them large; volumes are whole, no bar is missing."""
    rng = np.random.default_rng(seed)
    shape = (bars, symbols)
    close = level * np.exp(np.cumsum(rng.normal(0, 0.01, shape), axis=0))
    opened = np.roll(close, 1, axis=0) * (
        1 + rng.normal(0, 0.02, shape) * (rng.random(shape) < 0.2)
    )
    opened[0] = level
    high = np.maximum(opened, close) * (1 + rng.exponential(0.004, shape))
    low = np.minimum(opened, close) * (1 - rng.exponential(0.004, shape))
    r4 = (np.floor(values * 10000 + 0.5) / 10000 for values in (opened, high, low, close))
    return Prices(*r4, volume=np.floor(rng.exponential(5_000, shape)))


def without(prices: Prices, seed: int, share: float) -> Prices:
    """Return bars of which a share is missing."""
    gone = np.random.default_rng(seed).random(prices.close.shape) < share
    return Prices(*(np.where(gone, np.nan, values) for values in prices))


def present(values: Floats, prices: Prices, s: int = 0) -> Floats:
    """Return those of some values that stand at bars that a symbol has."""
    return np.ascontiguousarray(values[~np.isnan(prices.close[:, s])])
