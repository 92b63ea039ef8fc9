"""Whether days of a symbol that is traded now and then are those of another clock.

Such days begin and end at any time. By the clock that is right none of them leaves its session,
and all of them together fill it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from trading.market.bars import Integers
from trading.market.plausibility.clock.file_clock import FileClock
from trading.market.plausibility.clock.zones import LIKELY, written_zones
from trading.market.plausibility.days import HALF_HOUR_US, Days, Fit, fit_of
from trading.market.plausibility.look import Look

# Days that only the other clock puts into sessions, where some are by it and where all are.
_FEWEST_DAYS = 3
_FEWEST_OF_ALL = 10
# Of the days, that are in no session by either clock.
_MOST_STRAY = 0.02
# Of the days that leave their sessions: so many begin near the open by the clock that is right, and
# end near the close.
_REACHING = 0.1
# That chance makes days of one clock look like days of two.
_LEAST_CHANCE = 1e-6

Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class ThinDays:
    """Days of rows as they were read, and by the clock of a zone; arrays of (days,).

    `is_inside` says which lie in sessions as they were read, `is_inside_there` which do by the
    zone, and `by_us` how much later they were read than that. `fills` is whether the days that
    only the zone puts into sessions reach from the open to the close.
    """

    zone: str
    by_us: Integers
    is_inside: Flags
    is_inside_there: Flags
    fills: bool

    @property
    def is_odd(self) -> Flags:
        """Return which days lie in sessions by the zone only."""
        return self.is_inside_there & ~self.is_inside

    @property
    def is_usual(self) -> Flags:
        """Return which days lie in sessions as they were read only."""
        return self.is_inside & ~self.is_inside_there

    @property
    def are_all_there(self) -> bool:
        """Return whether the zone puts all days into sessions, which they were not in."""
        stray = np.count_nonzero(~self.is_inside_there)
        odd = np.count_nonzero(self.is_odd)
        return self.fills and bool(odd >= _FEWEST_OF_ALL and stray <= _MOST_STRAY * len(self.by_us))

    @property
    def are_of_two_clocks(self) -> bool:
        """Return whether some days are by the zone's clock, and others as they were read.

        Were it chance, a day that leaves its session would also have rows where the others begin.
        """
        odd = int(np.count_nonzero(self.is_odd))
        usual = int(np.count_nonzero(self.is_usual))
        stray = int(np.count_nonzero(~(self.is_inside | self.is_inside_there)))
        open_days = len(self.by_us) - odd - usual - stray
        chance = odd * math.log((open_days + 1) / (open_days + usual + 2))
        is_proof = chance <= math.log(_LEAST_CHANCE)
        return self.fills and is_proof and odd >= _FEWEST_DAYS and stray <= _MOST_STRAY * odd


def thin_days(look: Look, clock: FileClock, days: Days) -> ThinDays | None:
    """Return a clock's days by the zone that leaves fewest outside sessions.

    None where all of them are inside as they were read, and where they go on outside.
    """
    if not len(days) or not len(look.open_us):
        return None
    fit = fit_of(look, days)
    inside = _are_inside(fit, days)
    length_us = (look.close_us - look.open_us).max()
    too_long = days.last_us - days.first_us > length_us + days.length_us
    outside = np.count_nonzero(~inside)
    if outside < _FEWEST_DAYS or np.count_nonzero(too_long) > _MOST_STRAY * outside:
        return None
    found = [
        each
        for zone, moves_us in _moves(look, clock, days)
        if (each := _by_zone(look, days, inside, zone, moves_us)).fills
    ]
    return min(found, key=_rank, default=None)


def _rank(days: ThinDays) -> tuple[bool, int, int]:
    stray = np.count_nonzero(~(days.is_inside | days.is_inside_there))
    return not days.are_all_there, int(stray), -int(np.count_nonzero(days.is_odd))


def _by_zone(look: Look, days: Days, inside: Flags, zone: str, moves_us: Integers) -> ThinDays:
    there = fit_of(look, days, moves_us)
    is_there = _are_inside(there, days)
    odd = is_there & ~inside
    reach = [there.late_us[odd] < HALF_HOUR_US, there.over_us[odd] > -HALF_HOUR_US]
    fills = bool(odd.any()) and min(each.mean() for each in reach) >= _REACHING
    return ThinDays(zone, -moves_us, inside, is_there, fills)


def _are_inside(fit: Fit, days: Days) -> Flags:
    # A row at the close is the auction's, or a bar that is named by its end.
    inside: Flags = (fit.late_us >= 0) & (fit.over_us <= days.length_us)
    return inside


def _moves(look: Look, clock: FileClock, days: Days) -> list[tuple[str, Integers]]:
    """Return by zone how much days would move in it, of those that move any."""
    middle_us = (look.open_us + look.close_us) // 2
    session = np.searchsorted((middle_us[:-1] + middle_us[1:]) // 2, days.middle_us)
    own = (ZoneInfo(clock.zone),) if clock.zone is not None else None
    moves = (
        (zone, look.sessions_moved(read_in, ZoneInfo(zone))[session])
        for read_in in own or written_zones(clock.written())
        for zone in dict.fromkeys((look.zone.key, *LIKELY))
    )
    return [(zone, by_us) for zone, by_us in moves if by_us.any()]
