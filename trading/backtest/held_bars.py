"""How many positions are held at each bar: the same by numpy as in machine code."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from trading.market.bars import Integers

# Writes how many positions more each bar has than the one before: of the STARTs of first and last
# fills, by the STARTs of all bars, to a number for each bar and one for what comes after them.
CountHeld = Callable[[Integers, Integers, Integers, Integers], None]


def count_held_in_a_loop(
    entry_us: Integers, exit_us: Integers, bars_us: Integers, more: Integers
) -> None:
    """Write the changes; for machine code.

    Trades follow each other by the time of their last fills, so that the next is never far.
    """
    more[:] = 0
    at = 0
    for us in entry_us:
        at = bar_from(bars_us, us, at)
        more[at] += 1
    at = 0
    for us in exit_us:
        at = bar_from(bars_us, us, at)
        more[at + 1] -= 1


def bar_from(bars_us: Integers, us: int, at: int) -> int:
    """Return the number of the bar with a START, looked for from another bar's number on."""
    while at > 0 and bars_us[at - 1] >= us:
        at -= 1
    while at < len(bars_us) and bars_us[at] < us:
        at += 1
    return at


def count_held_by_numpy(
    entry_us: Integers, exit_us: Integers, bars_us: Integers, more: Integers
) -> None:
    """Write what `count_held_in_a_loop` writes."""
    # What is searched for in order is found sooner.
    entry, leave = (np.searchsorted(bars_us, np.sort(us)) for us in (entry_us, exit_us))
    more[:] = np.bincount(entry, minlength=len(more))
    more -= np.bincount(leave + 1, minlength=len(more))
