"""The data gate of the rules' page (section 9), slow and plain, written from the page alone.

Nothing here is imported from `trading`. Each bar is judged by looking back over lists of what came
before it; nothing is carried along.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

ORDER = ("spike", "jump", "new_level", "gap", "stale", "zero_volume")


class AnyBar(Protocol):
    """A bar of the reference engine."""

    open: float
    high: float
    low: float
    close: float
    volume: float


@dataclass
class Judged:
    """A symbol's session: `met` says by bar number which checks it meets."""

    accepted: dict[int, Any] = field(default_factory=dict)
    met: dict[int, list[str]] = field(default_factory=dict)
    reasons: dict[int, str] = field(default_factory=dict)
    forgets: list[int] = field(default_factory=list)
    restores: bool = False


def judge_symbol(
    sessions: Sequence[dict[int, Any]], counts: Sequence[int], p: dict[str, Any]
) -> list[Judged]:
    """Return a symbol's sessions judged; `counts` is how many bars each has on the calendar."""
    done: list[Judged] = []
    for bars, count in zip(sessions, counts, strict=True):
        today = Judged()
        first_reference = None
        before_today = [list(each.accepted.values()) for each in done]
        earlier = [bar for bars_of_day in before_today for bar in bars_of_day]
        for k in range(count):
            if k in bars:
                reference = _judge(bars, k, today, earlier, p)
                if first_reference is None:
                    first_reference = reference
            reason = _reason(k, today)
            if reason:
                today.reasons[k] = reason
        if first_reference is not None:
            last = list(today.accepted.values())[-1].close
            today.restores = abs(last - first_reference) <= p["gate_gap"] * first_reference
        done.append(today)
    return done


def _judge(
    bars: dict[int, Any], k: int, today: Judged, earlier: list[Any], p: dict[str, Any]
) -> float | None:
    """Judge bar k; return the reference of a gap or a new level, else None."""
    bar = bars[k]
    accepted = list(today.accepted.values())
    if p["gate_spike"]:
        too_high = bar.high > (1 + p["gate_spike"]) * max(bar.open, bar.close)
        too_low = bar.low < (1 - p["gate_spike"]) * min(bar.open, bar.close)
        if too_high or too_low:
            today.met[k] = ["spike"]
            return None
    met, found = [], None
    if accepted and p["gate_jump"]:
        reference = accepted[-1].close
        if abs(bar.close - reference) > p["gate_jump"] * reference:
            if not _holds(bars, k, today, p["gate_jump"]):
                today.met[k] = ["jump"]
                return None
            met.append("new_level")
            found = reference
    if not accepted and earlier and p["gate_gap"]:
        reference = earlier[-1].close
        if abs(bar.open - reference) > p["gate_gap"] * reference:
            met.append("gap")
            found = reference
    if found is not None:
        today.forgets.append(k)
    today.accepted[k] = bar
    if p["gate_stale"] and _stale_run(list(today.accepted.values())) >= p["gate_stale"]:
        met.append("stale")
    if p["gate_zero_volume"] and bar.volume == 0:
        met.append("zero_volume")
    today.met[k] = met
    return found


def _holds(bars: dict[int, Any], k: int, today: Judged, g: float) -> bool:
    loaded = [number for number in bars if number < k]
    if not loaded or today.met[max(loaded)] != ["jump"]:
        return False
    jumped = bars[max(loaded)].close
    return bool(abs(bars[k].close - jumped) <= g * jumped)


def _stale_run(accepted: list[Any]) -> int:
    run = 0
    for number in range(len(accepted) - 1, 0, -1):
        bar, before = accepted[number], accepted[number - 1]
        if not bar.open == bar.high == bar.low == bar.close == before.close:
            break
        run += 1
    return run


def _reason(k: int, today: Judged) -> str | None:
    here = today.met.get(k, [])
    so_far = {name for number, met in today.met.items() if number <= k for name in met}
    for name in ORDER:
        if name in here or (name in ("new_level", "gap") and name in so_far):
            return f"data_gate:{name}"
    return None
