"""Whether several symbols are read as one: their rows share times and differ in price."""

from __future__ import annotations

import numpy as np

from trading.market.plausibility.finding import Words
from trading.market.plausibility.look import Look

# A few such rows are errors of a source; this many are another symbol's.
_LEAST_SHARE = 0.2
_FEWEST = 3


def several_in_one(look: Look) -> Words | None:
    """Return the words of symbols many of whose rows have a rival at another price."""
    sample = look.sample
    rows = sample.by_symbol(np.ones(len(sample.close), dtype=np.bool_))
    bad = (sample.rivals >= _FEWEST) & (sample.rivals > _LEAST_SHARE * rows)
    if not bad.any():
        return None
    found = np.flatnonzero(bad)
    return {
        "symbols": look.listed(found),
        "rivals": f"{int(sample.rivals[found].sum()):,}",
        "rows": f"{int((rows + sample.rivals)[found].sum()):,}",
    }
