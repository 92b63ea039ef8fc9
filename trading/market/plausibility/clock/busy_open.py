"""Whether the bar that begins at the open is busy, of rows that go on outside sessions.

Rows before the open hide whether stamps are starts or ends; how much is traded does not.
"""

from __future__ import annotations

import numpy as np

from trading.market.calendar import MICROSECONDS_PER_MINUTE
from trading.market.plausibility.clock.volume_by_time import some_sessions, volume_in
from trading.market.plausibility.finding import Words
from trading.market.plausibility.look import Look

# A session's first bar is about the busiest; before it little is traded.
_MANY_TIMES = 3.0
_MOST_SESSIONS = 0.8
_FEWEST_SESSIONS = 3


def busy_late(look: Look) -> Words | None:
    """Return the words of a symbol whose volume rises a bar after the open."""
    return _words(look, is_late=True)


def busy_early(look: Look) -> Words | None:
    """Return the words of a symbol whose volume rises a bar before the open."""
    return _words(look, is_late=False)


def _words(look: Look, *, is_late: bool) -> Words | None:
    if not look.symbols or not look.goes_on_outside:
        return None
    usual = look.sample.whole.usual_us
    known = usual[(usual > 0) & (usual % MICROSECONDS_PER_MINUTE == 0)]
    if not len(known):
        return None
    kinds, counts = np.unique(known, return_counts=True)
    length = int(kinds[counts.argmax()])
    chosen = some_sessions(look)
    # The open and the bar behind it, or the two bars before the open.
    places = np.array([0, 1] if is_late else [-2, -1])
    begins = (look.open_us[chosen][:, None] + places * length).ravel()
    volume, there = (
        array.reshape(len(look.symbols), len(chosen), 2)
        for array in volume_in(look, begins, begins + length)
    )
    tells = there.all(axis=2) & (volume.max(axis=2) > 0) & (usual == length)[:, None]
    shows = volume[:, :, 1] > _MANY_TIMES * volume[:, :, 0]
    found = np.count_nonzero(shows & tells, axis=1)
    of = np.count_nonzero(tells, axis=1)
    bad = np.flatnonzero((of >= _FEWEST_SESSIONS) & (found >= _MOST_SESSIONS * of))
    if not len(bad):
        return None
    return {
        "symbols": look.listed(bad),
        "minutes": f"{length / MICROSECONDS_PER_MINUTE:g}",
        "found": f"{found[bad[0]]}",
        "of": f"{of[bad[0]]}",
    }
