"""Stops that follow a position and never move against it (rules, sections 2, 3 and 12)."""

from __future__ import annotations

import math

from trading.engine.book import Book
from trading.prices import round_down, round_up
from trading.rules import Rules

# Numbers of `Rules.trailing`; 0 is a stop that stays.
BREAKEVEN = 1
STEPPED = 2
BY_ATR = 3
BY_DOLLARS = 4
BY_PERCENT = 5


def trail(book: Book, rules: Rules, s: int, high: float, low: float, atr: float) -> None:
    """Move the symbol's stop by the bar's extreme; it works from the next bar on.

    `atr` is the ATR(14) at the bar's close, NaN where there is none or nothing needs it.
    """
    if rules.trailing >= BY_ATR:
        follow_best(book, rules, s, high, low, atr)
        return
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


def follow_best(book: Book, rules: Rules, s: int, high: float, low: float, atr: float) -> None:
    """Keep the stop behind the best price since the entry, this bar's included."""
    is_long = book.quantity[s] > 0
    best = book.best[s]
    if is_long and not best >= high:
        best = high
    if not is_long and not best <= low:
        best = low
    book.best[s] = best
    if rules.trailing == BY_PERCENT:
        level = best * (1 - rules.trail_pct) if is_long else best * (1 + rules.trail_pct)
    else:
        distance = rules.trail_atr * atr if rules.trailing == BY_ATR else rules.trail_dollars
        level = best - distance if is_long else best + distance
    if not math.isnan(level):
        move_stop(book, rules, s, level, is_long)


def raise_stop(book: Book, rules: Rules, s: int, beyond: float, is_long: bool) -> None:
    """Put the stop so many USD beyond the entry fill unless it already is further."""
    entry = book.entry_price[s]
    move_stop(book, rules, s, entry + beyond if is_long else entry - beyond, is_long)


def move_stop(book: Book, rules: Rules, s: int, price: float, is_long: bool) -> None:
    """Put the stop at a price, rounded away from the position, unless it already is further."""
    if is_long:
        level = round_down(price, rules.tick_units)
        if math.isnan(book.stop[s]) or level > book.stop[s]:
            book.stop[s] = level
    else:
        level = round_up(price, rules.tick_units)
        if math.isnan(book.stop[s]) or level < book.stop[s]:
            book.stop[s] = level
