"""A signal as one readable line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from blocks.records.signal import Signal
from trading.counted import counted
from trading.plan import FIRST_VERSION_LEVELS, OWN
from trading.reasons import Reason
from trading.session.orders import TargetKind

_MEANINGS = {reason.word: reason.meaning for reason in Reason if reason.meaning}


@dataclass(frozen=True, slots=True)
class StrategyWords:
    """What a strategy calls its levels, and the meanings of its own reasons by their words."""

    levels: tuple[str, ...] = FIRST_VERSION_LEVELS
    own_reasons: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, record: Mapping[str, Any]) -> StrategyWords:
        """Return the words of a plan's record; those that earlier versions kept have none."""
        if "levels" not in record:
            return cls()
        return cls(tuple(record["levels"]), dict(record.get("own_reasons", {})))

    def meaning_of(self, reason: str) -> str:
        """Return what a reason's word means."""
        own = reason.removeprefix(f"{OWN}:")
        if own != reason and own in self.own_reasons:
            return self.own_reasons[own]
        return _MEANINGS.get(reason, "a reason of the strategy")


def explain(
    signal: Signal, asked: datetime | None = None, words: StrategyWords | None = None
) -> str:
    """Return a signal as one line; `asked` is the bar that was asked for, if a later one."""
    unchanged = ""
    if asked is not None and asked > signal.bar:
        unchanged = f" (unchanged to {asked:%H:%M})"
    said = reasoning(signal, words or StrategyWords(), unchanged)
    return f"{signal.symbol} bar {signal.bar:%Y-%m-%d %H:%M} UTC: {signal.reason}, {said}"


def reasoning(signal: Signal, words: StrategyWords, unchanged: str = "") -> str:
    """Return why a signal is what it is, without its symbol and bar, which a table has beside it.

    `unchanged` is said behind the reason's meaning.
    """
    parts = [words.meaning_of(signal.reason) + unchanged]
    if signal.price is not None:
        parts.append(f"close {signal.price:.4f}")
    parts += _levels(signal, words.levels)
    if signal.level is not None:
        parts.append(f"rests at {signal.level:.4f}")
    if signal.quantity:
        parts.append(counted(signal.quantity, "share"))
    if signal.stop is not None:
        parts.append(f"stop {signal.stop:.4f}")
        reference = signal.price if signal.level is None else signal.level
        if reference is not None:
            distance = abs(reference - signal.stop)
            parts.append(f"risk {distance:.4f} a share")
            if signal.quantity:
                parts.append(f"{distance * signal.quantity:,.2f} USD at risk")
    if signal.target_offset is not None:
        parts.append(_target(signal.target_offset, signal.target_kind))
    if signal.score is not None:
        parts.append(f"validation score {signal.score:.1f} of 100")
    if signal.relative_opening_volume is not None:
        parts.append(f"relative opening volume {signal.relative_opening_volume:.2f}")
    if signal.atr is not None:
        parts.append(f"ATR(14) {signal.atr:.4f}")
    if signal.equity is not None:
        parts.append(f"equity {signal.equity:,.2f} USD")
    return "; ".join(parts)


def _levels(signal: Signal, names: tuple[str, ...]) -> list[str]:
    high, low = signal.range_high, signal.range_low
    if names == FIRST_VERSION_LEVELS:
        known = high is not None and low is not None
        return [f"range {low:.4f} to {high:.4f}"] if known else []
    found = zip(names, (high, low), strict=False)
    return [f"{name} {value:.4f}" for name, value in found if value is not None]


def _target(offset: float, kind: TargetKind) -> str:
    if kind is TargetKind.FRACTION:
        return f"target {100 * offset:g} % from the fill"
    if kind is TargetKind.R:
        return f"target {offset:g} R from the fill"
    return f"target {offset:.4f} from the fill"
