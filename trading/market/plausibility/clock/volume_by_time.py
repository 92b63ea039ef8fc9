"""How much is traded at which times around sessions, of rows that go on outside them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from trading.market.bars import Floats, Integers
from trading.market.calendar import MICROSECONDS_PER_MINUTE
from trading.market.plausibility.look import Look

# Of more sessions some tell as much.
_MOST_SESSIONS = 40


def some_sessions(look: Look) -> Integers:
    """Return the numbers of the sessions that are looked at."""
    count = len(look.open_us)
    return np.unique(np.linspace(0, count - 1, min(count, _MOST_SESSIONS)).astype(np.int64))


def volume_in(look: Look, begin_us: Integers, end_us: Integers) -> tuple[Floats, NDArray[np.bool_]]:
    """Return the volume of the rows that start in each [begin, end), and whether there are any.

    Stretches may not overlap and are of whole minutes. Arrays are of (symbols, stretches).
    """
    shape = (len(look.symbols), len(begin_us))
    volume, rows = np.zeros(shape[0] * shape[1]), np.zeros(shape[0] * shape[1])
    first = int(begin_us.min()) // MICROSECONDS_PER_MINUTE
    last = int(end_us.max()) // MICROSECONDS_PER_MINUTE
    place = np.full(last - first, -1, dtype=np.int64)
    begins, ends = (us // MICROSECONDS_PER_MINUTE - first for us in (begin_us, end_us))
    for number, (begin, end) in enumerate(zip(begins.tolist(), ends.tolist(), strict=True)):
        place[begin:end] = number
    for block in look.rows:
        minute = block.start_us // MICROSECONDS_PER_MINUTE - first
        known = np.flatnonzero((minute >= 0) & (minute < len(place)))
        stretch = place[minute[known]]
        chosen = known[stretch >= 0]
        cell = block.symbol[chosen].astype(np.int64) * shape[1] + stretch[stretch >= 0]
        traded = np.nan_to_num(np.maximum(block.number("volume")[chosen], 0.0))
        volume += np.bincount(cell, traded, len(volume))
        rows += np.bincount(cell, minlength=len(rows))
    return volume.reshape(shape), rows.reshape(shape) > 0
