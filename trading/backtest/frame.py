"""What all runs over one panel share: its prices, its sessions, and how many bars end when."""

from __future__ import annotations

from datetime import timedelta

import numpy as np

from trading.market.bars import Floats, Integers, Prices
from trading.market.daily_bars import days_of, no_daily
from trading.market.panel import Panel


class Frame:
    """A panel as the engine's stages take it; nothing in it changes, so that threads share it.

    `days` are the sessions' dates in days since 1970, `daily` (sessions, symbols) the bars of a
    user's daily file, of no sessions without one.
    """

    def __init__(self, panel: Panel) -> None:
        grid = panel.grid
        self.panel = panel
        self.grid = grid
        self.symbols = len(panel.symbols)
        self.first_row = grid.first_row
        self.prices = Prices(*map(_by_row, panel.prices))
        self.days = days_of(grid.sessions)
        daily = panel.daily
        self.daily = no_daily(self.symbols) if daily is None else daily.of_sessions(grid.sessions)
        self._bars_by: dict[int, Integers] = {}

    @property
    def longest(self) -> int:
        """Return how many bars the longest session has."""
        return int(np.max(np.diff(self.first_row), initial=0))

    def bars_by(self, minutes: int) -> Integers:
        """Return how many bars of each session end by so many minutes before its close."""
        if minutes not in self._bars_by:
            interval = self.grid.interval_minutes
            # Sessions are many and their lengths few.
            known: dict[timedelta, int] = {}
            for session in self.grid.sessions:
                length = session.close - session.open
                if length not in known:
                    known[length] = session.bars_ended_by(minutes, interval)
            bars = [known[session.close - session.open] for session in self.grid.sessions]
            self._bars_by[minutes] = np.array(bars, dtype=np.int64)
        return self._bars_by[minutes]


def _by_row(values: Floats) -> Floats:
    # Machine code is for one layout; nearly every panel has it and is not copied. A mapped file is
    # an array of another class, which is looked at more slowly at every call.
    return np.asarray(np.require(values, np.float64, ("C", "W")))
