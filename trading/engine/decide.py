"""The one decision that each symbol gets at a bar's close (rules, section 2, step 6)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from trading.engine.book import (
    DRAWDOWN,
    ENTRY_ORDERS,
    LATCHED,
    OPEN_POSITIONS,
    PENDING_ENTRIES,
    Book,
)
from trading.engine.book_changes import plan_entry, rest_entry
from trading.engine.risk import entry_quantity
from trading.engine.workspace import Scratch, Signals
from trading.entries import MARKET
from trading.market.bars import Floats
from trading.reasons import (
    ENTER_LONG,
    ENTER_SHORT,
    HALTED,
    MAX_ENTRIES,
    MAX_POSITIONS,
    ORDER_PENDING,
    ORDER_RATE,
    POSITION_OPEN,
    SIZE_BELOW_ONE,
)
from trading.reasons import LATCHED as REASON_LATCHED
from trading.rules import Rules


def decide(
    book: Book,
    rules: Rules,
    scratch: Scratch,
    signals: Signals,
    at: int,
    gates: NDArray[np.uint8],
    close: Floats,
    worth: float,
) -> None:
    """Give each symbol its one decision of the bar, and plan the entries among them.

    The first reason that applies is the lowest, so that nobody need ask which came first.
    """
    reasons = signals.reason[at]
    symbols = len(reasons)
    is_full = book.flags[OPEN_POSITIONS] + book.flags[PENDING_ENTRIES] >= rules.max_positions
    if scratch.standing_of[0] != book.changes[0]:
        find_standing(book, rules, scratch)
    most = MAX_POSITIONS if is_full else ENTER_SHORT
    most = REASON_LATCHED if book.flags[LATCHED] != 0 else most
    ceiling = np.uint8(HALTED if book.flags[DRAWDOWN] != 0 else most)
    highest = np.uint8(0)
    for s in range(symbols):
        reasons[s] = min(min(reasons[s], scratch.standing[s]), ceiling)
        highest = max(highest, reasons[s])
    for s in range(len(gates)):
        if gates[s] != 0:
            reasons[s] = min(reasons[s], gates[s])
    if is_full or highest < ENTER_LONG:
        # Positions only become fewer between bars: nobody enters, whoever else is asked.
        return
    candidates = 0
    for s in range(symbols):
        scratch.chosen[candidates] = s
        candidates += 1 if reasons[s] >= ENTER_LONG else 0
    for i in range(candidates):
        s = scratch.chosen[i]
        if book.flags[OPEN_POSITIONS] + book.flags[PENDING_ENTRIES] >= rules.max_positions:
            reasons[s] = MAX_POSITIONS
        elif book.flags[ENTRY_ORDERS] >= rules.max_orders_per_session:
            reasons[s] = ORDER_RATE
        else:
            enter(book, rules, scratch, signals, at, s, close[s], worth)


def find_standing(book: Book, rules: Rules, scratch: Scratch) -> None:
    """Write the highest reason that the book leaves each symbol, whatever others do."""
    for s in range(len(book.quantity)):
        most = MAX_ENTRIES if book.entries[s] >= rules.max_entries else ENTER_SHORT
        most = ORDER_PENDING if book.pending[s] != 0 else most
        most = POSITION_OPEN if book.quantity[s] != 0 else most
        scratch.standing[s] = most
    scratch.standing_of[0] = book.changes[0]


def enter(
    book: Book,
    rules: Rules,
    scratch: Scratch,
    signals: Signals,
    at: int,
    s: int,
    close: float,
    worth: float,
) -> None:
    """Plan an entry of as many shares as risk and funds allow, if that is one at least."""
    price = close
    if rules.has_orders and signals.order[at, s] != MARKET:
        price = signals.level[at, s]
    stop = signals.stop[at, s]
    quantity = entry_quantity(book, rules, price, abs(price - stop), worth)
    signals.shares[at, s] = quantity
    if quantity < 1:
        signals.reason[at, s] = SIZE_BELOW_ONE
    else:
        signed = quantity if signals.reason[at, s] == ENTER_LONG else -quantity
        plan_entry(book, s, signed, price, stop, signals.target[at, s])
        if rules.has_orders:
            rest_entry(
                book,
                s,
                signals.order[at, s],
                signals.level[at, s],
                signals.lifetime[at, s],
                signals.target_kind[at, s],
            )
