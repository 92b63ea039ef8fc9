"""Stops that follow a position and never move against it (rules, sections 2 and 3)."""

from __future__ import annotations

import math

from trading.engine.book import Book
from trading.parameters import Rules
from trading.prices import round_down, round_up

BREAKEVEN = 1
STEPPED = 2


def trail(book: Book, rules: Rules, s: int, high: float, low: float) -> None:
    """Move the symbol's stop by the bar's extreme; it works from the next bar on."""
    entry = book.entry_price[s]
    risk = abs(entry - book.initial_stop[s])
    is_long = book.quantity[s] > 0
    move = high - entry if is_long else entry - low
    if rules.trailing == BREAKEVEN:
        if move >= rules.trail_trigger_r * risk:
            raise_stop(book, rules, s, rules.trail_plus, is_long)
    else:
        for step in range(len(rules.trail_at_r)):
            if move >= rules.trail_at_r[step] * risk:
                raise_stop(book, rules, s, rules.trail_stop_r[step] * risk, is_long)


def raise_stop(book: Book, rules: Rules, s: int, beyond: float, is_long: bool) -> None:
    """Put the stop so many USD beyond the entry fill unless it already is further."""
    entry = book.entry_price[s]
    if is_long:
        level = round_down(entry + beyond, rules.tick_units)
        if math.isnan(book.stop[s]) or level > book.stop[s]:
            book.stop[s] = level
    else:
        level = round_up(entry - beyond, rules.tick_units)
        if math.isnan(book.stop[s]) or level < book.stop[s]:
            book.stop[s] = level
