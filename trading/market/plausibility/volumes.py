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
# Volumes that are each bar's own fall as often as they rise.
_FEWEST_STEPS = 30
# A sum of so many bars is so many times the first of them, at the least.
_MANY_TIMES = 5.0
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


def running_volume(look: Look) -> Words | None:
    """Return the words of symbols whose volumes only rise in sessions, and begin anew in each.

    They are sums from the open on, of which no bar's own is left.
    """
    sample = look.sample.whole
    if len(sample.symbol) < 2:
        return None
    group = sample.symbol * len(look.open_us) + sample.session
    same = np.diff(group) == 0
    begins = np.flatnonzero(np.concatenate([[True], ~same]))
    ends = np.concatenate([begins[1:], [len(group)]]) - 1
    is_long = ends - begins >= _FEWEST_STEPS
    falls = np.concatenate([[0], np.cumsum((np.diff(sample.volume) < 0) & same)])
    first, last = sample.volume[begins], sample.volume[ends]
    rises = is_long & (falls[ends] == falls[begins]) & (last >= _MANY_TIMES * first) & (first > 0)
    symbol = sample.symbol[begins]
    count, of = (
        np.bincount(symbol[chosen], minlength=len(look.symbols)) for chosen in (rises, is_long)
    )
    bad = (count > 0) & (count == of)
    return _words(look, bad) if bad.any() else None


def _count(sample: Sample, flags: NDArray[np.bool_]) -> Floats:
    return sample.by_symbol(flags)


def _words(look: Look, bad: NDArray[np.bool_]) -> dict[str, str]:
    return {"symbols": look.listed(np.flatnonzero(bad))}
