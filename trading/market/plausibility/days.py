"""Days of rows, and how they lie to the sessions of an exchange."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from trading.market.bars import Integers
from trading.market.calendar import MICROSECONDS_PER_MINUTE

DAY_US = 24 * 60 * MICROSECONDS_PER_MINUTE
# Days of rows are told apart by a night without any.
_NIGHT_US = DAY_US // 4
_LONGEST_DAY_US = DAY_US - _NIGHT_US // 2
HALF_HOUR_US = 30 * MICROSECONDS_PER_MINUTE
_LONGEST_BAR_MINUTES = 60
_HOUR_US = 60 * MICROSECONDS_PER_MINUTE


class Hours(Protocol):
    """Who knows when sessions open and close, in microseconds; arrays of (sessions,)."""

    @property
    def open_us(self) -> Integers:
        """Return their opens."""

    @property
    def close_us(self) -> Integers:
        """Return their closes."""


@dataclass(frozen=True, slots=True)
class Days:
    """The first start and the last end of rows by day, microseconds; arrays of (days,)."""

    first_us: Integers
    last_us: Integers
    length_us: int

    def __len__(self) -> int:
        return len(self.first_us)

    @property
    def middle_us(self) -> Integers:
        """Return the middle of each day's rows."""
        return (self.first_us + self.last_us) // 2


@dataclass(frozen=True, slots=True)
class Fit:
    """How days of rows lie to the sessions next to them; arrays of (days,).

    `late_us` is by how much the first row begins after the open, and `over_us` by how much the
    last ends after the close.
    """

    late_us: Integers
    over_us: Integers
    tolerance_us: int

    @property
    def is_off(self) -> NDArray[np.bool_]:
        """Return where rows lack one end of the session and go on beyond the other."""
        least = self.tolerance_us
        is_late = (self.late_us >= least) & (self.over_us >= least)
        is_early = (self.late_us <= -least) & (self.over_us <= -least)
        off: NDArray[np.bool_] = is_late | is_early
        return off

    @property
    def is_right(self) -> NDArray[np.bool_]:
        """Return where rows run from about the open to about the close."""
        farthest = np.maximum(np.abs(self.late_us), np.abs(self.over_us))
        right: NDArray[np.bool_] = farthest < self.tolerance_us
        return right

    @property
    def is_moved(self) -> NDArray[np.bool_]:
        """Return where both ends are off by the same."""
        same: NDArray[np.bool_] = np.abs(self.late_us - self.over_us) < self.tolerance_us
        return self.is_off & same

    @property
    def is_moved_by_hours(self) -> NDArray[np.bool_]:
        """Return where both ends are off by the same few whole hours.

        Rows of a day without a session are off by a day, and that is no clock's doing.
        """
        same = (self.late_us == self.over_us) & (self.late_us % _HOUR_US == 0)
        by_hours: NDArray[np.bool_] = same & (np.abs(self.late_us) < DAY_US // 2)
        return self.is_off & by_hours


def days_of(starts_us: Integers) -> Days:
    """Return the days of rows that start then, in order and each start once."""
    if not len(starts_us):
        return Days(starts_us, starts_us, 0)
    gaps = np.diff(starts_us)
    begins = np.flatnonzero(np.concatenate([[True], gaps >= _NIGHT_US]))
    ends = np.concatenate([begins[1:] - 1, [len(starts_us) - 1]])
    minutes = (gaps // MICROSECONDS_PER_MINUTE)[gaps < _NIGHT_US]
    usual = int(np.bincount(minutes).argmax()) if len(minutes) else 0
    length_us = max(1, usual) * MICROSECONDS_PER_MINUTE
    first, last = starts_us[begins], starts_us[ends] + length_us
    # Rows around the clock have no days, and a lone row tells nothing.
    is_day = (last - first <= _LONGEST_DAY_US) & (ends > begins)
    if usual > _LONGEST_BAR_MINUTES:
        is_day[:] = False
    return Days(first[is_day], last[is_day], length_us)


def fit_of(hours: Hours, days: Days, by_us: Integers | int = 0) -> Fit:
    """Return how days lie to sessions once they are moved by so much."""
    middle = (hours.open_us + hours.close_us) // 2
    session = np.searchsorted((middle[:-1] + middle[1:]) // 2, days.middle_us + by_us)
    # A bar that is named by its end is off by its own length, and that is not the zone's doing.
    tolerance = HALF_HOUR_US + (days.length_us if days.length_us >= HALF_HOUR_US else 0)
    return Fit(
        days.first_us + by_us - hours.open_us[session],
        days.last_us + by_us - hours.close_us[session],
        tolerance,
    )
