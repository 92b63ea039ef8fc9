"""Whether a symbol's level jumps between two sessions by a ratio that splits have."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from trading.market.bars import Floats
from trading.market.plausibility.finding import Words
from trading.market.plausibility.look import Look

RATIOS = (2, 3, 4, 5, 6, 7, 8, 10, 12, 15, 20, 25, 30, 40, 50, 100)
# As much as prices move by themselves, so that it has to be met more closely.
_THREE_FOR_TWO = 1.5
_CLOSE_TOLERANCE = 0.03
# What else a price may move from a close to the half hour after the next open.
_TOLERANCE = 0.08
# A level that a session does not keep was a bad print.
_KEPT = 1.5
# Over more sessions without rows a price may go far by itself.
_MOST_SESSIONS_APART = 5


def split_jump(look: Look) -> Words | None:
    """Return the words of the first jump by a split's ratio, of all symbols."""
    early, late = look.sample.early, look.sample.late
    sessions = late.shape[1]
    if sessions < 2:
        return None
    has_rows = ~np.isnan(late)
    latest = np.maximum.accumulate(np.where(has_rows, np.arange(sessions), -1), axis=1)[:, :-1]
    before = np.take_along_axis(late, np.maximum(latest, 0), axis=1)
    gap = np.arange(1, sessions) - latest
    near = (latest >= 0) & (gap <= _MOST_SESSIONS_APART)
    after = np.where(np.isnan(early), late, early)[:, 1:]
    with np.errstate(invalid="ignore", divide="ignore"):
        kept = np.maximum(after / late[:, 1:], late[:, 1:] / after) <= _KEPT
    ratio = ratio_of(before, after)
    found = near & kept & is_by_split(before, after)
    if not found.any():
        return None
    symbols, places = np.nonzero(found)
    first = int(places.argmin())
    symbol, place = int(symbols[first]), int(places[first])
    shares = min((_THREE_FOR_TWO, *RATIOS), key=lambda one: abs(ratio[symbol, place] / one - 1))
    one = "3:2" if shares == _THREE_FOR_TWO else f"{shares}:1"
    is_fall = after[symbol, place] < before[symbol, place]
    count = len(symbols)
    return {
        "symbol": look.symbols[symbol],
        "before": f"{before[symbol, place]:.6g}",
        "after": f"{after[symbol, place]:.6g}",
        "day": str(look.sessions[place + 1].date),
        "ratio": f"{one} split" if is_fall else f"{':'.join(one.split(':')[::-1])} reverse split",
        "others": "" if count == 1 else f" (the first of {count} such jumps)",
    }


def is_by_split(before: Floats, after: Floats) -> NDArray[np.bool_]:
    """Return of each pair of prices whether one is the other by a ratio that splits have."""
    ratio = ratio_of(before, after)
    nearest = np.min([np.abs(ratio / one - 1) for one in RATIOS], axis=0)
    by_half = np.abs(ratio / _THREE_FOR_TWO - 1) <= _CLOSE_TOLERANCE
    found: NDArray[np.bool_] = by_half | (nearest <= _TOLERANCE)
    return found


def ratio_of(before: Floats, after: Floats) -> Floats:
    """Return how many times the lower of each pair of prices the higher is."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.maximum(after / before, before / after)
