"""The checks of the gate: of one bar, given what came before it (rules, section 9)."""

from __future__ import annotations

import math

from trading.gate.state import GateState
from trading.gate.thresholds import GateThresholds
from trading.reasons import (
    DATA_GATE_GAP,
    DATA_GATE_JUMP,
    DATA_GATE_NEW_LEVEL,
    DATA_GATE_SPIKE,
    DATA_GATE_STALE,
    DATA_GATE_ZERO_VOLUME,
)

# Bits of what a bar is found to be: each is counted once. The lowest is the first to be a reason.
SPIKE = 1
JUMP = 2
NEW_LEVEL = 4
GAP = 8
STALE = 16
ZERO_VOLUME = 32
REJECTED = SPIKE | JUMP
FORGETS = NEW_LEVEL | GAP


def is_spike(
    thresholds: GateThresholds, opened: float, high: float, low: float, close: float
) -> bool:
    """Return whether a bar's wick is too long to be true."""
    return bool(
        high > thresholds.spike_up * max(opened, close)
        or low < thresholds.spike_down * min(opened, close)
    )


def is_far(share: float, price: float, reference: float) -> bool:
    """Return whether a price is more than a share away from a reference; from NaN none is."""
    return bool(abs(price - reference) > share * reference)


def is_near(share: float, price: float, reference: float) -> bool:
    """Return whether a price is no more than a share away from a reference; to NaN none is."""
    return bool(abs(price - reference) <= share * reference)


def judge_bar(
    thresholds: GateThresholds,
    gate: GateState,
    s: int,
    opened: float,
    high: float,
    low: float,
    close: float,
    volume: float,
) -> int:
    """Return what a bar that is present is found to be, and remember it; it is the symbol's next.

    The result is made of the bits above: a bar that is rejected has one, 0 is a bar without fault.
    """
    before = gate.jump_close[s]
    gate.jump_close[s] = math.nan
    if is_spike(thresholds, opened, high, low, close):
        return SPIKE
    found = 0
    last = gate.last_close[s]
    if is_far(thresholds.jump, close, last):
        if not is_near(thresholds.jump, close, before):
            gate.jump_close[s] = close
            return JUMP
        found |= NEW_LEVEL
        gate.is_new_level[s] = True
        if math.isnan(gate.first_reference[s]):
            gate.first_reference[s] = last
    earlier = gate.earlier_close[s]
    if math.isnan(last) and is_far(thresholds.gap, opened, earlier):
        found |= GAP
        gate.is_gap[s] = True
        gate.first_reference[s] = earlier
    stands_still = opened == high and high == low and low == close and close == last
    gate.stale_run[s] = gate.stale_run[s] + 1 if stands_still else 0
    if gate.stale_run[s] >= thresholds.stale:
        found |= STALE
    if thresholds.zero_volume and volume == 0:
        found |= ZERO_VOLUME
    gate.last_close[s] = close
    return found


def reason_of(gate: GateState, s: int, found: int) -> int:
    """Return why nothing is entered at a close, 0 where the gate forbids nothing.

    `found` is of the symbol's bar, 0 also where it has none.
    """
    if found & SPIKE:
        return DATA_GATE_SPIKE
    if found & JUMP:
        return DATA_GATE_JUMP
    if gate.is_new_level[s]:
        return DATA_GATE_NEW_LEVEL
    if gate.is_gap[s]:
        return DATA_GATE_GAP
    if found & STALE:
        return DATA_GATE_STALE
    return DATA_GATE_ZERO_VOLUME if found & ZERO_VOLUME else 0
