"""A stored decision as one readable line."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from trading.reasons import Reason

_MEANINGS = {reason.word: reason.meaning for reason in Reason if reason.meaning}


@dataclass(frozen=True, slots=True)
class StoredDecision:
    """A decision with the numbers behind it, prices in USD, None where not reached."""

    symbol: str
    bar: datetime
    reason: str
    price: float | None
    range_high: float | None
    range_low: float | None
    stop: float | None
    target_offset: float | None
    quantity: int
    atr: float | None
    equity: float | None


def explain(decision: StoredDecision, asked: datetime | None = None) -> str:
    """Return a decision as one line; `asked` is the bar that was asked for, if a later one."""
    reason = decision.reason.partition(":")[0]
    parts = [
        f"{decision.symbol} bar {decision.bar:%Y-%m-%d %H:%M} UTC: {decision.reason},"
        f" {_MEANINGS.get(reason, 'a reason of the strategy')}"
    ]
    if asked is not None and asked > decision.bar:
        parts[0] += f" (unchanged to {asked:%H:%M})"
    if decision.price is not None:
        parts.append(f"close {decision.price:.4f}")
    if decision.range_high is not None and decision.range_low is not None:
        parts.append(f"range {decision.range_low:.4f} to {decision.range_high:.4f}")
    if decision.quantity:
        parts.append(f"{decision.quantity} shares")
    if decision.stop is not None:
        parts.append(f"stop {decision.stop:.4f}")
        if decision.price is not None:
            distance = abs(decision.price - decision.stop)
            parts.append(f"risk {distance:.4f} a share")
            if decision.quantity:
                parts.append(f"{distance * decision.quantity:.2f} USD at risk")
    if decision.target_offset is not None:
        parts.append(f"target {decision.target_offset:.4f} from the fill")
    if decision.atr is not None:
        parts.append(f"ATR(14) {decision.atr:.4f}")
    if decision.equity is not None:
        parts.append(f"equity {decision.equity:,.2f} USD")
    return "; ".join(parts)
