"""Which column of numbers beside the prices of bars is their volume."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from blocks.bars.headerless.prices import Column, are_near, nearly_all

# Open interest and the like change by less than this from the smallest to the largest.
_HARDLY_CHANGES = 1.2
# A sum of the day rises from row to row, but for the days' first ones.
_FEWEST_STEPS = 10
_FEW_TURNS = 0.1
# Prices move by less from row to row.
_SMALL_STEP = 0.05


class Volume(NamedTuple):
    """The place of the volume, and whether no other column could be meant."""

    place: int
    is_sure: bool


def found_volume(
    numbers: Sequence[Column | None], prices: Mapping[str, int], begun: int
) -> Volume | None:
    """Return the column behind the prices that is no price, or else the only one before them.

    `begun` is the last column of the time. Of several columns behind them it is the first, unless
    that can be a number of trades: whole, and never more than the shares that another one has.
    """
    first = min(prices.values())
    free = [at for at, values in enumerate(numbers) if values and at not in prices.values()]
    behind = [at for at in free if at > first]
    apart = [
        at for at in behind if not are_near(numbers, [first, at]) and not _is_smooth(numbers[at])
    ]
    before = [at for at in free if begun < at < first]
    if behind:
        return _of_several(numbers, prices, apart or behind)
    return Volume(before[0], is_sure=True) if len(before) == 1 else None


def _of_several(
    numbers: Sequence[Column | None], prices: Mapping[str, int], places: Sequence[int]
) -> Volume:
    values = [numbers[place] or [] for place in places]
    first = values[0]
    if _is_running_total(first):
        # A sum of the day: the volume is what it grows by from bar to bar, in time's direction.
        parts = [
            place
            for place, other in zip(places[1:], values[1:], strict=True)
            if _are_steps(other, first)
        ]
        return Volume(parts[0] if parts else places[0], is_sure=bool(parts))
    lows, highs = (numbers[prices[name]] or [] for name in ("low", "high"))
    for place, other in zip(places[1:], values[1:], strict=True):
        if _is_money(first, other, lows, highs):
            return Volume(place, is_sure=True)
    is_priced = any(_is_money(other, first, lows, highs) for other in values[1:])
    if is_priced or not _is_whole(first):
        return Volume(places[0], is_sure=True)
    rivals = [
        place
        for place, other in zip(places[1:], values[1:], strict=True)
        if _is_whole(other) and not _is_slow(other) and not nearly_all(_at_most(other, first))
    ]
    shares = [at for at in rivals if nearly_all(_at_most(first, numbers[at] or []))]
    return Volume(shares[0] if shares else places[0], is_sure=not rivals)


def _is_running_total(values: Column) -> bool:
    steps = [after - before for before, after in pairwise(values)]
    up, down = sum(step > 0 for step in steps), sum(step < 0 for step in steps)
    # Days begin anew; newest rows may come first.
    return len(steps) >= _FEWEST_STEPS and min(up, down) <= _FEW_TURNS * len(steps)


def _is_smooth(values: Column | None) -> bool:
    """Return whether values move as prices do, which volumes never do, such as adjusted closes."""
    steps = list(pairwise(values or []))
    moves = [abs(after - before) <= _SMALL_STEP * before for before, after in steps]
    is_long = len(moves) >= _FEWEST_STEPS and min(values or [0]) > 0
    return is_long and nearly_all(moves) and not _is_running_total(values or [])


def _are_steps(values: Column, total: Column) -> bool:
    """Return whether values are what a sum grows by, the oldest rows first or the newest."""
    oldest = zip(values[1:], pairwise(total), strict=True)
    newest = zip(values[:-1], pairwise(total), strict=True)
    return _nearly(value == after - before for value, (before, after) in oldest) or _nearly(
        value == before - after for value, (before, after) in newest
    )


def _nearly(rows: Iterable[bool]) -> bool:
    held = list(rows)
    return sum(held) >= (1 - _FEW_TURNS) * len(held)


def _at_most(one: Column, other: Column) -> list[bool]:
    return [mine <= others for mine, others in zip(one, other, strict=True)]


def _is_money(values: Column, shares: Column, lows: Column, highs: Column) -> bool:
    """Return whether values are what so many shares cost at a bar's prices."""
    rows = zip(values, shares, lows, highs, strict=True)
    return any(shares) and nearly_all(
        low * count <= value * 1.001 and value <= high * count * 1.001
        for value, count, low, high in rows
    )


def _is_whole(values: Column) -> bool:
    return all(value == int(value) and value >= 0 for value in values)


def _is_slow(values: Column) -> bool:
    return min(values) > 0 and max(values) < _HARDLY_CHANGES * min(values)
