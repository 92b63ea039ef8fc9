"""What a strategy says of a bar of every symbol, before the account is asked (rules, section 3).

`observe` and `signal` are the strategy's own functions, and `screen` if it has one:
`trading.engine.compile` puts them in the place of those below.
"""

from __future__ import annotations

import math
from typing import Any

from trading.engine.decision_tape import DecisionTape, keep_ranges
from trading.engine.indicators import (
    Indicators,
    Past,
    forget_past,
    mean_volume,
    settle_past,
    update_atr,
    update_volume,
)
from trading.engine.workspace import Scratch, Signals
from trading.errors import BadInput
from trading.gate.checks import FORGETS
from trading.gate.state import GateState, end_session
from trading.gate.thresholds import GateThresholds
from trading.gate.verdicts import (
    Extremes,
    Verdicts,
    clear_rejected,
    find_extremes,
    judge_session,
)
from trading.market.bars import Floats, Integers, Prices, bar_of
from trading.parameters import Rules
from trading.reasons import (
    AFTER_CUTOFF,
    ENTER_LONG,
    ENTER_SHORT,
    STOP_NOT_PROTECTIVE,
    UNDECIDED,
)

REASON_HINT = "docs/strategies.md lists the reasons that a strategy may give"


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


def read_signals(
    rules: Rules,
    numbers: Any,
    indicators: Indicators,
    scratch: Scratch,
    signals: Signals,
    at: int,
    bar: int,
    after_cutoff: bool,
    prices: Prices,
) -> None:
    """Let the strategy see one bar of every symbol, and write what it says to row `at`.

    Arrays are (symbols). Reasons that need the account come later, in `decide`.
    """
    opened, high, low, close, volume = prices
    symbols = len(close)
    memory = scratch.memory.T
    reasons, stops, offsets = signals.reason[at], signals.stop[at], signals.target[at]
    if rules.needs_indicators:
        for s in range(symbols):
            if not math.isnan(close[s]):
                update_atr(indicators, s, high[s], low[s], close[s])
            signals.atr[at, s] = indicators.atr[s]
    for s in range(symbols):
        if not math.isnan(close[s]):
            observe(numbers, memory[s], bar, opened[s], high[s], low[s], close[s], volume[s])
    # Simple loops, one after the other, are what a compiler turns into vector instructions.
    for s in range(symbols):
        reason, stop, offset = screen(
            numbers, memory[s], bar, opened[s], high[s], low[s], close[s], volume[s]
        )
        scratch.verdict[s] = reason
        stops[s] = stop
        offsets[s] = offset
    outside = 0
    undecided = 0
    for s in range(symbols):
        reasons[s] = scratch.verdict[s]
        outside += 1 if (scratch.verdict[s] < 0) | (scratch.verdict[s] > ENTER_SHORT) else 0
        undecided += 1 if scratch.verdict[s] == UNDECIDED else 0
    if outside != undecided:
        raise BadInput("the strategy's screen returned a number that is no reason", REASON_HINT)
    if undecided > 0:
        undecided = 0
        for s in range(symbols):
            scratch.undecided[undecided] = s
            undecided += 1 if reasons[s] == UNDECIDED else 0
    for i in range(undecided):
        s = scratch.undecided[i]
        atr = math.nan
        volume_mean = math.nan
        if rules.needs_indicators and not math.isnan(close[s]):
            atr = indicators.atr[s]
            volume_mean = mean_volume(indicators, s)
        reason, stop, offset = signal(
            numbers,
            memory[s],
            bar,
            opened[s],
            high[s],
            low[s],
            close[s],
            volume[s],
            atr,
            volume_mean,
        )
        if reason < 0 or reason > ENTER_SHORT:
            raise BadInput("the strategy's signal returned a number that is no reason", REASON_HINT)
        risk = close[s] - stop if reason == ENTER_LONG else stop - close[s]
        # Not so either where the stop is no number.
        is_protective = reason < ENTER_LONG or risk > 0
        reasons[s] = reason if is_protective else STOP_NOT_PROTECTIVE
        stops[s] = stop
        offsets[s] = offset
    if rules.needs_indicators:
        for s in range(symbols):
            if not math.isnan(close[s]):
                update_volume(indicators, s, volume[s])
    if after_cutoff:
        for s in range(symbols):
            reasons[s] = min(reasons[s], AFTER_CUTOFF)


def forget_pasts(past: Past, verdicts: Verdicts, row: int) -> None:
    """Let the symbols begin anew that have a gap or a new level in a row."""
    for s in range(verdicts.found.shape[1]):
        if verdicts.found[row, s] & FORGETS != 0:
            forget_past(past, s)


def read_sessions(
    rules: Rules,
    numbers: Any,
    thresholds: GateThresholds,
    gate: GateState,
    extremes: Extremes,
    verdicts: Verdicts,
    scratch: Scratch,
    past: Past,
    signals: Signals,
    decisions: DecisionTape,
    keep: int,
    first_row: Integers,
    entry_bars: Integers,
    prices: Prices,
    is_own: bool,
    origin: int,
    session: int,
    stop_session: int,
    first_traded: int,
) -> int:
    """Let the gate and the strategy see sessions, and write what they say of each bar.

    Those are `[session, stop_session)`. Prices are (bars, symbols); rejected bars are cleared in
    them, for which they must be the run's own: where `is_own` is False and there is one, the
    session that it is in is returned, to go on with, else `stop_session`. `entry_bars` is how many
    bars of each session may decide to enter. The row `origin` is row 0 of `signals`. Sessions
    before `first_traded` only warm the indicators.
    """
    while session < stop_session:
        begin, end = first_row[session], first_row[session + 1]
        find_extremes(extremes, prices, begin, end)
        if judge_session(thresholds, gate, extremes, verdicts, prices, begin, end):
            if not is_own:
                return session
            clear_rejected(verdicts, prices, begin, end)
        end_session(thresholds, gate)
        if session < first_traded:
            if rules.needs_indicators:
                warm_session(past, gate, verdicts, prices, begin, end)
            session += 1
            continue
        scratch.memory[:] = 0.0
        for row in range(begin, end):
            bar = row - begin
            if rules.needs_indicators and verdicts.is_told[row] != 0:
                forget_pasts(past, verdicts, row)
            read_signals(
                rules,
                numbers,
                past.present,
                scratch,
                signals,
                row - origin,
                bar,
                bar >= entry_bars[session],
                bar_of(prices, row),
            )
            keep_ranges(scratch, signals, row - origin, decisions, keep, row)
        if rules.needs_indicators:
            settle_past(past, gate.restores)
        session += 1
    return session


def warm_session(
    past: Past, gate: GateState, verdicts: Verdicts, prices: Prices, begin: int, end: int
) -> None:
    """Take the bars in rows `[begin, end)`, a whole session that was judged, into indicators."""
    _, high, low, close, volume = prices
    for row in range(begin, end):
        if verdicts.is_told[row] != 0:
            forget_pasts(past, verdicts, row)
        for s in range(close.shape[1]):
            if not math.isnan(close[row, s]):
                update_atr(past.present, s, high[row, s], low[row, s], close[row, s])
                update_volume(past.present, s, volume[row, s])
    settle_past(past, gate.restores)
