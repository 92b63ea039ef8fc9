"""Whether bars lie where an exchange is open, or look like those of another."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from trading.market.bars import Integers
from trading.market.calendar import Session, to_microseconds

# Of the rows, outside sessions; of the session, with rows. Hours before and after it alone are
# no sign: such files have rows all through the session too.
MANY_OUTSIDE = 0.3
LITTLE_COVERED = 0.6


def looks_like_another_exchange(start_us: Integers, sessions: Sequence[Session]) -> bool:
    """Return whether many bars are outside all sessions, and those inside cover little of them."""
    if not len(start_us) or not sessions:
        return False
    opens = np.array([to_microseconds(session.open) for session in sessions], dtype=np.int64)
    closes = np.array([to_microseconds(session.close) for session in sessions], dtype=np.int64)
    number = np.searchsorted(opens, start_us, side="right").astype(np.int64) - 1
    inside = (number >= 0) & (start_us < closes[np.maximum(number, 0)])
    if inside.mean() > 1 - MANY_OUTSIDE:
        return False
    if not inside.any():
        return True
    after_open = start_us[inside] - opens[number[inside]]
    covered = float(after_open.max() - after_open.min())
    return covered < LITTLE_COVERED * float(np.median(closes - opens))


def note_of_another_exchange(name: str, exchange: str) -> str:
    """Return what is said of such a file."""
    return (
        f"WARNING: bars of {name} are mostly outside the sessions of {exchange}: are they of"
        " another exchange? EXCHANGE or --exchange names it"
    )
