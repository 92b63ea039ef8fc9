"""What a strategy says of a bar of every symbol, before the account is asked (rules, section 3)."""

from __future__ import annotations

import math
from typing import Any

from trading.engine.reading import Reading
from trading.engine.strategy.calls import leave, observe, read_of, screen, signal
from trading.engine.validation import validation_score
from trading.engine.workspace import LEAVES_LONG, LEAVES_SHORT, Scratch, Signals
from trading.entries import LIMIT, MARKET, Bar, R
from trading.errors import BadInput
from trading.indicators.update import update_studies
from trading.market.bars import Floats, Prices
from trading.reasons import (
    AFTER_CUTOFF,
    ENTER_LONG,
    ENTER_SHORT,
    STOP_NOT_PROTECTIVE,
    UNDECIDED,
    VALIDATION_FAILED,
)
from trading.rules import Rules
from trading.selection.judge import judge_universe, see_opening
from trading.selection.universe import Universe

REASON_HINT = "openbell docs strategies lists the reasons that a strategy may give"
ORDER_HINT = "Use what trading.entries names"


def read_signals(
    rules: Rules,
    numbers: Any,
    reading: Reading,
    state: Floats,
    universe: Universe,
    scratch: Scratch,
    signals: Signals,
    at: int,
    session: int,
    bar: int,
    bars_in_session: int,
    after_cutoff: bool,
    prices: Prices,
) -> None:
    """Let the strategy see one bar of every symbol, and write what it says to row `at`.

    Arrays are (symbols); `session` is the row of the universe. Reasons that need the account come
    later, in `decide`.
    """
    symbols = len(prices.close)
    reasons = signals.reason[at]
    # Asked here too: machine code would spend more on the call than on a bar of few symbols.
    if reading.studies.rows > 0:
        update_studies(reading.studies, state, bar, bars_in_session, prices)
    if len(signals.atr) > 0:
        for s in range(symbols):
            signals.atr[at, s] = state[reading.rows.atr, s]
    let_observe(numbers, reading, state, scratch, bar, prices)
    undecided = let_screen(rules, numbers, scratch, signals, at, bar, prices)
    for i in range(undecided):
        s = scratch.undecided[i]
        ask(rules, numbers, reading, state, scratch, signals, at, bar, s, prices)
    if rules.has_leave:
        let_leave(numbers, reading, state, scratch, signals, at, bar, prices)
    if rules.selection.opening_bars > 0:
        select(rules, reading, state, universe, signals, at, session, bar, prices)
    if after_cutoff:
        for s in range(symbols):
            reasons[s] = min(reasons[s], AFTER_CUTOFF)


def bar_at(prices: Prices, bar: int, s: int) -> Bar:
    """Return a symbol's bar as a strategy sees it."""
    opened, high, low, close, volume = prices
    return Bar(bar, opened[s], high[s], low[s], close[s], volume[s])


def let_observe(
    numbers: Any, reading: Reading, state: Floats, scratch: Scratch, bar: int, prices: Prices
) -> None:
    """Let the strategy take the bars that are present into its memory."""
    memory = scratch.memory.T
    for s in range(len(prices.close)):
        if not math.isnan(prices.close[s]):
            read = read_of(reading.rows.read, state, s)
            observe(numbers, memory[s], bar_at(prices, bar, s), read)


def let_screen(
    rules: Rules,
    numbers: Any,
    scratch: Scratch,
    signals: Signals,
    at: int,
    bar: int,
    prices: Prices,
) -> int:
    """Let the strategy judge all symbols at once; return how many it leaves to `signal`.

    Simple loops, one after the other, are what a compiler turns into vector instructions.
    """
    memory = scratch.memory.T
    reasons, stops, targets = signals.reason[at], signals.stop[at], signals.target[at]
    symbols = len(reasons)
    if rules.validation:
        # Who enters is to be scored, which `screen` knows nothing of.
        for s in range(symbols):
            scratch.undecided[s] = s
        return symbols
    for s in range(symbols):
        reason, stop, target = screen(numbers, memory[s], bar_at(prices, bar, s))
        risk = prices.close[s] - stop if reason == ENTER_LONG else stop - prices.close[s]
        is_entry = (reason == ENTER_LONG) | (reason == ENTER_SHORT)
        # Not so either where the stop is no number.
        scratch.verdict[s] = STOP_NOT_PROTECTIVE if is_entry & (not (risk > 0)) else reason
        stops[s] = stop
        targets[s] = target
    outside = 0
    undecided = 0
    for s in range(symbols):
        reasons[s] = scratch.verdict[s]
        outside += 1 if (scratch.verdict[s] < 0) | (scratch.verdict[s] > ENTER_SHORT) else 0
        undecided += 1 if scratch.verdict[s] == UNDECIDED else 0
    if outside != undecided:
        raise BadInput("the strategy's screen returned a number that is no reason", REASON_HINT)
    if len(signals.order) > 0:
        for s in range(symbols):
            signals.order[at, s] = MARKET
            signals.level[at, s] = math.nan
            signals.target_kind[at, s] = 0
            signals.lifetime[at, s] = 0
    if undecided > 0:
        undecided = 0
        for s in range(symbols):
            scratch.undecided[undecided] = s
            undecided += 1 if scratch.verdict[s] == UNDECIDED else 0
    return undecided


def ask(
    rules: Rules,
    numbers: Any,
    reading: Reading,
    state: Floats,
    scratch: Scratch,
    signals: Signals,
    at: int,
    bar: int,
    s: int,
    prices: Prices,
) -> None:
    """Ask the strategy for what it says of one symbol's bar, and whether that can be."""
    read = read_of(reading.rows.read, state, s)
    entry = signal(numbers, scratch.memory.T[s], bar_at(prices, bar, s), read)
    reason = entry.reason
    if reason < 0 or reason > ENTER_SHORT:
        raise BadInput("the strategy's signal returned a number that is no reason", REASON_HINT)
    signals.stop[at, s] = entry.stop
    signals.target[at, s] = entry.target
    reference = prices.close[s]
    if len(signals.order) > 0:
        if entry.order < MARKET or entry.order > LIMIT or not 0 <= entry.target_kind <= R:
            raise BadInput("the strategy's signal named no kind of order or target", ORDER_HINT)
        signals.order[at, s] = entry.order
        signals.target_kind[at, s] = entry.target_kind
        signals.lifetime[at, s] = entry.lifetime_bars
        signals.level[at, s] = entry.level if entry.order != MARKET else math.nan
        reference = reference if entry.order == MARKET else entry.level
    elif entry.order != MARKET or entry.target_kind != 0:
        raise BadInput(
            "the strategy's signal named an order or target that its parameters do not announce",
            "Let has_orders() of its Parameters return True",
        )
    if rules.validation:
        signals.score[at, s] = math.nan
        if reason >= ENTER_LONG:
            score = validation_score(
                reading.rows,
                state,
                s,
                reason == ENTER_LONG,
                prices.volume[s],
            )
            signals.score[at, s] = score
            if score < rules.validation_threshold:
                signals.reason[at, s] = VALIDATION_FAILED
                return
    risk = reference - entry.stop if reason == ENTER_LONG else entry.stop - reference
    # Not so either where the stop is no number.
    is_protective = reason < ENTER_LONG or risk > 0
    signals.reason[at, s] = reason if is_protective else STOP_NOT_PROTECTIVE


def let_leave(
    numbers: Any,
    reading: Reading,
    state: Floats,
    scratch: Scratch,
    signals: Signals,
    at: int,
    bar: int,
    prices: Prices,
) -> None:
    """Ask the strategy of every bar that is present whether a long or a short is to leave."""
    memory = scratch.memory.T
    for s in range(len(prices.close)):
        signals.leaves[at, s] = 0
        if not math.isnan(prices.close[s]):
            read = read_of(reading.rows.read, state, s)
            long, short = leave(numbers, memory[s], bar_at(prices, bar, s), read)
            signals.leaves[at, s] = (LEAVES_LONG if long else 0) | (LEAVES_SHORT if short else 0)


def select(
    rules: Rules,
    reading: Reading,
    state: Floats,
    universe: Universe,
    signals: Signals,
    at: int,
    session: int,
    bar: int,
    prices: Prices,
) -> None:
    """Judge the day's universe at the opening's close, and keep to it from then on."""
    selection, rows = rules.selection, reading.rows
    last = selection.opening_bars - 1
    if bar <= last:
        see_opening(universe, bar, prices)
    if bar == last:
        judge_universe(
            selection,
            universe,
            session,
            state[rows.daily_atr],
            state[rows.daily_volume],
            state[rows.relative_opening_volume],
        )
    for s in range(len(prices.close)):
        signals.opening_volume[at, s] = math.nan
        if bar >= last:
            signals.opening_volume[at, s] = universe.relative_opening_volume[session, s]
            if universe.verdict[s] != 0:
                signals.reason[at, s] = min(signals.reason[at, s], universe.verdict[s])
