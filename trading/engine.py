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
from trading.portfolio import (
    begin_session,
    cancel_entry,
    latch,
    mark_positions,
    plan_entry,
    plan_exit,
    remember_bar,
    see_bar,
)
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
    UNDECIDED,
)
from trading.reasons import LATCHED as REASON_LATCHED
from trading.risk import entry_quantity, loses_too_much
from trading.tape import DECISIONS, FILLS, REACHED, Tape, record_decision
from trading.trailing import trail

KEEP_NONE = 0
KEEP_CHANGES = 1
KEEP_ALL = 2


class Scratch(NamedTuple):
    """What the loop remembers beside the book, by symbol."""

    memory: Floats  # (symbols, memory of the strategy), cleared each session
    reason: NDArray[np.uint8]  # this bar's reason
    previous_reason: NDArray[np.uint8]
    stop: Floats  # valid where the reason is STOP_NOT_PROTECTIVE or a later one, as is the offset
    offset: Floats
    shares: Integers  # valid where the reason is SIZE_BELOW_ONE or a later one
    chosen: Integers  # symbols that a loop goes on with
    is_kept: NDArray[np.uint8]
    no_gates: NDArray[np.uint8]  # (0)


def new_scratch(symbols: int, memory: int) -> Scratch:
    """Return the loop's memory for so many symbols."""
    return Scratch(
        # One element of all symbols after the other: several symbols are read at a time.
        np.zeros((memory, symbols), dtype=np.float64).T,
        np.zeros(symbols, dtype=np.uint8),
        np.zeros(symbols, dtype=np.uint8),
        np.full(symbols, np.nan),
        np.full(symbols, np.nan),
        np.zeros(symbols, dtype=np.int64),
        np.zeros(symbols, dtype=np.int64),
        np.zeros(symbols, dtype=np.uint8),
        np.zeros(0, dtype=np.uint8),
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


def screen(
    numbers: Any,
    memory: Floats,
    bar: int,
    opened: float,
    high: float,
    low: float,
    close: float,
    volume: float,
) -> tuple[int, float, float]:
    """Leave every bar to `signal`; linking puts the strategy's own function here if it has one.

    A strategy's own returns what its `signal` would return, or UNDECIDED as the reason, and
    changes nothing. Without branches and loops in it the whole market takes a few nanoseconds
    a symbol.
    """
    return UNDECIDED, math.nan, math.nan


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
    symbols = len(close)
    if rules.needs_indicators:
        for s in range(symbols):
            if not math.isnan(close[s]):
                update_atr(indicators, s, high[s], low[s], close[s])
    for s in range(symbols):
        if not math.isnan(close[s]):
            observe(
                numbers, scratch.memory[s], bar, opened[s], high[s], low[s], close[s], volume[s]
            )
    # Simple loops, one after the other, are what a compiler turns into vector instructions.
    for s in range(symbols):
        reason, stop, offset = screen(
            numbers, scratch.memory[s], bar, opened[s], high[s], low[s], close[s], volume[s]
        )
        scratch.reason[s] = reason
        scratch.stop[s] = stop
        scratch.offset[s] = offset
    undecided = 0
    for s in range(symbols):
        scratch.chosen[undecided] = s
        undecided += 1 if scratch.reason[s] == UNDECIDED else 0
    for i in range(undecided):
        s = scratch.chosen[i]
        atr = math.nan
        volume_mean = math.nan
        if rules.needs_indicators and not math.isnan(close[s]):
            atr = indicators.atr[s]
            volume_mean = mean_volume(indicators, s)
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
        scratch.reason[s] = reason
        scratch.stop[s] = stop
        scratch.offset[s] = offset
    if rules.needs_indicators:
        for s in range(symbols):
            if not math.isnan(close[s]):
                update_volume(indicators, s, volume[s])
    if after_cutoff:
        for s in range(symbols):
            scratch.reason[s] = min(scratch.reason[s], AFTER_CUTOFF)


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

    `gates` (symbols) holds a reason of a live session that forbids entries, or 0; it is empty
    where there are none. Fills of the bar have been applied, and `read_signals` has seen it.
    """
    for s in range(len(close)):
        if not math.isnan(close[s]):
            see_bar(book, s, high[s], low[s], close[s], volume[s], us)
    return settle_bar(
        book, rules, scratch, tape, indicators, keep, gates, flatten, high, low, close
    )


def settle_bar(
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
) -> float:
    """Do what `close_bar` does once the positions are marked."""
    if rules.trailing > 0 and book.flags[OPEN_POSITIONS] > book.flags[WAITING_EXITS]:
        for s in range(len(close)):
            if book.quantity[s] != 0 and not book.exit_waiting[s] and not math.isnan(close[s]):
                trail(book, rules, s, high[s], low[s])
    worth = equity(book)
    if book.flags[LATCHED] == 0 and loses_too_much(book, rules, worth):
        latch(book)
    if book.flags[LATCHED] != 0:
        leave_everything(book, EXIT_LATCH)
    if flatten:
        leave_everything(book, EXIT_FLATTEN)
    decide(book, rules, scratch, gates, close, worth)
    if keep != KEEP_NONE:
        keep_decisions(scratch, tape, indicators, keep)
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
    gates: NDArray[np.uint8],
    close: Floats,
    worth: float,
) -> None:
    """Give each symbol its one decision of the bar, and plan the entries among them."""
    symbols = len(close)
    latched = book.flags[LATCHED] != 0
    for s in range(symbols):
        scratch.reason[s] = standing(
            scratch.reason[s],
            latched,
            book.quantity[s],
            book.pending[s],
            book.entries[s],
            rules.max_entries,
        )
    for s in range(len(gates)):
        scratch.reason[s] = gated(scratch.reason[s], gates[s], latched)
    candidates = 0
    for s in range(symbols):
        scratch.chosen[candidates] = s
        candidates += 1 if scratch.reason[s] >= ENTER_LONG else 0
    for i in range(candidates):
        s = scratch.chosen[i]
        if book.flags[OPEN_POSITIONS] + book.flags[PENDING_ENTRIES] >= rules.max_positions:
            scratch.reason[s] = MAX_POSITIONS
        elif book.flags[ENTRY_ORDERS] >= rules.max_orders_per_session:
            scratch.reason[s] = ORDER_RATE
        else:
            enter(book, rules, scratch, s, close[s], worth)


def standing(
    reason: int, latched: bool, held: int, pending: int, entries: int, max_entries: int
) -> int:
    """Return the strategy's reason, or what stands before it whatever other symbols do.

    The last line that applies wins; see `screen` for why there are no branches.
    """
    first = MAX_ENTRIES if (reason >= MAX_ENTRIES) & (entries >= max_entries) else reason
    first = ORDER_PENDING if pending != 0 else first
    first = POSITION_OPEN if held != 0 else first
    first = REASON_LATCHED if latched else first
    return first if reason != NO_DECISION else NO_DECISION


def gated(reason: int, gate: int, latched: bool) -> int:
    """Return the reason, or a gate of a live session that comes before it."""
    if reason == NO_DECISION or gate == 0 or gate > (HALTED if latched else DATA_GATE):
        return reason
    return gate


def enter(book: Book, rules: Rules, scratch: Scratch, s: int, price: float, worth: float) -> None:
    """Plan an entry of as many shares as risk and funds allow, if that is one at least."""
    stop = scratch.stop[s]
    quantity = entry_quantity(book, rules, price, abs(price - stop), worth)
    scratch.shares[s] = quantity
    if quantity < 1:
        scratch.reason[s] = SIZE_BELOW_ONE
    else:
        signed = quantity if scratch.reason[s] == ENTER_LONG else -quantity
        plan_entry(book, s, signed, price, stop, scratch.offset[s])


def keep_decisions(scratch: Scratch, tape: Tape, indicators: Indicators, keep: int) -> None:
    """Write the bar's decisions on the tape, all of them or those that differ from the last."""
    symbols = len(scratch.reason)
    everything = keep == KEEP_ALL
    for s in range(symbols):
        differs = everything | (scratch.reason[s] != scratch.previous_reason[s])
        scratch.is_kept[s] = differs & (scratch.reason[s] != NO_DECISION)
    for s in range(symbols):
        scratch.previous_reason[s] = scratch.reason[s]
    kept = 0
    for s in range(symbols):
        scratch.chosen[kept] = s
        kept += scratch.is_kept[s]
    first = tape.counts[DECISIONS]
    reached = tape.counts[REACHED]
    for i in range(kept):
        s = scratch.chosen[i]
        if len(tape.atr) > 0:
            tape.atr[first + i] = indicators.atr[s]
        reason = scratch.reason[s]
        reached = record_decision(
            tape,
            first + i,
            reached,
            s,
            reason,
            scratch.memory[s, 0],
            scratch.memory[s, 1],
            scratch.stop[s],
            scratch.offset[s],
            scratch.shares[s] if reason >= SIZE_BELOW_ONE else 0,
        )
    tape.counts[DECISIONS] = first + kept
    tape.counts[REACHED] = reached


def recall(
    book: Book,
    s: int,
    begin: int,
    end: int,
    high: Floats,
    low: Floats,
    close: Floats,
    volume: Floats,
    start_us: Integers,
) -> None:
    """Let the book remember a symbol's last two bars in rows `[begin, end)` of the session.

    A backtest does so where it matters, instead of remembering every bar of every symbol.
    """
    newest = end - 1
    while newest >= begin and math.isnan(close[newest, s]):
        newest -= 1
    older = newest - 1
    while older >= begin and math.isnan(close[older, s]):
        older -= 1
    for row in (older, newest):
        if row >= begin and start_us[row] > book.last_us[s]:
            remember_bar(
                book, s, high[row, s], low[row, s], close[row, s], volume[row, s], start_us[row]
            )


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
    worth_out: Floats,
    decided_out: NDArray[np.int32],
    session: int,
    end_session: int,
    first_traded: int,
) -> int:
    """Run sessions one after another until `end_session` or until the tape could overflow.

    Price arrays are (bars, symbols). `cutoff_bars` is how many bars of each session may decide
    to enter, `flatten_bars` how many end by the flatten time. Written are, by bar, `equity_out`,
    the equity at each close, `worth_out`, the same as decisions saw it, before assumed closes, and
    `decided_out`, how many decisions were kept. Sessions before `first_traded` only warm the
    indicators. Returns the session to go on with.
    """
    symbols = close.shape[1]
    while session < end_session:
        begin, end = first_row[session], first_row[session + 1]
        most = (end - begin) * symbols
        if tape.counts[FILLS] + 3 * most > len(tape.fills):
            return session
        if keep != KEEP_NONE and tape.counts[DECISIONS] + most > len(tape.symbol):
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
            if rules.volatility_factor > 0:
                for s in range(symbols):
                    if book.pending[s] != 0 or book.quantity[s] != 0:
                        recall(book, s, begin, row, high, low, close, volume, start_us)
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
            mark_positions(book, close[row])
            decided = tape.counts[DECISIONS]
            worth_out[row] = settle_bar(
                book,
                rules,
                scratch,
                tape,
                indicators,
                keep,
                scratch.no_gates,
                0 <= flatten_bar <= bar,
                high[row],
                low[row],
                close[row],
            )
            equity_out[row] = worth_out[row]
            decided_out[row] = tape.counts[DECISIONS] - decided
        if book.flags[WAITING_EXITS] > 0:
            for s in range(symbols):
                if book.exit_waiting[s]:
                    recall(book, s, begin, end, high, low, close, volume, start_us)
            assume_close(book, rules, tape)
            equity_out[end - 1] = equity(book)
        session += 1
    return session
