"""The order of the columns of a file without a header, found by what stands in them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise, permutations
from statistics import fmean

from blocks.bars.headerless.told_order import PASSED_OVER
from blocks.bars.headerless.values import (
    are_clocks,
    are_dates,
    are_names,
    are_times,
    kind_of,
    numbers_of,
)
from trading.market.bars import NUMBERS, PRICES

Rows = Sequence[Sequence[str]]

# The four prices of a bar are this near to one another, as a share of the lowest.
_WIDEST_BAR = 0.5
# A bar opens near the last one's close: the wrong way round the steps are this much longer.
_CLEARLY_LONGER = 1.5
_FEWEST_STEPS = 5
_NEARLY_ALL = 0.95


def found_order(rows: Rows) -> tuple[str, ...] | None:
    """Return our names for the columns, found by what stands in them, None where they are open.

    Rows have one width. High and low are the largest and the smallest of four columns side by
    side; which of the others is the open is what bars usually have, unless the steps from one row
    to the next say otherwise.
    """
    columns = _columns(rows)
    order = [PASSED_OVER] * len(columns)
    if not _place_times(order, columns):
        return None
    numbers = [
        None if order[at] != PASSED_OVER else numbers_of(columns[at]) for at in range(len(order))
    ]
    window = _place_prices(order, numbers)
    if window is None:
        return None
    place = _place_of_volume(order, numbers, columns, window)
    if place is None:
        return None
    order[place] = "volume"
    named = _named(order, columns)
    if len(named) > 1:
        # To take the wrong one, or none, would make one symbol of many.
        return None
    if named:
        order[named[0]] = "symbol"
    return tuple(order)


def hinted_order(rows: Rows) -> tuple[str, ...]:
    """Return the order that columns most likely have, to be put right by the user."""
    columns = _columns(rows)
    order = [PASSED_OVER] * len(columns)
    left = list(NUMBERS)
    if not _place_times(order, columns):
        return ("ts", *NUMBERS)
    for at, values in enumerate(columns):
        if order[at] == PASSED_OVER and left and numbers_of(values) is not None:
            order[at] = left.pop(0)
    for at in _named(order, columns)[:1]:
        order[at] = "symbol"
    return ("ts", *NUMBERS) if left else tuple(order)


def _named(order: Sequence[str], columns: Sequence[Sequence[str]]) -> list[int]:
    free = (at for at, name in enumerate(order) if name == PASSED_OVER)
    return [at for at in free if are_names(columns[at])]


def _place_of_volume(
    order: Sequence[str],
    numbers: Sequence[list[float] | None],
    columns: Sequence[Sequence[str]],
    window: int,
) -> int | None:
    """Return the column behind the prices that is no price, or else the only one before them."""
    free = [
        at
        for at, values in enumerate(columns)
        if order[at] == PASSED_OVER and numbers[at] is not None and not are_times(values)
    ]
    behind = [at for at in free if at > window]
    apart = [at for at in behind if not _near(numbers, [window, at])]
    begun = next(at for at, name in enumerate(order) if name in ("ts", "time"))
    before = [at for at in free if begun < at < window]
    if behind:
        return (apart or behind)[0]
    return before[0] if len(before) == 1 else None


def _columns(rows: Rows) -> list[tuple[str, ...]]:
    """Return the columns of those rows that most are like, so that a damaged one hides nothing."""
    kinds = [tuple(kind_of(field) for field in row) for row in rows]
    usual = Counter(kinds).most_common(1)[0][0]
    alike = [row for row, kind in zip(rows, kinds, strict=True) if kind == usual]
    return list(zip(*alike, strict=True))


def _place_times(order: list[str], columns: Sequence[Sequence[str]]) -> bool:
    for at, values in enumerate(columns):
        if are_times(values):
            order[at] = "ts"
            return True
    for at, values in enumerate(columns):
        if not are_dates(values):
            continue
        after = at + 1
        if after < len(columns) and are_clocks(columns[after]):
            order[at], order[after] = "date", "time"
            return True
    return False


def _place_prices(order: list[str], numbers: Sequence[list[float] | None]) -> int | None:
    for at in range(len(order) - len(PRICES) + 1):
        window = list(range(at, at + len(PRICES)))
        if any(numbers[place] is None for place in window) or not _near(numbers, window):
            continue
        columns = [numbers[place] or [] for place in window]
        fitting = [names for names in _orders() if _fits(dict(zip(names, columns, strict=True)))]
        if not fitting:
            continue
        names = fitting[0]
        swapped = tuple({"open": "close", "close": "open"}.get(name, name) for name in names)
        if _step(names, columns) > _CLEARLY_LONGER * _step(swapped, columns):
            names = swapped
        for place, name in zip(window, names, strict=True):
            order[place] = name
        return at
    return None


def _orders() -> list[tuple[str, ...]]:
    """Return the orders of the four prices, the usual one first and open before close."""
    usual = tuple(PRICES)
    others = [
        names
        for names in permutations(PRICES)
        if names != usual and names.index("open") < names.index("close")
    ]
    return [usual, *others]


def _fits(prices: dict[str, list[float]]) -> bool:
    rows = zip(prices["open"], prices["high"], prices["low"], prices["close"], strict=True)
    return _nearly_all(
        low <= min(opened, close) and high >= max(opened, close)
        for opened, high, low, close in rows
    )


def _nearly_all(rows: Iterable[bool]) -> bool:
    """Return whether something holds of all rows but a few that are damaged."""
    held = list(rows)
    return sum(held) >= _NEARLY_ALL * len(held)


def _step(names: Sequence[str], columns: Sequence[list[float]]) -> float:
    """Return how far a bar opens from the last one's close, 0 where there are too few bars."""
    named = dict(zip(names, columns, strict=True))
    opens, closes = named["open"], named["close"]
    if len(opens) <= _FEWEST_STEPS:
        return 0.0
    return fmean(abs(opens[at] - closes[before]) for before, at in pairwise(range(len(opens))))


def _near(numbers: Sequence[list[float] | None], places: Sequence[int]) -> bool:
    rows = zip(*(numbers[place] or [] for place in places), strict=True)
    return all(min(row) > 0 and max(row) <= min(row) * (1 + _WIDEST_BAR) for row in rows)
