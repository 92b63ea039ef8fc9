"""The engine: what a bar's close changes and decides (rules, section 2, steps 3 to 6).

A backtest runs over whole panels, compiled or not, some sessions at a time: `signals` asks the
strategy, which knows no account, `settle_sessions` does what depends on the account, and
`decision_tape` keeps what was decided. A live session calls `close_bar` once a bar.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from trading.engine.book import (
    DRAWDOWN,
    LATCHED,
    OPEN_POSITIONS,
    PENDING_ENTRIES,
    WAITING_EXITS,
    Book,
    equity,
)
from trading.engine.book_changes import (
    begin_session,
    cancel_entry,
    forget_bars,
    halt_by_drawdown,
    latch,
    mark_positions,
    plan_exit,
    remember_bar,
    see_bar,
)
from trading.engine.decide import bars_to_pass, decide, decide_entries
from trading.engine.entering import Entering
from trading.engine.matching import assume_close, match_bar
from trading.engine.resting import cancel_resting, was_there_from_open
from trading.engine.risk import falls_too_far, loses_too_much
from trading.engine.tapes.trade_tape import FILLS, Tape
from trading.engine.trailing import BY_ATR, trail
from trading.engine.workspace import LEAVES_LONG, LEAVES_SHORT, Scratch, Signals
from trading.gate.checks import FORGETS, REJECTED
from trading.gate.verdicts import Bytes, Verdicts
from trading.market.bars import Floats, Integers, Prices, bar_of
from trading.reasons import EXIT_FLATTEN, EXIT_LATCH, EXIT_SIGNAL
from trading.rules import Rules


def close_bar(
    book: Book,
    rules: Rules,
    scratch: Scratch,
    signals: Signals,
    gates: NDArray[np.uint8],
    flatten: bool,
    after_cutoff: bool,
    prices: Prices,
    us: int,
    end_us: int,
) -> float:
    """Mark, trail, test latch and drawdown, leave, cancel, decide; return the equity, USD.

    `gates` (symbols) holds a reason that forbids entries, of the data gate or of a live session,
    or 0; it is empty where there are none. Fills of the bar have been applied, and `read_signals`
    has seen it and written to the first row, where the decisions go. A fill of `end_us` or later
    came after the bar, which began at `us`.
    """
    _, high, low, close, volume = prices
    for s in range(len(close)):
        if not math.isnan(close[s]):
            see_bar(book, s, high[s], low[s], close[s], volume[s], us)
    worth = settle_bar(book, rules, signals, 0, gates, flatten, after_cutoff, prices, us, end_us)
    decide(book, rules, scratch, signals, 0, gates, close, worth)
    return worth


def settle_bar(
    book: Book,
    rules: Rules,
    signals: Signals,
    at: int,
    gates: NDArray[np.uint8],
    flatten: bool,
    after_cutoff: bool,
    prices: Prices,
    us: int,
    end_us: int,
) -> float:
    """Do what `close_bar` does once positions are marked and before anything is decided.

    The bar has row `at` of the signals.
    """
    if rules.trailing > 0 and book.flags[OPEN_POSITIONS] > book.flags[WAITING_EXITS]:
        for i in range(book.flags[OPEN_POSITIONS]):
            s = book.held[i]
            # A bar of which only what came after the entry counts tells no extreme.
            is_whole = was_there_from_open(book, s, prices.open[s], us, end_us)
            if is_whole and not book.exit_waiting[s] and not math.isnan(prices.close[s]):
                atr = signals.atr[at, s] if rules.trailing == BY_ATR else math.nan
                trail(book, rules, s, prices.high[s], prices.low[s], atr)
    worth = equity(book)
    if book.flags[LATCHED] == 0 and loses_too_much(book, rules, worth):
        latch(book)
    if rules.max_drawdown_pct > 0 and falls_too_far(book, rules, worth):
        halt_by_drawdown(book)
    if book.flags[LATCHED] != 0 or book.flags[DRAWDOWN] != 0:
        leave_everything(book, EXIT_LATCH)
    if flatten:
        leave_everything(book, EXIT_FLATTEN)
    if rules.has_leave:
        leave_by_signal(book, signals, at, prices.close, end_us)
    if rules.has_orders:
        cancel_resting(book, gates, after_cutoff)
    return worth


def is_at_rest(book: Book) -> bool:
    """Return whether the account holds nothing and waits for nothing."""
    return bool(book.flags[OPEN_POSITIONS] == 0 and book.flags[PENDING_ENTRIES] == 0)


def leave_everything(book: Book, reason: int) -> None:
    """Cancel pending entries and let every position without a waiting exit wait for one."""
    if book.flags[PENDING_ENTRIES] > 0 or book.flags[OPEN_POSITIONS] > book.flags[WAITING_EXITS]:
        for s in range(len(book.quantity)):
            cancel_entry(book, s)
            plan_exit(book, s, reason)


def leave_by_signal(book: Book, signals: Signals, at: int, close: Floats, end_us: int) -> None:
    """Let the positions wait for their exit that the strategy leaves at a bar that is present.

    One whose entry came at `end_us` or later was not there yet.
    """
    for i in range(book.flags[OPEN_POSITIONS]):
        s = book.held[i]
        side = LEAVES_LONG if book.quantity[s] > 0 else LEAVES_SHORT
        is_left = signals.leaves[at, s] & side != 0 and book.entry_us[s] < end_us
        if is_left and not math.isnan(close[s]):
            plan_exit(book, s, EXIT_SIGNAL)


def cancel_rejected(book: Book, found: Bytes) -> None:
    """Cancel the pending entries of symbols whose bar the gate rejects (rules, section 9)."""
    for s in range(len(found)):
        if found[s] & REJECTED != 0:
            cancel_entry(book, s)


def recall(
    book: Book,
    s: int,
    begin: int,
    end: int,
    prices: Prices,
    start_us: Integers,
) -> None:
    """Let the book remember a symbol's last two bars in rows `[begin, end)` of the session.

    A backtest does so where it matters, instead of remembering every bar of every symbol.
    """
    _, high, low, close, volume = prices
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


def settle_sessions(
    book: Book,
    rules: Rules,
    scratch: Scratch,
    tape: Tape,
    signals: Signals,
    entering: Entering,
    first_row: Integers,
    flatten_bars: Integers,
    entry_bars: Integers,
    start_us: Integers,
    verdicts: Verdicts,
    prices: Prices,
    equity_out: Floats,
    worth_out: Floats,
    origin: int,
    session: int,
    end_session: int,
    first_traded: int,
) -> int:
    """Settle sessions that were read, until `end_session` or until the tape could overflow.

    `prices` are without the bars that `verdicts` reject. `origin` is the row of prices that is
    row 0 of `signals`; `flatten_bars` is how many bars of each session end by the flatten time,
    `entry_bars` how many may decide to enter. Written are, by bar, `equity_out`, the equity at
    each close, and `worth_out`, the same as decisions saw it, before assumed closes. Returns the
    session to go on with.

    Where `entering` has bars no decision is kept, nor what it saw; `signals` stay as they are, and
    bars are passed over at which nothing can come to pass.
    """
    symbols = prices.close.shape[1]
    keeps_decisions = len(entering.first) == 0
    while session < end_session:
        begin, end = first_row[session], first_row[session + 1]
        most = (end - begin) * symbols
        if tape.counts[FILLS] + 3 * most > len(tape.fills):
            return session
        if session < first_traded:
            session += 1
            continue
        begin_session(book)
        flatten_bar = flatten_bars[session] - 1
        scratch.remembered_from[:] = begin
        row = begin
        while row < end:
            bar = row - begin
            is_told = verdicts.is_told[row] != 0
            if is_told:
                for s in range(symbols):
                    if verdicts.found[row, s] & FORGETS != 0:
                        forget_bars(book, s)
                        scratch.remembered_from[s] = row
            if rules.volatility_factor > 0:
                for s in range(symbols):
                    if book.pending[s] != 0 or book.quantity[s] != 0:
                        recall(book, s, scratch.remembered_from[s], row, prices, start_us)
            seen = bar_of(prices, row)
            match_bar(book, rules, tape, seen, start_us[row])
            mark_positions(book, seen.close)
            if is_told:
                cancel_rejected(book, verdicts.found[row])
            gates = verdicts.reason[row] if is_told else scratch.no_gates
            worth = settle_bar(
                book,
                rules,
                signals,
                row - origin,
                gates,
                0 <= flatten_bar <= bar,
                bar >= entry_bars[session],
                seen,
                start_us[row],
                # Its fills have the time of its START.
                start_us[row] + 1,
            )
            equity_out[row] = worth
            if keeps_decisions:
                worth_out[row] = worth
                decide(book, rules, scratch, signals, row - origin, gates, seen.close, worth)
            else:
                decide_entries(book, rules, signals, entering, row - origin, seen.close, worth)
            row += 1
            if not keeps_decisions and is_at_rest(book):
                passed = bars_to_pass(book, rules, entering, verdicts, row, row - origin, end - row)
                # Nothing changes, not even the latch: it was asked of the same equity already.
                for each in range(row, row + passed):
                    equity_out[each] = worth
                row += passed
        if book.flags[WAITING_EXITS] > 0:
            for s in range(symbols):
                if book.exit_waiting[s]:
                    recall(book, s, scratch.remembered_from[s], end, prices, start_us)
            assume_close(book, rules, tape)
            equity_out[end - 1] = equity(book)
        session += 1
    return session
