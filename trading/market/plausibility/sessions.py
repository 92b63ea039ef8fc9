"""Whether rows lie where an exchange is open, or where another one is."""

from __future__ import annotations

import numpy as np

from trading.market.plausibility.finding import Words
from trading.market.plausibility.look import Look

# Of the rows, outside sessions; of the session, with rows. Hours before and after it alone are
# no sign: such files have rows all through the session too.
MANY_OUTSIDE = 0.3
LITTLE_COVERED = 0.6


def other_exchange(look: Look) -> Words | None:
    """Return the words of a source with many rows outside sessions, and little of these covered."""
    starts = np.concatenate([clock.starts_us for clock in look.clocks] or [look.open_us[:0]])
    if not len(starts) or not len(look.open_us):
        return None
    number = np.searchsorted(look.open_us, starts, side="right").astype(np.int64) - 1
    inside = (number >= 0) & (starts < look.close_us[number])
    share = float(inside.mean())
    if share > 1 - MANY_OUTSIDE:
        return None
    words = {"name": look.name, "exchange": look.exchange, "share": f"{share:.0%}"}
    if not inside.any():
        return words
    after_open = starts[inside] - look.open_us[number[inside]]
    covered = float(after_open.max() - after_open.min())
    length = float(np.median(look.close_us - look.open_us))
    return words if covered < LITTLE_COVERED * length else None
