"""The order of the columns of a file without a header, found by what stands in them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from blocks.bars.headerless.direction import is_newest_first
from blocks.bars.headerless.prices import found_prices
from blocks.bars.headerless.told_order import PASSED_OVER
from blocks.bars.headerless.values import (
    are_clocks,
    are_dates,
    are_names,
    are_times,
    kind_of,
    numbers_of,
)
from blocks.bars.headerless.volume import found_volume
from trading.market.bars import NUMBERS

Rows = Sequence[Sequence[str]]


def found_order(rows: Rows) -> tuple[str, ...] | None:
    """Return our names for the columns, found by what stands in them, None where they are open.

    Rows have one width. High and low are the largest and the smallest of four columns; which of
    the others is the open is what bars usually have, unless the steps from one row to the next
    say otherwise, as they do of an average price among the four.
    """
    found = _found(rows)
    return found.order if found is not None and found.is_sure else None


def hinted_order(rows: Rows) -> tuple[str, ...]:
    """Return the order that columns most likely have, to be put right by the user."""
    found = _found(rows)
    if found is not None:
        return found.order
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


class _Order(NamedTuple):
    """An order of columns, and whether nothing else could be meant."""

    order: tuple[str, ...]
    is_sure: bool


def _found(rows: Rows) -> _Order | None:
    columns = _columns(rows)
    order = [PASSED_OVER] * len(columns)
    if not _place_times(order, columns):
        return None
    if _is_newest_first(order, columns):
        # What prices and volumes do, they do in the direction of time.
        columns = [tuple(reversed(values)) for values in columns]
    numbers = [
        None if order[at] != PASSED_OVER or are_times(values) else numbers_of(values)
        for at, values in enumerate(columns)
    ]
    prices = found_prices(numbers)
    if prices is None:
        return None
    for name, place in prices.places.items():
        order[place] = name
    begun = next(at for at, name in enumerate(order) if name in ("ts", "time"))
    volume = found_volume(numbers, prices.places, begun)
    if volume is None:
        return None
    order[volume.place] = "volume"
    named = _named(order, columns)
    for at in named[:1]:
        order[at] = "symbol"
    # To take the wrong one of several names, or none, would make one symbol of many.
    return _Order(tuple(order), prices.is_sure and volume.is_sure and len(named) < 2)


def _is_newest_first(order: Sequence[str], columns: Sequence[Sequence[str]]) -> bool:
    if "ts" in order:
        return is_newest_first(columns[order.index("ts")], None)
    return is_newest_first(columns[order.index("date")], columns[order.index("time")])


def _named(order: Sequence[str], columns: Sequence[Sequence[str]]) -> list[int]:
    free = (at for at, name in enumerate(order) if name == PASSED_OVER)
    return [at for at in free if are_names(columns[at])]


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
