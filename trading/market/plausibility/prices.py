"""Whether prices can be those of stocks in dollars, or are written in smaller units."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trading.market.bars import Floats
from trading.market.plausibility.finding import Words
from trading.market.plausibility.look import Look

# No stock costs so much; the dearest is below a million.
IMPOSSIBLE_PRICE = 1e7
# The dearest symbols turn over a tenth of this in a session, and hardly any other a thousandth.
IMPOSSIBLE_DOLLARS = 1e12
MANY_DOLLARS = 1e10
# Above, prices without a fraction are rare, and above the second only one stock has any.
FEWEST_WHOLE_DOLLARS = 1_000.0
DEAREST_DOLLARS = 100_000.0
FEWEST_ROWS = 10
# Of so many prices some have cents, where so many different ones come again and again.
_MANY_ROWS, _MANY_PRICES = 100, 5
# What a price may be written in, as so many to the dollar.
_UNITS = ((1e9, "1e-9"), (1e6, "1e-6"), (1e4, "1e-4"), (1e2, "cents (1e-2)"))
_USUAL_PRICE = 50.0
# One row counts with so many times the usual row's dollars at most: a slip in it is the gate's.
_MOST_TIMES_THE_USUAL = 1_000.0
# Elsewhere prices are whole numbers of pence or of other money.
_DOLLARS_AND_CENTS = "America/"


@dataclass(frozen=True, slots=True)
class _Levels:
    """By symbol: the middle price, whether all are whole, and dollars traded in a session.

    `tells` says where there are so many prices that whole ones are no chance.
    """

    price: Floats
    is_whole: NDArray[np.bool_]
    dollars: Floats
    tells: NDArray[np.bool_]


def impossible_prices(look: Look) -> Words | None:
    """Return the words of prices that no stock can have."""
    found = _levels(look)
    bad = found.price >= IMPOSSIBLE_PRICE
    bad |= found.dollars >= IMPOSSIBLE_DOLLARS * np.where(found.is_whole, 1, 10)
    return _words(look, found, bad)


def doubtful_prices(look: Look) -> Words | None:
    """Return the words of prices that hardly a stock has."""
    if not _may_lack_cents(look):
        return None
    found = _levels(look)
    dear = found.price >= DEAREST_DOLLARS
    rare = np.where(dear, found.dollars >= MANY_DOLLARS, found.price >= FEWEST_WHOLE_DOLLARS)
    return _words(look, found, found.is_whole & rare)


def whole_prices(look: Look) -> Words | None:
    """Return the words of prices without any cents, which are too many for that."""
    if not _may_lack_cents(look):
        return None
    found = _levels(look)
    return _words(look, found, found.is_whole & found.tells & (found.price < FEWEST_WHOLE_DOLLARS))


def _may_lack_cents(look: Look) -> bool:
    return look.zone.key.startswith(_DOLLARS_AND_CENTS) and bool(_are_whole(look).any())


def _are_whole(look: Look) -> NDArray[np.bool_]:
    """Return of which symbols all prices are whole numbers."""
    sample = look.sample
    with np.errstate(invalid="ignore"):
        fractions = sample.by_symbol(np.isfinite(sample.close) & (sample.close % 1 != 0))
    rows = sample.by_symbol(np.ones(len(sample.close), dtype=np.bool_))
    whole: NDArray[np.bool_] = (fractions == 0) & (rows >= FEWEST_ROWS)
    return whole


def _levels(look: Look) -> _Levels:
    sample = look.sample
    price = np.full(len(look.symbols), np.nan)
    dollars = np.zeros(len(look.symbols))
    tells = np.zeros(len(look.symbols), dtype=np.bool_)
    with np.errstate(invalid="ignore", over="ignore"):
        traded = np.nan_to_num(sample.close * sample.volume, posinf=0.0, neginf=0.0)
    rows = sample.by_symbol(np.ones(len(sample.close), dtype=np.bool_))
    bounds = np.concatenate([[0], np.cumsum(rows)]).astype(np.int64)
    for number in np.flatnonzero(rows):
        closes = sample.close[bounds[number] : bounds[number + 1]]
        valid = closes[np.isfinite(closes) & (closes > 0)]
        if len(valid):
            price[number] = np.median(valid)
            prices = len(np.unique(valid))
            tells[number] = _MANY_PRICES <= prices <= len(valid) / 2 and len(valid) >= _MANY_ROWS
        money = traded[bounds[number] : bounds[number + 1]]
        if (money > 0).any():
            most = _MOST_TIMES_THE_USUAL * np.median(money[money > 0])
            dollars[number] = np.minimum(money, most).sum()
    sessions = np.count_nonzero(~np.isnan(sample.late), axis=1)
    return _Levels(
        np.nan_to_num(price),
        _are_whole(look),
        dollars / np.maximum(1, sessions),
        tells,
    )


def _words(look: Look, found: _Levels, bad: NDArray[np.bool_]) -> Words | None:
    if not bad.any():
        return None
    numbers = np.flatnonzero(bad)
    worst = float(np.median(found.price[numbers]))
    _, unit = min(_UNITS, key=lambda one: abs(np.log(worst / one[0] / _USUAL_PRICE)))
    whole = "whole numbers, " if found.is_whole[numbers].all() else ""
    return {
        "symbols": look.listed(numbers),
        "price": f"{whole}near {worst:.6g}",
        "dollars": f"{float(np.median(found.dollars[numbers])):.2g}",
        "unit": unit,
    }
