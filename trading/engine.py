"""The engine: what a bar's close changes and decides (rules, section 2, steps 3 to 6).

A backtest runs `run_sessions` over whole panels, compiled or not; a live session calls
`close_bar` once a bar. `observe` and `signal` are the strategy's own functions: `trading.linking`
puts them in the place of the two below.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from trading.bars import Floats, Integers
from trading.book import (
    ENTRY_ORDERS,
    LATCHED,
    OPEN_POSITIONS,
    PENDING_ENTRIES,
    WAITING_EXITS,
    Book,
    equity,
)
from trading.indicators import Indicators, mean_volume, update_atr, update_volume
from trading.matching import assume_close, match_bar
from trading.parameters import Rules
from trading.portfolio import begin_session, cancel_entry, latch, plan_entry, plan_exit, see_bar
from trading.reasons import (
    AFTER_CUTOFF,
    DATA_GATE,
    ENTER_LONG,
    EXIT_FLATTEN,
    EXIT_LATCH,
    HALTED,
    MAX_ENTRIES,
    MAX_POSITIONS,
    NO_DECISION,
    ORDER_PENDING,
    ORDER_RATE,
    POSITION_OPEN,
    SIZE_BELOW_ONE,
)
from trading.reasons import LATCHED as REASON_LATCHED
from trading.risk import entry_quantity, loses_too_much
from trading.tape import DECISIONS, FILLS, Tape, record_decision
from trading.trailing import trail

KEEP_NONE = 0
KEEP_CHANGES = 1
KEEP_ALL = 2


class Scratch(NamedTuple):
    """What the loop remembers beside the book, by symbol."""

    memory: Floats  # (symbols, memory of the strategy), cleared each session
    reason: NDArray[np.uint8]  # this bar's reason
    previous_reason: NDArray[np.uint8]
    stop: Floats
    offset: Floats


def new_scratch(symbols: int, memory: int) -> Scratch:
    """Return the loop's memory for so many symbols."""
    return Scratch(
        np.zeros((symbols, memory), dtype=np.float64),
        np.zeros(symbols, dtype=np.uint8),
        np.zeros(symbols, dtype=np.uint8),
        np.full(symbols, np.nan),
        np.full(symbols, np.nan),
    )


def observe(
    numbers: Any,
    memory: Floats,
    bar: int,
    opened: float,
    high: float,
    low: float,
    close: float,
    volume: float,
) -> None:
    """Stand where linking puts the strategy's function."""
    raise TypeError("link the engine to a strategy first")


def signal(
    numbers: Any,
    memory: Floats,
    bar: int,
    opened: float,
    high: float,
    low: float,
    close: float,
    volume: float,
    atr: float,
    mean_volume: float,
) -> tuple[int, float, float]:
    """Stand where linking puts the strategy's function."""
    raise TypeError("link the engine to a strategy first")


def forget_session(scratch: Scratch) -> None:
    """Clear what the strategy and the decisions remember of the session before."""
    scratch.memory[:] = 0.0
    scratch.previous_reason[:] = 0


def read_signals(
    rules: Rules,
    numbers: Any,
    indicators: Indicators,
    scratch: Scratch,
    bar: int,
    after_cutoff: bool,
    opened: Floats,
    high: Floats,
    low: Floats,
    close: Floats,
    volume: Floats,
) -> None:
    """Let the strategy see one bar of every symbol, and keep its reasons, stops and offsets.

    Arrays are (symbols). Reasons that need the account come later, in `decide`.
    """
    for s in range(len(close)):
        present = not math.isnan(close[s])
        atr = math.nan
        volume_mean = math.nan
        if present:
            if rules.needs_indicators:
                update_atr(indicators, s, high[s], low[s], close[s])
                atr = indicators.atr[s]
                volume_mean = mean_volume(indicators, s)
            observe(
                numbers, scratch.memory[s], bar, opened[s], high[s], low[s], close[s], volume[s]
            )
        reason, stop, offset = signal(
            numbers,
            scratch.memory[s],
            bar,
            opened[s],
            high[s],
            low[s],
            close[s],
            volume[s],
            atr,
            volume_mean,
        )
        if present and rules.needs_indicators:
            update_volume(indicators, s, volume[s])
        if after_cutoff and reason > AFTER_CUTOFF:
            reason = AFTER_CUTOFF
        scratch.reason[s] = reason
        scratch.stop[s] = stop
        scratch.offset[s] = offset


def close_bar(
    book: Book,
    rules: Rules,
    scratch: Scratch,
    tape: Tape,
    indicators: Indicators,
    keep: int,
    gates: NDArray[np.uint8],
    flatten: bool,
    high: Floats,
    low: Floats,
    close: Floats,
    volume: Floats,
    us: int,
) -> float:
    """Mark, trail, test the latch, flatten, decide; return the equity at the close, USD.

    `gates` (symbols) holds a reason of a live session that forbids entries, or 0. Fills of the
    bar have been applied, and `read_signals` has seen it.
    """
    symbols = len(close)
    for s in range(symbols):
        if not math.isnan(close[s]):
            see_bar(book, s, high[s], low[s], close[s], volume[s], us)
    if rules.trailing > 0 and book.flags[OPEN_POSITIONS] > book.flags[WAITING_EXITS]:
        for s in range(symbols):
            if book.quantity[s] != 0 and not book.exit_waiting[s] and not math.isnan(close[s]):
                trail(book, rules, s, high[s], low[s])
    worth = equity(book)
    if book.flags[LATCHED] == 0 and loses_too_much(book, rules, worth):
        latch(book)
    if book.flags[LATCHED] != 0:
        leave_everything(book, EXIT_LATCH)
    if flatten:
        leave_everything(book, EXIT_FLATTEN)
    for s in range(symbols):
        decide(book, rules, scratch, tape, indicators, keep, gates[s], s, close[s], us, worth)
    return worth


def leave_everything(book: Book, reason: int) -> None:
    """Cancel pending entries and let every position without a waiting exit wait for one."""
    if book.flags[PENDING_ENTRIES] > 0 or book.flags[OPEN_POSITIONS] > book.flags[WAITING_EXITS]:
        for s in range(len(book.quantity)):
            cancel_entry(book, s)
            plan_exit(book, s, reason)


def decide(
    book: Book,
    rules: Rules,
    scratch: Scratch,
    tape: Tape,
    indicators: Indicators,
    keep: int,
    gate: int,
    s: int,
    price: float,
    us: int,
    worth: float,
) -> None:
    """Give a symbol its one decision of the bar, and plan the entry if that is what it is."""
    reason = int(scratch.reason[s])
    quantity = 0
    if reason != NO_DECISION:
        if 0 < gate <= HALTED:
            reason = gate
        elif book.flags[LATCHED] != 0:
            reason = REASON_LATCHED
        elif 0 < gate <= DATA_GATE:
            reason = gate
        elif book.quantity[s] != 0:
            reason = POSITION_OPEN
        elif book.pending[s] != 0:
            reason = ORDER_PENDING
        elif reason >= MAX_ENTRIES and book.entries[s] >= rules.max_entries:
            reason = MAX_ENTRIES
        elif reason >= ENTER_LONG:
            if book.flags[OPEN_POSITIONS] + book.flags[PENDING_ENTRIES] >= rules.max_positions:
                reason = MAX_POSITIONS
            elif book.flags[ENTRY_ORDERS] >= rules.max_orders_per_session:
                reason = ORDER_RATE
            else:
                risk_per_share = abs(price - scratch.stop[s])
                quantity = entry_quantity(book, rules, price, risk_per_share, worth)
                if quantity < 1:
                    reason = SIZE_BELOW_ONE
                else:
                    signed = quantity if reason == ENTER_LONG else -quantity
                    plan_entry(book, s, signed, price, scratch.stop[s], scratch.offset[s])
    is_kept = keep == KEEP_ALL or (keep == KEEP_CHANGES and reason != scratch.previous_reason[s])
    if is_kept and reason != NO_DECISION:
        record_decision(
            tape,
            us,
            s,
            reason,
            price,
            scratch.memory[s, 0],
            scratch.memory[s, 1],
            scratch.stop[s],
            scratch.offset[s],
            quantity,
            indicators.atr[s],
            worth,
        )
    scratch.previous_reason[s] = reason


def run_sessions(
    book: Book,
    rules: Rules,
    numbers: Any,
    scratch: Scratch,
    indicators: Indicators,
    tape: Tape,
    keep: int,
    first_row: Integers,
    cutoff_bars: Integers,
    flatten_bars: Integers,
    start_us: Integers,
    opened: Floats,
    high: Floats,
    low: Floats,
    close: Floats,
    volume: Floats,
    equity_out: Floats,
    session: int,
    end_session: int,
    first_traded: int,
) -> int:
    """Run sessions one after another until `end_session` or until the tape could overflow.

    Price arrays are (bars, symbols). `cutoff_bars` is how many bars of each session may decide
    to enter, `flatten_bars` how many end by the flatten time, `equity_out` (bars) the equity at
    each close. Sessions before `first_traded` only warm the indicators. Returns the session to
    go on with.
    """
    symbols = close.shape[1]
    gates = np.zeros(symbols, dtype=np.uint8)
    while session < end_session:
        begin, end = first_row[session], first_row[session + 1]
        most = (end - begin) * symbols
        if tape.counts[FILLS] + 3 * most > len(tape.fills):
            return session
        if keep != KEEP_NONE and tape.counts[DECISIONS] + most > len(tape.decisions):
            return session
        if session < first_traded:
            if rules.needs_indicators:
                for row in range(begin, end):
                    for s in range(symbols):
                        if not math.isnan(close[row, s]):
                            update_atr(indicators, s, high[row, s], low[row, s], close[row, s])
                            update_volume(indicators, s, volume[row, s])
            session += 1
            continue
        begin_session(book)
        forget_session(scratch)
        cutoff = min(cutoff_bars[session], flatten_bars[session] - 1)
        flatten_bar = flatten_bars[session] - 1
        for row in range(begin, end):
            bar = row - begin
            match_bar(
                book, rules, tape, opened[row], high[row], low[row], volume[row], start_us[row]
            )
            read_signals(
                rules,
                numbers,
                indicators,
                scratch,
                bar,
                bar >= cutoff,
                opened[row],
                high[row],
                low[row],
                close[row],
                volume[row],
            )
            equity_out[row] = close_bar(
                book,
                rules,
                scratch,
                tape,
                indicators,
                keep,
                gates,
                0 <= flatten_bar <= bar,
                high[row],
                low[row],
                close[row],
                volume[row],
                start_us[row],
            )
        if book.flags[WAITING_EXITS] > 0:
            assume_close(book, rules, tape)
            equity_out[end - 1] = equity(book)
        session += 1
    return session
