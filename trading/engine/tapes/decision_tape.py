"""The decisions of a run as numbers, written by the loop.

Decisions are many, and memory that is new takes longer to fill than they take to make: what
follows from the bar or stays the same over many bars is not repeated in each.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from trading.engine.workspace import Scratch, Signals
from trading.market.bars import Floats, Integers
from trading.reasons import (
    NO_DECISION,
    NOT_ELIGIBLE,
    SIZE_BELOW_ONE,
    STOP_NOT_PROTECTIVE,
    VALIDATION_FAILED,
)

KEEP_NONE = 0
KEEP_CHANGES = 1
KEEP_ALL = 2

# Rows of DecisionTape.beside: what a decision shows beside its prices.
BESIDE_ATR = 0
BESIDE_SCORE = 1
BESIDE_OPENING_VOLUME = 2
BESIDE_LEVEL = 3
BESIDE_TARGET_KIND = 4
BESIDE_ROWS = 5

# Elements of DecisionTape.counts: how many rows are written.
RANGES = 0
BESIDE = 1
STOPS = 2
SHARES = 3


class DecisionTape(NamedTuple):
    """A reason for each bar of each symbol, and the numbers behind those that were kept."""

    counts: Integers  # (4)
    reason: NDArray[np.uint8]  # (bars, symbols), NO_DECISION where none was kept
    at_bar: NDArray[np.int32]  # (bars): how many were kept
    range_row: NDArray[np.int32]  # (bars): which row of `ranges` they saw
    ranges: Floats  # (rows, 2, symbols): elements 0 and 1 of the memory, each time they changed
    range_bits: Integers  # the same numbers, see `Scratch.memory_bits`
    beside: Floats  # (5, decisions), one column a decision, none at all when the run needs none
    stop: Floats  # one a decision that came as far as a stop, as is the target
    target: Floats
    shares: Integers  # one a decision that came as far as a size


def new_decision_tape(bars: int, symbols: int, *, is_wide: bool = False) -> DecisionTape:
    """Return an empty tape for the decisions of so many bars; a wide one keeps all of a row."""
    # Memory that is never written is never taken, so that there may be room for the most.
    ranges = np.empty((bars, 2, symbols), dtype=np.float64)
    return DecisionTape(
        np.zeros(4, dtype=np.int64),
        np.zeros((bars, symbols), dtype=np.uint8),
        np.zeros(bars, dtype=np.int32),
        np.zeros(bars, dtype=np.int32),
        ranges,
        ranges.view(np.int64),
        np.empty((BESIDE_ROWS, bars * symbols + 1 if is_wide else 0), dtype=np.float64),
        np.empty(bars * symbols + 1, dtype=np.float64),
        np.empty(bars * symbols + 1, dtype=np.float64),
        np.empty(bars * symbols, dtype=np.int64),
    )


def keep_sessions(
    scratch: Scratch,
    signals: Signals,
    tape: DecisionTape,
    keep: int,
    first_row: Integers,
    session: int,
    end_session: int,
    first_traded: int,
) -> None:
    """Write the decisions of settled sessions on the tape; the first bar is row 0 of `signals`.

    `first_row` is each session's first row of the tape. Those before `first_traded` have none.
    """
    origin = first_row[session]
    while session < end_session and keep != KEEP_NONE:
        if session >= first_traded:
            scratch.previous_reason[:] = 0
            for row in range(first_row[session], first_row[session + 1]):
                keep_decisions(scratch, signals, row - origin, tape, keep, row)
        session += 1


def keep_decisions(
    scratch: Scratch, signals: Signals, at: int, tape: DecisionTape, keep: int, row: int
) -> None:
    """Write a bar's decisions on the tape, all of them or those that differ from the last."""
    said, stops, targets = signals.reason[at], signals.stop[at], signals.target[at]
    symbols = len(said)
    everything = keep == KEEP_ALL
    reasons = tape.reason[row]
    highest = np.uint8(NO_DECISION)
    for s in range(symbols):
        differs = everything | (said[s] != scratch.previous_reason[s])
        reasons[s] = said[s] if differs else np.uint8(NO_DECISION)
        scratch.previous_reason[s] = said[s]
        highest = max(highest, reasons[s])
    if highest == NO_DECISION:
        return
    kept = 0
    for s in range(symbols):
        kept += 1 if reasons[s] != NO_DECISION else 0
    tape.at_bar[row] = kept
    # Where many are kept, each is written and the next takes its place unless it is: that is
    # quicker than to ask first.
    if tape.beside.shape[1] > 0:
        keep_beside(signals, at, tape, reasons)
    if highest >= STOP_NOT_PROTECTIVE:
        count = tape.counts[STOPS]
        for s in range(symbols):
            tape.stop[count] = stops[s]
            tape.target[count] = targets[s]
            count += 1 if reasons[s] >= STOP_NOT_PROTECTIVE else 0
        tape.counts[STOPS] = count
    if highest >= SIZE_BELOW_ONE:
        count = tape.counts[SHARES]
        for s in range(symbols):
            if reasons[s] >= SIZE_BELOW_ONE:
                tape.shares[count] = signals.shares[at, s]
                count += 1
        tape.counts[SHARES] = count


def keep_beside(signals: Signals, at: int, tape: DecisionTape, reasons: NDArray[np.uint8]) -> None:
    """Write what the decisions of a bar show beside their prices, NaN where it was not reached."""
    beside = tape.beside
    count = tape.counts[BESIDE]
    for s in range(len(reasons)):
        reason = reasons[s]
        beside[BESIDE_ATR, count] = signals.atr[at, s] if len(signals.atr) > 0 else math.nan
        beside[BESIDE_SCORE, count] = (
            signals.score[at, s]
            if len(signals.score) > 0 and reason >= VALIDATION_FAILED
            else math.nan
        )
        beside[BESIDE_OPENING_VOLUME, count] = (
            signals.opening_volume[at, s]
            if len(signals.opening_volume) > 0 and reason >= NOT_ELIGIBLE
            else math.nan
        )
        is_sized = len(signals.order) > 0 and reason >= STOP_NOT_PROTECTIVE
        beside[BESIDE_LEVEL, count] = signals.level[at, s] if is_sized else math.nan
        beside[BESIDE_TARGET_KIND, count] = signals.target_kind[at, s] if is_sized else 0.0
        count += 1 if reason != NO_DECISION else 0
    tape.counts[BESIDE] = count


def keep_ranges(
    scratch: Scratch, signals: Signals, at: int, tape: DecisionTape, keep: int, row: int
) -> None:
    """Write the ranges that a bar's decisions see, unless they are as they were last."""
    if keep == KEEP_NONE:
        return
    symbols = scratch.memory.shape[1]
    said = np.uint8(NO_DECISION)
    for s in range(symbols):
        said = max(said, signals.reason[at, s])
    if said == NO_DECISION:
        return
    last: int = tape.counts[RANGES] - 1
    changed = 1 if last < 0 else 0
    if last >= 0:
        for s in range(symbols):
            changed |= 1 if scratch.memory_bits[0, s] != tape.range_bits[last, 0, s] else 0
            changed |= 1 if scratch.memory_bits[1, s] != tape.range_bits[last, 1, s] else 0
    if changed != 0:
        last += 1
        for s in range(symbols):
            tape.ranges[last, 0, s] = scratch.memory[0, s]
            tape.ranges[last, 1, s] = scratch.memory[1, s]
        tape.counts[RANGES] = last + 1
    tape.range_row[row] = last
