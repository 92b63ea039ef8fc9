"""The book of one account: cash, positions, plans and resting orders, as arrays by symbol.

The bot keeps one, and so does the simulated venue; a backtest lets one serve as both. Only
`portfolio` writes to it.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

# Elements of Book.money, USD.
CASH = 0
BASELINE = 1
PEAK = 2

# Elements of Book.flags.
LATCHED = 0
ENTRY_ORDERS = 1
OPEN_POSITIONS = 2
PENDING_ENTRIES = 3
WAITING_EXITS = 4
DRAWDOWN = 5


class Book(NamedTuple):
    """Arrays of (symbols) unless noted; prices in USD, quantities in shares, NaN = none."""

    money: Floats  # (3): cash, the session's baseline, and the peak that a drawdown counts from
    flags: Integers  # (6): latched, entry orders created, three counts, halted by drawdown
    changes: Integers  # (1): how often quantities, pending entries or their counts changed
    held: Integers  # the symbols with a position, ascending, as many as flags say
    quantity: Integers  # signed: shorts are negative
    mark: Floats
    entry_quantity: Integers
    entry_notional: Floats
    entry_price: Floats
    entry_us: Integers
    initial_stop: Floats
    stop: Floats
    target: Floats
    best: Floats  # the highest high (lowest low) since the entry, NaN before there is one
    exit_waiting: NDArray[np.bool_]
    exit_reason: Integers
    exit_quantity: Integers
    exit_notional: Floats
    exit_us: Integers
    assumed: NDArray[np.bool_]
    profit: Floats
    entries: Integers  # fills of entries in this session
    pending: Integers  # signed quantity of the entry order, 0 = none
    pending_reference: Floats
    pending_stop: Floats
    pending_target: Floats  # from the entry fill, in `pending_target_kind`; NaN = no target
    pending_target_kind: Integers  # USD, FRACTION or R of `trading.entries`
    pending_order: Integers  # MARKET, STOP or LIMIT of `trading.entries`
    pending_level: Floats  # where it rests, NaN for a market order
    pending_bars: Integers  # how many more closes a resting order stands, -1 = no such end
    previous_range: Floats  # high - low of the previous bar in the session
    previous_close: Floats
    earlier_range: Floats  # the same of the bar before that
    earlier_close: Floats
    last_volume: Floats
    last_us: Integers  # START of the session's last bar that was present


def new_book(symbols: int, cash: float) -> Book:
    """Return the book of an account that holds nothing but cash, USD."""

    def floats(value: float = np.nan) -> Floats:
        return np.full(symbols, value, dtype=np.float64)

    def integers() -> Integers:
        return np.zeros(symbols, dtype=np.int64)

    return Book(
        money=np.array([cash, cash, cash], dtype=np.float64),
        flags=np.zeros(6, dtype=np.int64),
        changes=np.zeros(1, dtype=np.int64),
        held=integers(),
        quantity=integers(),
        mark=floats(),
        entry_quantity=integers(),
        entry_notional=floats(0.0),
        entry_price=floats(),
        entry_us=integers(),
        initial_stop=floats(),
        stop=floats(),
        target=floats(),
        best=floats(),
        exit_waiting=np.zeros(symbols, dtype=np.bool_),
        exit_reason=integers(),
        exit_quantity=integers(),
        exit_notional=floats(0.0),
        exit_us=integers(),
        assumed=np.zeros(symbols, dtype=np.bool_),
        profit=floats(0.0),
        entries=integers(),
        pending=integers(),
        pending_reference=floats(),
        pending_stop=floats(),
        pending_target=floats(),
        pending_target_kind=integers(),
        pending_order=integers(),
        pending_level=floats(),
        pending_bars=integers(),
        previous_range=floats(),
        previous_close=floats(),
        earlier_range=floats(),
        earlier_close=floats(),
        last_volume=floats(),
        last_us=integers(),
    )


def equity(book: Book) -> float:
    """Return cash plus positions at their marks, USD; summed in symbol order."""
    total = 0.0
    for i in range(book.flags[OPEN_POSITIONS]):
        s = book.held[i]
        total += book.quantity[s] * book.mark[s]
    cash: float = book.money[CASH]
    return cash + total


def gross_exposure(book: Book) -> float:
    """Return the positions' absolute value at their marks, USD; summed in symbol order."""
    total = 0.0
    for i in range(book.flags[OPEN_POSITIONS]):
        s = book.held[i]
        total += abs(book.quantity[s]) * book.mark[s]
    return total


def reserved_cost(book: Book) -> float:
    """Return what pending entries would cost at their reference prices, USD."""
    total = 0.0
    left = book.flags[PENDING_ENTRIES]
    for s in range(len(book.pending)):
        if left == 0:
            break
        if book.pending[s] != 0:
            total += abs(book.pending[s]) * book.pending_reference[s]
            left -= 1
    return total
