"""Which columns of numbers are the four prices of bars, by what prices do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import combinations, pairwise, permutations
from statistics import fmean
from typing import NamedTuple

from trading.market.bars import PRICES

Column = Sequence[float]

# The four prices of a bar are this near to one another, as a share of the lowest.
_WIDEST_BAR = 0.5
# A bar opens near the last one's close: the wrong way round the steps are this much longer.
_CLEARLY_LONGER = 1.5
_FEWEST_STEPS = 5
_NEARLY_ALL = 0.95
# Four of so many columns are tried; more prices than that no vendor writes.
_MOST_LIKE_PRICES = 8


class Prices(NamedTuple):
    """The places of the four prices by our names, and whether no other could be meant."""

    places: Mapping[str, int]
    is_sure: bool


def found_prices(numbers: Sequence[Column | None]) -> Prices | None:
    """Return which columns are the prices, None where none can be; None stands for no numbers.

    Four side by side go before others. An average price beside them lies between high and low as
    open and close do, so that with more columns that are like prices the steps between bars tell.
    """
    for at in range(len(numbers) - len(PRICES) + 1):
        window = list(range(at, at + len(PRICES)))
        if any(numbers[place] is None for place in window) or not are_near(numbers, window):
            continue
        alike = _alike(numbers, window)
        found = _of_these(numbers, window, alike)
        if found is not None:
            return found
    return None


def are_near(numbers: Sequence[Column | None], places: Sequence[int]) -> bool:
    """Return whether columns are about as large as one another in every row."""
    rows = zip(*(numbers[place] or [] for place in places), strict=True)
    return all(min(row) > 0 and max(row) <= min(row) * (1 + _WIDEST_BAR) for row in rows)


def nearly_all(rows: Iterable[bool]) -> bool:
    """Return whether something holds of all rows but a few that are damaged."""
    held = list(rows)
    return sum(held) >= _NEARLY_ALL * len(held)


def _alike(numbers: Sequence[Column | None], window: Sequence[int]) -> list[int]:
    """Return the columns that are like the prices of a window, those of the window among them."""
    others = (
        at
        for at, values in enumerate(numbers)
        if at not in window and values is not None and are_near(numbers, [*window, at])
    )
    return sorted([*window, *list(others)[: _MOST_LIKE_PRICES - len(window)]])


def _of_these(
    numbers: Sequence[Column | None], window: Sequence[int], alike: Sequence[int]
) -> Prices | None:
    """Return the prices of a window, or of all that are alike where the steps speak for these."""
    columns = {place: numbers[place] or [] for place in alike}
    first = next(_fitting(columns, window), None)
    ways = [way for four in combinations(alike, len(PRICES)) for way in _fitting(columns, four)]
    ways += [_swapped(way) for way in ways]
    if first is None or not ways:
        return None
    is_usual = list(first) == list(PRICES)
    own = _step(first, columns)
    if own is None:
        # Too few bars to tell: four in the usual order are what they seem to be.
        return Prices(first, is_sure=len(alike) == len(PRICES) or is_usual)
    steps = [_step(way, columns) or 0.0 for way in ways]
    shortest = min(steps)
    if own <= _CLEARLY_LONGER * shortest or (shortest == 0 and is_usual):
        # A column of the last bar's closes is no open, though no step could be shorter.
        return Prices(first, is_sure=True)
    return Prices(ways[steps.index(shortest)], is_sure=shortest > 0)


def _fitting(columns: Mapping[int, Column], places: Sequence[int]) -> Iterator[Mapping[str, int]]:
    """Yield the ways in which four columns can be prices, the usual one first."""
    for names in _orders():
        way = dict(zip(names, places, strict=True))
        if _fits({name: columns[place] for name, place in way.items()}):
            yield way


def _swapped(way: Mapping[str, int]) -> Mapping[str, int]:
    return {**way, "open": way["close"], "close": way["open"]}


def _orders() -> list[tuple[str, ...]]:
    """Return the orders of the four prices, the usual one first and open before close."""
    usual = tuple(PRICES)
    others = [
        names
        for names in permutations(PRICES)
        if names != usual and names.index("open") < names.index("close")
    ]
    return [usual, *others]


def _fits(prices: Mapping[str, Column]) -> bool:
    rows = zip(prices["open"], prices["high"], prices["low"], prices["close"], strict=True)
    return nearly_all(
        low <= min(opened, close) and high >= max(opened, close)
        for opened, high, low, close in rows
    )


def _step(way: Mapping[str, int], columns: Mapping[int, Column]) -> float | None:
    """Return how far a bar opens from the last one's close, None where there are too few bars."""
    opens, closes = columns[way["open"]], columns[way["close"]]
    if len(opens) <= _FEWEST_STEPS:
        return None
    return fmean(abs(opens[at] - closes[before]) for before, at in pairwise(range(len(opens))))
