"""The simulated venue: which orders fill in a bar, at which price (rules, section 4)."""

from __future__ import annotations

import math

from trading.engine.book import (
    OPEN_POSITIONS,
    PENDING_ENTRIES,
    WAITING_EXITS,
    Book,
    equity,
    gross_exposure,
)
from trading.engine.book_changes import apply_entry_fill, apply_exit_fill, cancel_entry, plan_exit
from trading.engine.resting import fills_at_open, fills_inside
from trading.engine.tapes.trade_tape import Tape, record_fill, record_trade
from trading.entries import LIMIT
from trading.market.bars import Prices
from trading.prices import LOWEST_FILL_PRICE, r4
from trading.reasons import (
    EXIT_STOP,
    EXIT_TARGET,
    LEG_ASSUMED_CLOSE,
    LEG_ENTRY,
    LEG_EXIT,
    LEG_STOP,
    LEG_TARGET,
)
from trading.rules import Rules

# More shares than any bar has, and still whole as a float and as 64 bits.
NO_CAP = 9_000_000_000_000_000


def slipped(
    rules: Rules,
    price: float,
    quantity: int,
    volume: float,
    previous_range: float,
    previous_close: float,
) -> float:
    """Return the price of a market or stop fill, worse by the slippage; buys are positive.

    `volume` is the fill bar's; `previous_range` and `previous_close` are those of the bar
    before the fill bar in the session, NaN when there is none.
    """
    slippage = rules.slippage
    if rules.volatility_factor > 0 and previous_close > 0:
        slippage += rules.volatility_factor * previous_range / previous_close
    if rules.impact_factor > 0 and volume > 0:
        slippage += rules.impact_factor * math.sqrt(abs(quantity) / volume)
    if quantity > 0:
        return max(r4(price * (1 + slippage)), LOWEST_FILL_PRICE)
    return max(r4(price * (1 - slippage)), LOWEST_FILL_PRICE)


def venue_price(
    book: Book, rules: Rules, s: int, price: float, quantity: int, volume: float
) -> float:
    """Return the slipped price of a fill in the bar that follows those seen so far."""
    return slipped(rules, price, quantity, volume, book.previous_range[s], book.previous_close[s])


def commission_of(rules: Rules, quantity: int) -> float:
    """Return the commission of one filled part, USD."""
    return max(rules.commission_per_share * quantity, rules.commission_minimum)


def fees_of(rules: Rules, quantity: int, price: float) -> float:
    """Return the fees on one filled part that sells, USD (rules, section 14)."""
    sec = rules.sec_fee_per_million * (quantity * price) / 1_000_000
    return sec + min(rules.taf_per_share * quantity, rules.taf_maximum)


def charges_of(rules: Rules, quantity: int, price: float) -> float:
    """Return commission and fees of one filled part, signed quantity, USD."""
    charges = commission_of(rules, abs(quantity))
    if quantity < 0:
        charges += fees_of(rules, -quantity, price)
    return charges


def participation_cap(rules: Rules, volume: float) -> int:
    """Return how many shares one side of a symbol's orders may take from a bar."""
    if rules.max_participation == 0:
        return NO_CAP
    return math.floor(min(rules.max_participation * volume, float(NO_CAP)))


def fill_exit(
    book: Book, rules: Rules, tape: Tape, s: int, leg: int, quantity: int, price: float, us: int
) -> None:
    """Fill part of an exit at a final price and keep the trade when the position is flat."""
    side = -1 if book.quantity[s] > 0 else 1
    commission = charges_of(rules, side * quantity, price)
    record_fill(tape, us, s, leg, side * quantity, price, commission)
    if apply_exit_fill(book, s, quantity, price, commission, us):
        record_trade(tape, book, s, -side)


def match_bar(
    book: Book,
    rules: Rules,
    tape: Tape,
    bar: Prices,
    us: int,
) -> None:
    """Fill what a bar fills: exits at its open, entries at its open, stops and targets, and then
    the entries that it comes to later.

    The bar is arrays of (symbols).
    """
    opened, high, low, _, volume = bar
    i = 0
    while book.flags[WAITING_EXITS] > 0 and i < book.flags[OPEN_POSITIONS]:
        s = book.held[i]
        if book.exit_waiting[s] and not math.isnan(opened[s]):
            held = book.quantity[s]
            quantity = min(abs(held), participation_cap(rules, volume[s]))
            if quantity >= 1:
                signed = -quantity if held > 0 else quantity
                price = venue_price(book, rules, s, opened[s], signed, volume[s])
                fill_exit(book, rules, tape, s, LEG_EXIT, quantity, price, us)
        # A symbol that became flat is off the list, and the next one is in its place.
        i += 1 if book.held[i] == s else 0
    left = book.flags[PENDING_ENTRIES]
    for s in range(len(book.quantity)):
        if left == 0:
            break
        if book.pending[s] != 0:
            left -= 1
            if fills_at_open(book, s, opened[s]):
                fill_entry(book, rules, tape, s, opened[s], volume[s], us)
    i = 0
    while i < book.flags[OPEN_POSITIONS]:
        s = book.held[i]
        if not book.exit_waiting[s]:
            leg = touched(book.quantity[s], book.stop[s], book.target[s], high[s], low[s])
            # A bar that is missing touches nothing: no comparison with NaN is true.
            if leg != LEG_ENTRY:
                touch(book, rules, tape, s, leg, opened[s], volume[s], us)
        i += 1 if book.held[i] == s else 0
    left = book.flags[PENDING_ENTRIES]
    for s in range(len(book.quantity)):
        if left == 0:
            break
        if book.pending[s] != 0:
            left -= 1
            if fills_inside(book, s, high[s], low[s]):
                fill_inside(book, rules, tape, s, high[s], low[s], volume[s], us)


def fill_inside(
    book: Book,
    rules: Rules,
    tape: Tape,
    s: int,
    high: float,
    low: float,
    volume: float,
    us: int,
) -> None:
    """Fill an entry at its level, and test its stop at once as if the worst came after it."""
    fill_entry(book, rules, tape, s, book.pending_level[s], volume, us)
    stop = book.stop[s]
    if touched(book.quantity[s], stop, math.nan, high, low) == LEG_STOP:
        touch(book, rules, tape, s, LEG_STOP, stop, volume, us)


def fill_entry(
    book: Book, rules: Rules, tape: Tape, s: int, offered: float, volume: float, us: int
) -> None:
    """Fill an entry at the price offered as far as volume and funds allow, and drop the rest."""
    ordered = book.pending[s]
    side = 1 if ordered > 0 else -1
    quantity = min(abs(ordered), participation_cap(rules, volume))
    if quantity >= 1:
        price = offered
        if book.pending_order[s] != LIMIT:
            price = venue_price(book, rules, s, offered, side * quantity, volume)
        affordable = (rules.leverage * equity(book) - gross_exposure(book)) / price
        # Compared as a float first: an equity that is not finite has no floor.
        if affordable >= 1:
            quantity = min(quantity, math.floor(min(affordable, float(NO_CAP))))
            commission = charges_of(rules, side * quantity, price)
            record_fill(tape, us, s, LEG_ENTRY, side * quantity, price, commission)
            apply_entry_fill(book, s, side * quantity, price, commission, us, rules.tick_units)
    cancel_entry(book, s)


def touched(held: int, stop: float, target: float, high: float, low: float) -> int:
    """Return which leg of a position a bar touches, LEG_ENTRY for none; of both the stop wins."""
    if (held > 0 and low <= stop) or (held < 0 and high >= stop):
        return LEG_STOP
    if (held > 0 and high >= target) or (held < 0 and low <= target):
        return LEG_TARGET
    return LEG_ENTRY


def touch(
    book: Book, rules: Rules, tape: Tape, s: int, leg: int, opened: float, volume: float, us: int
) -> None:
    """Fire a touched stop or target, and fill as much of it as the bar's volume allows."""
    held = book.quantity[s]
    stop, target = book.stop[s], book.target[s]
    quantity = min(abs(held), participation_cap(rules, volume))
    if leg == LEG_STOP:
        plan_exit(book, s, EXIT_STOP)
        if quantity >= 1:
            worse = min(opened, stop) if held > 0 else max(opened, stop)
            signed = -quantity if held > 0 else quantity
            price = venue_price(book, rules, s, worse, signed, volume)
            fill_exit(book, rules, tape, s, LEG_STOP, quantity, price, us)
    else:
        plan_exit(book, s, EXIT_TARGET)
        if quantity >= 1:
            price = max(opened, target) if held > 0 else min(opened, target)
            fill_exit(book, rules, tape, s, LEG_TARGET, quantity, price, us)


def assume_close(book: Book, rules: Rules, tape: Tape) -> int:
    """Book exits that found no further bar at the symbol's last close; return how many.

    An assumption, not a fill: whole, slipping, without the participation cap.
    """
    assumed = 0
    if book.flags[WAITING_EXITS] > 0:
        for s in range(len(book.quantity)):
            if book.exit_waiting[s] and book.last_us[s] > 0:
                quantity = abs(book.quantity[s])
                signed = -quantity if book.quantity[s] > 0 else quantity
                book.assumed[s] = True
                # The fill bar is the last one, so the bar before it sets the volatility.
                price = slipped(
                    rules,
                    book.previous_close[s],
                    signed,
                    book.last_volume[s],
                    book.earlier_range[s],
                    book.earlier_close[s],
                )
                fill_exit(book, rules, tape, s, LEG_ASSUMED_CLOSE, quantity, price, book.last_us[s])
                assumed += 1
    return assumed
