"""Whether volumes are numbers of shares."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from trading.market.bars import Floats
from trading.market.plausibility.finding import Words
from trading.market.plausibility.look import Look
from trading.market.plausibility.sample import Sample

# Of a symbol's volumes: so many with a fraction are no rest of an adjustment for splits.
_MOST = 0.5
_FEWEST_ROWS = 10
# So many decimals a number of thousands has at most.
_PER_THOUSAND = 1000
_ROUNDING = 1e-4
# No bar has more thousands of shares.
_MOST_THOUSANDS = 100_000


def no_volume(look: Look) -> Words | None:
    """Return the words of symbols of which every bar has volume 0."""
    sample = look.sample
    rows = _count(sample, np.isfinite(sample.volume))
    traded = _count(sample, sample.volume > 0)
    bad = (traded == 0) & (rows >= _FEWEST_ROWS)
    return _words(look, bad) if bad.any() else None


def fractional_volume(look: Look) -> Words | None:
    """Return the words of symbols whose volumes are thousands or millions with decimals."""
    sample = look.sample
    positive = sample.volume > 0
    fraction = positive & (sample.volume % 1 != 0)
    thousandths = sample.volume * _PER_THOUSAND
    is_thousands = (
        fraction
        & (sample.volume < _MOST_THOUSANDS)
        & (np.abs(thousandths - np.rint(thousandths)) <= _ROUNDING)
    )
    is_below_one = fraction & (sample.volume < 1)
    rows = _count(sample, positive)
    bad = (_count(sample, is_thousands | is_below_one) > _MOST * rows) & (rows >= _FEWEST_ROWS)
    if not bad.any():
        return None
    number = int(np.flatnonzero(bad)[0])
    example = sample.volume[(sample.symbol == number) & fraction][0]
    return {**_words(look, bad), "example": f"{example:g}"}


def _count(sample: Sample, flags: NDArray[np.bool_]) -> Floats:
    return sample.by_symbol(flags)


def _words(look: Look, bad: NDArray[np.bool_]) -> dict[str, str]:
    return {"symbols": look.listed(np.flatnonzero(bad))}
