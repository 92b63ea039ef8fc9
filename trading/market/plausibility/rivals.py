"""Whether rows that share their times can be of one symbol and one length."""

from __future__ import annotations

import numpy as np

from trading.market.plausibility.finding import Words
from trading.market.plausibility.look import Look

# A few such rows are errors of a source; this many are another symbol's.
_LEAST_SHARE = 0.2
_FEWEST = 3
# So are fewer, where nearly all rows that are there twice are such.
_NEARLY_ALL = 0.8
_FEWEST_OF_DOUBLES = 20
# A bar that was not over yet may be there again: some days of a download have as many.
_FEWEST_UNLIKE = 6
# Of the few rows of a session that are looked at, half have the one before beside them.
_MOST_MOVED = 0.4


def several_in_one(look: Look) -> Words | None:
    """Return the words of symbols many of whose rows have a rival at another price."""
    sample = look.sample
    rows = sample.by_symbol(np.ones(len(sample.close), dtype=np.bool_))
    bad = (sample.rivals >= _FEWEST) & (sample.rivals > _LEAST_SHARE * rows)
    most = sample.rivals >= _NEARLY_ALL * sample.doubles
    bad |= most & (sample.rivals >= _FEWEST_OF_DOUBLES)
    if not bad.any():
        return None
    found = np.flatnonzero(bad)
    return {
        "symbols": look.listed(found),
        "rivals": f"{int(sample.rivals[found].sum()):,}",
        "rows": f"{int((rows + sample.rivals)[found].sum()):,}",
    }


def other_volumes(look: Look) -> Words | None:
    """Return the words of symbols whose rows are there twice, with another volume each time."""
    sample = look.sample
    bad = (sample.unlike >= _FEWEST_UNLIKE) & (sample.unlike >= _NEARLY_ALL * sample.doubles)
    if not bad.any():
        return None
    found = np.flatnonzero(bad)
    return {
        "symbols": look.listed(found),
        "unlike": f"{int(sample.unlike[found].sum()):,}",
        "doubles": f"{int(sample.doubles[found].sum()):,}",
    }


def bar_apart(look: Look) -> Words | None:
    """Return the words of symbols whose rows are there twice, the second time one bar later."""
    sample = look.sample
    bad = (sample.moved >= _FEWEST_OF_DOUBLES) & (sample.moved > _MOST_MOVED * sample.doubles)
    if not bad.any():
        return None
    found = np.flatnonzero(bad)
    return {
        "symbols": look.listed(found),
        "moved": f"{int(sample.moved[found].sum()):,}",
    }
