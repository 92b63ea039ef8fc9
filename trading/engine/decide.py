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
from trading.engine.entering import Entering
from trading.engine.risk import entry_quantity
from trading.engine.workspace import Scratch, Signals
from trading.entries import MARKET
from trading.gate.verdicts import Verdicts
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
            quantity = enter(book, rules, signals, at, s, close[s], worth)
            signals.shares[at, s] = quantity
            if quantity < 1:
                reasons[s] = SIZE_BELOW_ONE


def decide_entries(
    book: Book,
    rules: Rules,
    signals: Signals,
    entering: Entering,
    at: int,
    close: Floats,
    worth: float,
) -> None:
    """Plan the entries that `decide` plans, and keep nobody's reason."""
    if not may_enter(book, rules):
        return
    for i in range(entering.first[at], entering.first[at + 1]):
        s = entering.symbol[i]
        if standing_of(book, rules, s) >= ENTER_LONG:
            enter(book, rules, signals, at, s, close[s], worth)
            if not may_enter(book, rules):
                return


def may_enter(book: Book, rules: Rules) -> bool:
    """Return whether the account as a whole leaves room for one more entry order."""
    return bool(
        book.flags[LATCHED] == 0
        and book.flags[DRAWDOWN] == 0
        and book.flags[OPEN_POSITIONS] + book.flags[PENDING_ENTRIES] < rules.max_positions
        and book.flags[ENTRY_ORDERS] < rules.max_orders_per_session
    )


def bars_to_pass(
    book: Book, rules: Rules, entering: Entering, verdicts: Verdicts, row: int, at: int, bars: int
) -> int:
    """Return how many of the next `bars` bars an account that holds nothing lets pass.

    The first is in a row of the verdicts, and has row `at` of the signals. At those bars nobody
    enters, whatever the strategy says, and the gate tells nothing.
    """
    passing: int = entering.busy[at] - at
    can_enter = may_enter(book, rules)
    while passing < bars and verdicts.is_told[row + passing] == 0:
        for i in range(entering.first[at + passing], entering.first[at + passing + 1]):
            if can_enter and standing_of(book, rules, entering.symbol[i]) >= ENTER_LONG:
                return passing
        passing = entering.busy[at + passing + 1] - at
    return min(passing, bars)


def find_standing(book: Book, rules: Rules, scratch: Scratch) -> None:
    """Write the highest reason that the book leaves each symbol, whatever others do."""
    for s in range(len(book.quantity)):
        scratch.standing[s] = standing_of(book, rules, s)
    scratch.standing_of[0] = book.changes[0]


def standing_of(book: Book, rules: Rules, s: int) -> int:
    """Return the highest reason that the book leaves a symbol, whatever others do."""
    most = MAX_ENTRIES if book.entries[s] >= rules.max_entries else ENTER_SHORT
    most = ORDER_PENDING if book.pending[s] != 0 else most
    return POSITION_OPEN if book.quantity[s] != 0 else most


def enter(
    book: Book,
    rules: Rules,
    signals: Signals,
    at: int,
    s: int,
    close: float,
    worth: float,
) -> int:
    """Plan an entry of as many shares as risk and funds allow, if that is one; return how many."""
    price = close
    if rules.has_orders and signals.order[at, s] != MARKET:
        price = signals.level[at, s]
    stop = signals.stop[at, s]
    quantity = entry_quantity(book, rules, price, abs(price - stop), worth)
    if quantity >= 1:
        signed = quantity if signals.reason[at, s] == ENTER_LONG else -quantity
        target = signals.target[at, s] * rules.target_multiple
        plan_entry(book, s, signed, price, stop, target)
        if rules.has_orders:
            rest_entry(
                book,
                s,
                signals.order[at, s],
                signals.level[at, s],
                signals.lifetime[at, s],
                signals.target_kind[at, s],
            )
    return quantity
