"""Whether times are those of a clock of twelve hours that does not say which half of the day."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from trading.market.bars import Integers
from trading.market.calendar import MICROSECONDS_PER_MINUTE, from_microseconds
from trading.market.plausibility.clock.file_clock import FileClock
from trading.market.plausibility.clock.zones import offsets_us
from trading.market.plausibility.days import DAY_US
from trading.market.plausibility.finding import Words
from trading.market.plausibility.look import Look

_HOUR_US = 60 * MICROSECONDS_PER_MINUTE
_FEWEST_OUTSIDE = 0.1
_NEARLY_ALL = 0.95
_NOON = 12


def half_clock(look: Look) -> Words | None:
    """Return the words of a file of which no time is after noon, though sessions are."""
    for clock in look.clocks:
        if len(clock.starts_us) and len(look.open_us) and (words := _words(look, clock)):
            return words
    return None


def _words(look: Look, clock: FileClock) -> Words | None:
    starts = clock.starts_us
    inside = _are_inside(look, starts)
    if inside.mean() > 1 - _FEWEST_OUTSIDE:
        return None
    moved = _are_inside(look, starts + DAY_US // 2)
    if (inside | moved).mean() < _NEARLY_ALL or not inside.any():
        return None
    zone = ZoneInfo(clock.zone or "UTC")
    hours = (starts + offsets_us(zone, starts)) % DAY_US // _HOUR_US
    if hours.min() < 1 or hours.max() > _NOON:
        return None
    outside = from_microseconds(int(starts[~inside][0])).astimezone(zone)
    share = f"{1 - inside.mean():.0%}"
    return {"name": clock.name, "share": share, "at": f"{outside:%H:%M}"}


def _are_inside(look: Look, starts_us: Integers) -> NDArray[np.bool_]:
    session = np.searchsorted(look.open_us, starts_us, side="right") - 1
    inside: NDArray[np.bool_] = (session >= 0) & (starts_us < look.close_us[session])
    return inside
