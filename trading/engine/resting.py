"""Entries that rest at a level: when a bar fills them, and when they end (rules, section 12)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from trading.engine.book import PENDING_ENTRIES, Book
from trading.engine.book_changes import cancel_entry
from trading.entries import MARKET, STOP
from trading.reasons import (
    DATA_GATE_STALE,
    DATA_GATE_ZERO_VOLUME,
    NO_DECISION,
    ORDER_PENDING,
)


def waits_above(order: int, is_long: bool) -> bool:
    """Return whether price has to rise to an entry's level, or else to fall."""
    return (order == STOP) == is_long


def is_there(order: int, is_long: bool, level: float, price: float) -> bool:
    """Return whether a price is at an entry's level or beyond it; NaN is nowhere."""
    return price >= level if waits_above(order, is_long) else price <= level


def fills_at_open(book: Book, s: int, opened: float) -> bool:
    """Return whether a symbol's entry fills at the open of a bar, NaN where it is missing."""
    if book.pending_order[s] == MARKET:
        # No comparison with NaN is true.
        return opened > 0
    return is_there(book.pending_order[s], book.pending[s] > 0, book.pending_level[s], opened)


def fills_inside(book: Book, s: int, high: float, low: float) -> bool:
    """Return whether a bar that did not open at an entry's level comes to it."""
    order, is_long = book.pending_order[s], book.pending[s] > 0
    reached = high if waits_above(order, is_long) else low
    return order != MARKET and is_there(order, is_long, book.pending_level[s], reached)


def was_there_from_open(book: Book, s: int, opened: float, us: int, end_us: int) -> bool:
    """Return whether a position was held from the open of a bar, which lasts until `end_us`.

    An entry inside the bar filled after its open, at its level. At a broker a fill has the moment
    of its execution, and one may be heard of before an earlier bar is closed.
    """
    if book.entry_us[s] < us:
        return True
    order, is_long = book.pending_order[s], book.quantity[s] > 0
    is_at_open = order == MARKET or is_there(order, is_long, book.pending_level[s], opened)
    return is_at_open and book.entry_us[s] < end_us


def cancel_resting(book: Book, gates: NDArray[np.uint8], after_cutoff: bool) -> None:
    """Cancel the resting entries that a bar's close ends, before anything is decided there.

    `gates` (symbols) holds the reason that forbids entries or 0, and is empty where there is none.
    """
    left = book.flags[PENDING_ENTRIES]
    for s in range(len(book.pending)):
        if left == 0:
            break
        if book.pending[s] != 0:
            left -= 1
            if book.pending_order[s] != MARKET:
                is_forbidden = len(gates) > 0 and ends_resting(gates[s])
                if is_too_old(book, s) or is_forbidden or after_cutoff:
                    cancel_entry(book, s)


def ends_resting(reason: int) -> bool:
    """Return whether a reason at a close cancels what rests; two of the gate's only add nothing."""
    is_earlier = NO_DECISION < reason < ORDER_PENDING
    return is_earlier and reason != DATA_GATE_STALE and reason != DATA_GATE_ZERO_VOLUME


def is_too_old(book: Book, s: int) -> bool:
    """Count a close in an entry's lifetime, and return whether it was the last one."""
    left: int = book.pending_bars[s]
    if left > 0:
        left -= 1
        book.pending_bars[s] = left
    return left == 0
