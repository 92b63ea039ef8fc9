"""Which row of a grid a moment lies in, for many moments at once."""

from __future__ import annotations

import numpy as np

from trading.market.bars import Integers
from trading.market.calendar import MICROSECONDS_PER_MINUTE, Grid, to_microseconds

_MOST_UNITS = 200_000_000


class GridRows:
    """Looks moments up in a table of a grid's time, cut where any bar may begin or end.

    All opens, closes and bar lengths are whole multiples of one unit, minutes on real calendars,
    so that one division finds a moment's row, whatever night, weekend or half-day lies before it.
    """

    def __init__(self, grid: Grid) -> None:
        self._begin_us, self._unit_us = 0, 1
        self._rows = np.full(2, -1, dtype=np.int32)
        if grid.sessions:
            self._fill(grid)

    def _fill(self, grid: Grid) -> None:
        opens, closes = (
            np.array([to_microseconds(moment) for moment in moments], dtype=np.int64)
            for moments in zip(*((day.open, day.close) for day in grid.sessions), strict=True)
        )
        self._begin_us = int(opens[0])
        step = grid.interval_minutes * MICROSECONDS_PER_MINUTE
        self._unit_us = int(
            np.gcd.reduce([step, *(opens - self._begin_us), *(closes - self._begin_us)])
        )
        units = (int(closes[-1]) - self._begin_us) // self._unit_us
        if units > _MOST_UNITS:
            raise ValueError(f"opens and closes fall on odd moments: {units} units")
        # One element more at each end stands for all that lies outside.
        self._rows = np.full(units + 2, -1, dtype=np.int32)
        first = (grid.start_us - self._begin_us) // self._unit_us + 1
        lengths = (grid.end_us - grid.start_us) // self._unit_us
        for part in range(int(lengths.max(initial=0))):
            has_part = lengths > part
            self._rows[first[has_part] + part] = np.flatnonzero(has_part)

    def of(self, moments_us: Integers) -> Integers:
        """Return the row whose bar covers each moment, microseconds UTC, -1 outside sessions."""
        unit = (moments_us - self._begin_us) // self._unit_us
        unit += 1
        rows: Integers = self._rows.take(unit, mode="clip").astype(np.int64)
        return rows
