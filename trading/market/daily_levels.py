"""Whether daily bars are of the same prices as the bars beside them."""

from __future__ import annotations

import numpy as np

from trading.counted import counted
from trading.market.panel import Panel

# Late trades and auctions move a close by less, and the least split by as much.
_MOST_TIMES = 1.4
_LEAST_SHARE = 0.2
_FEWEST_SESSIONS = 2


def notes_on_levels(panel: Panel) -> tuple[str, ...]:
    """Return a warning where closes of sessions are far from those of a user's daily bars."""
    daily = None if panel.daily is None else panel.daily.of_symbols(panel.symbols)
    if daily is None or not len(panel.close):
        return ()
    sessions = panel.grid.sessions
    close = panel.close[panel.grid.first_row[1:] - 1]
    other = daily.of_sessions(sessions).close
    with np.errstate(invalid="ignore", divide="ignore"):
        times = np.maximum(close / other, other / close)
    is_apart = times > _MOST_TIMES
    count, known = is_apart.sum(axis=0), np.isfinite(times).sum(axis=0)
    bad = np.flatnonzero((count >= _FEWEST_SESSIONS) & (count >= _LEAST_SHARE * known))
    if not len(bad):
        return ()
    worst = int(bad[count[bad].argmax()])
    at = int(np.flatnonzero(is_apart[:, worst])[-1])
    others = f", and so for {counted(len(bad) - 1, 'more symbol')}" if len(bad) > 1 else ""
    return (
        f"WARNING: closes of {panel.symbols[worst]} are not those of its daily bars in"
        f" {count[worst]} of {counted(int(known[worst]), 'session')}{others}: on"
        f" {sessions[at].date} {close[at, worst]:g} and {other[at, worst]:g}. One of the two is"
        " in other units, or adjusted for other splits",
    )
