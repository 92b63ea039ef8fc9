"""What the gate compares bars with, as loops read it (rules, section 9)."""

from __future__ import annotations

import math
from typing import NamedTuple

# A session that moves less than this share of what a check allows needs no look at each bar.
_QUIET = 0.99
NEVER = 1 << 62


class GateThresholds(NamedTuple):
    """Shares of a price, infinite where the check is off; `stale` counts bars, NEVER when off.

    `quiet` is a share that a session's extremes may lie apart and no bar of it fails `spike` or
    `jump`. `restore` is the share within which the past counts again, 0 too.
    """

    spike_up: float
    spike_down: float
    jump: float
    gap: float
    restore: float
    stale: int
    zero_volume: bool
    quiet: float


def make_thresholds(
    spike: float, jump: float, gap: float, stale: int, *, zero_volume: bool
) -> GateThresholds:
    """Return the thresholds of the gate's parameters, in which 0 turns a check off."""
    return GateThresholds(
        1 + spike if spike > 0 else math.inf,
        1 - spike if spike > 0 else -math.inf,
        jump if jump > 0 else math.inf,
        gap if gap > 0 else math.inf,
        gap,
        stale if stale > 0 else NEVER,
        zero_volume,
        _QUIET * min(spike if spike > 0 else math.inf, jump if jump > 0 else math.inf),
    )


ALL_OFF = make_thresholds(0.0, 0.0, 0.0, 0, zero_volume=False)
