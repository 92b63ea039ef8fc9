"""Sorting without memory of its own, as machine code of the engine has none."""

from __future__ import annotations

from trading.market.bars import Floats, Integers


def rank_all(strength: Floats, order: Integers, count: int) -> None:
    """Sort the first `count` by strength, the highest first, and equal ones by their numbers.

    Source: heapsort, J. W. J. Williams, Communications of the ACM 7 (1964).
    """
    for root in range(count // 2 - 1, -1, -1):
        sift(strength, order, root, count)
    for last in range(count - 1, 0, -1):
        swap(strength, order, 0, last)
        sift(strength, order, 0, last)


def sift(strength: Floats, order: Integers, root: int, count: int) -> None:
    """Let the last in the ranking come to the top of the heap below a root."""
    while 2 * root + 1 < count:
        child = 2 * root + 1
        if child + 1 < count and is_behind(strength, order, child + 1, child):
            child += 1
        if not is_behind(strength, order, child, root):
            return
        swap(strength, order, root, child)
        root = child


def is_behind(strength: Floats, order: Integers, one: int, other: int) -> bool:
    """Return whether the one comes after the other."""
    if strength[one] != strength[other]:
        return bool(strength[one] < strength[other])
    return bool(order[one] > order[other])


def swap(strength: Floats, order: Integers, one: int, other: int) -> None:
    """Let two places change what they hold."""
    kept, number = strength[one], order[one]
    strength[one], order[one] = strength[other], order[other]
    strength[other], order[other] = kept, number
