"""The only writer of a book: fills, plans, marks and the changes of a session."""

from __future__ import annotations

import math

from trading.engine.book import (
    BASELINE,
    CASH,
    DRAWDOWN,
    ENTRY_ORDERS,
    LATCHED,
    OPEN_POSITIONS,
    PEAK,
    PENDING_ENTRIES,
    WAITING_EXITS,
    Book,
    Floats,
    equity,
)
from trading.engine.targets import target_level
from trading.entries import MARKET, USD
from trading.prices import r4


def begin_session(book: Book) -> None:
    """Start a session: baseline and peak from the equity, counters and the latch cleared."""
    book.money[BASELINE] = equity(book)
    if book.money[BASELINE] > book.money[PEAK]:
        book.money[PEAK] = book.money[BASELINE]
    book.flags[LATCHED] = 0
    book.flags[ENTRY_ORDERS] = 0
    book.changes[0] += 1
    for s in range(len(book.quantity)):
        book.entries[s] = 0
        book.previous_range[s] = math.nan
        book.previous_close[s] = math.nan
        book.earlier_range[s] = math.nan
        book.earlier_close[s] = math.nan
        book.last_volume[s] = math.nan
        book.last_us[s] = 0
        cancel_entry(book, s)


def plan_entry(
    book: Book, s: int, quantity: int, reference: float, stop: float, target: float
) -> None:
    """Record a market entry: signed quantity, reference price, stop, and target in USD from it."""
    book.pending[s] = quantity
    book.pending_reference[s] = reference
    book.pending_stop[s] = stop
    book.pending_target[s] = target
    book.pending_target_kind[s] = USD
    book.pending_order[s] = MARKET
    book.pending_level[s] = math.nan
    book.pending_bars[s] = -1
    book.flags[PENDING_ENTRIES] += 1
    book.flags[ENTRY_ORDERS] += 1
    book.changes[0] += 1


def rest_entry(
    book: Book, s: int, order: int, level: float, lifetime_bars: int, target_kind: int
) -> None:
    """Say of the entry that was planned last how it is ordered, and what its target counts."""
    book.pending_order[s] = order
    book.pending_level[s] = level
    book.pending_bars[s] = lifetime_bars if lifetime_bars > 0 else -1
    book.pending_target_kind[s] = target_kind


def cancel_entry(book: Book, s: int) -> None:
    """Forget the symbol's entry order, if it has one."""
    if book.pending[s] != 0:
        book.pending[s] = 0
        book.flags[PENDING_ENTRIES] -= 1
        book.changes[0] += 1


def plan_exit(book: Book, s: int, reason: int) -> None:
    """Let a position wait for its exit; the first reason stands, stop and target rest no more."""
    if book.quantity[s] != 0 and not book.exit_waiting[s]:
        book.exit_waiting[s] = True
        book.exit_reason[s] = reason
        book.flags[WAITING_EXITS] += 1


def cancel_exit(book: Book, s: int) -> None:
    """Let a position wait for its exit no more."""
    if book.exit_waiting[s]:
        book.exit_waiting[s] = False
        book.exit_reason[s] = 0
        book.flags[WAITING_EXITS] -= 1


def apply_entry_fill(
    book: Book, s: int, quantity: int, price: float, commission: float, us: int, units: int
) -> None:
    """Add one part of an entry, signed quantity, and set the plan's stop and target.

    Plan and order must be in the book; the caller cancels what is left of the order.
    """
    if book.quantity[s] == 0:
        hold(book, s)
        book.entries[s] += 1
        book.entry_quantity[s] = 0
        book.entry_notional[s] = 0.0
        book.entry_us[s] = us
        book.exit_quantity[s] = 0
        book.exit_notional[s] = 0.0
        book.assumed[s] = False
        book.profit[s] = 0.0
        book.exit_reason[s] = 0
        book.best[s] = math.nan
    book.changes[0] += 1
    book.quantity[s] += quantity
    book.entry_quantity[s] += abs(quantity)
    book.entry_notional[s] += abs(quantity) * price
    entry_price = r4(book.entry_notional[s] / book.entry_quantity[s])
    book.entry_price[s] = entry_price
    book.profit[s] -= commission
    book.money[CASH] -= quantity * price
    book.money[CASH] -= commission
    book.mark[s] = price
    book.initial_stop[s] = book.pending_stop[s]
    book.stop[s] = book.pending_stop[s]
    book.target[s] = target_level(
        entry_price,
        book.initial_stop[s],
        book.pending_target[s],
        book.pending_target_kind[s],
        quantity > 0,
        units,
    )


def hold(book: Book, s: int) -> None:
    """Put a symbol on the list of those held, which stays in the configured order."""
    i = book.flags[OPEN_POSITIONS]
    while i > 0 and book.held[i - 1] > s:
        book.held[i] = book.held[i - 1]
        i -= 1
    book.held[i] = s
    book.flags[OPEN_POSITIONS] += 1


def relist(book: Book) -> None:
    """Make the list of those held from the quantities, for a book that was read back."""
    count = 0
    for s in range(len(book.quantity)):
        if book.quantity[s] != 0:
            book.held[count] = s
            count += 1
    book.flags[OPEN_POSITIONS] = count


def let_go(book: Book, s: int) -> None:
    """Take a symbol off the list of those held."""
    kept = 0
    for i in range(book.flags[OPEN_POSITIONS]):
        book.held[kept] = book.held[i]
        kept += 1 if book.held[i] != s else 0
    book.flags[OPEN_POSITIONS] = kept


def apply_exit_fill(
    book: Book, s: int, quantity: int, price: float, commission: float, us: int
) -> bool:
    """Take one part of an exit, positive quantity, off the position; True when it is flat.

    The numbers of the trade stay in the book until the symbol's next entry.
    """
    book.changes[0] += 1
    if book.quantity[s] > 0:
        book.quantity[s] -= quantity
        book.money[CASH] += quantity * price
        book.profit[s] += quantity * (price - book.entry_price[s]) - commission
    else:
        book.quantity[s] += quantity
        book.money[CASH] -= quantity * price
        book.profit[s] += quantity * (book.entry_price[s] - price) - commission
    book.money[CASH] -= commission
    book.mark[s] = price
    book.exit_quantity[s] += quantity
    book.exit_notional[s] += quantity * price
    book.exit_us[s] = us
    if book.quantity[s] != 0:
        return False
    let_go(book, s)
    if book.exit_waiting[s]:
        book.exit_waiting[s] = False
        book.flags[WAITING_EXITS] -= 1
    book.stop[s] = math.nan
    book.target[s] = math.nan
    return True


def see_bar(
    book: Book, s: int, high: float, low: float, close: float, volume: float, us: int
) -> None:
    """Take a bar that is present into the book, and mark the symbol at its close."""
    remember_bar(book, s, high, low, close, volume, us)
    if book.quantity[s] != 0:
        book.mark[s] = close


def mark_positions(book: Book, close: Floats) -> None:
    """Mark positions at the closes of a bar, NaN where it is missing."""
    for i in range(book.flags[OPEN_POSITIONS]):
        s = book.held[i]
        if not math.isnan(close[s]):
            book.mark[s] = close[s]


def remember_bar(
    book: Book, s: int, high: float, low: float, close: float, volume: float, us: int
) -> None:
    """Keep of a bar what the slippage of later fills and an assumed close need."""
    book.earlier_range[s] = book.previous_range[s]
    book.earlier_close[s] = book.previous_close[s]
    book.last_volume[s] = volume
    book.previous_range[s] = high - low
    book.previous_close[s] = close
    book.last_us[s] = us


def forget_bars(book: Book, s: int) -> None:
    """Let the symbol's next bar have no previous one in its session (rules, section 9)."""
    book.previous_range[s] = math.nan
    book.previous_close[s] = math.nan
    book.earlier_range[s] = math.nan
    book.earlier_close[s] = math.nan


def latch(book: Book) -> None:
    """Forbid entries until the next session."""
    book.flags[LATCHED] = 1


def halt_by_drawdown(book: Book) -> None:
    """Forbid entries until an operator resumes."""
    book.flags[DRAWDOWN] = 1
