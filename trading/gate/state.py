"""What the gate remembers of each symbol's bars (rules, section 9)."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from trading.gate.thresholds import GateThresholds
from trading.market.bars import Floats, Integers


class GateState(NamedTuple):
    """Arrays of (symbols); prices in USD, NaN where there is none.

    `earlier_close` alone outlives a session. `restores` says of the session that was ended last
    whether what came before its first gap or new level is the past again.
    """

    earlier_close: Floats  # of the last accepted bar of an earlier session
    last_close: Floats  # of the last accepted bar of this session
    jump_close: Floats  # of the bar before, where `jump` rejected it
    stale_run: Integers
    is_gap: NDArray[np.bool_]
    is_new_level: NDArray[np.bool_]
    first_reference: Floats  # of the session's first gap or new level
    restores: NDArray[np.bool_]


def new_gate(symbols: int) -> GateState:
    """Return a gate that has seen no bar."""

    def nothing() -> Floats:
        return np.full(symbols, np.nan)

    def no() -> NDArray[np.bool_]:
        return np.zeros(symbols, dtype=np.bool_)

    return GateState(
        nothing(),
        nothing(),
        nothing(),
        np.zeros(symbols, dtype=np.int64),
        no(),
        no(),
        nothing(),
        no(),
    )


def copied(gate: GateState) -> GateState:
    """Return a gate that may go on by itself."""
    return GateState._make(values.copy() for values in gate)


def begin_session(gate: GateState) -> None:
    """Forget what counts within a session."""
    for s in range(len(gate.last_close)):
        gate.last_close[s] = math.nan
        gate.jump_close[s] = math.nan
        gate.stale_run[s] = 0
        gate.is_gap[s] = False
        gate.is_new_level[s] = False
        gate.first_reference[s] = math.nan
        gate.restores[s] = False


def end_session(thresholds: GateThresholds, gate: GateState) -> None:
    """Find out whose past is restored, and keep the closes that the next session begins from."""
    for s in range(len(gate.last_close)):
        last, reference = gate.last_close[s], gate.first_reference[s]
        # Written so that a reference of NaN, of a session without such a bar, restores nothing.
        gate.restores[s] = abs(last - reference) <= thresholds.restore * reference
        if not math.isnan(last):
            gate.earlier_close[s] = last
