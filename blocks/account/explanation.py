"""A signal as one readable line."""

from __future__ import annotations

from datetime import datetime

from blocks.records.signal import Signal
from trading.reasons import Reason

_MEANINGS = {reason.word: reason.meaning for reason in Reason if reason.meaning}


def explain(signal: Signal, asked: datetime | None = None) -> str:
    """Return a signal as one line; `asked` is the bar that was asked for, if a later one."""
    parts = [
        f"{signal.symbol} bar {signal.bar:%Y-%m-%d %H:%M} UTC: {signal.reason},"
        f" {_MEANINGS.get(signal.reason, 'a reason of the strategy')}"
    ]
    if asked is not None and asked > signal.bar:
        parts[0] += f" (unchanged to {asked:%H:%M})"
    if signal.price is not None:
        parts.append(f"close {signal.price:.4f}")
    if signal.range_high is not None and signal.range_low is not None:
        parts.append(f"range {signal.range_low:.4f} to {signal.range_high:.4f}")
    if signal.quantity:
        parts.append(f"{signal.quantity} shares")
    if signal.stop is not None:
        parts.append(f"stop {signal.stop:.4f}")
        if signal.price is not None:
            distance = abs(signal.price - signal.stop)
            parts.append(f"risk {distance:.4f} a share")
            if signal.quantity:
                parts.append(f"{distance * signal.quantity:.2f} USD at risk")
    if signal.target_offset is not None:
        parts.append(f"target {signal.target_offset:.4f} from the fill")
    if signal.atr is not None:
        parts.append(f"ATR(14) {signal.atr:.4f}")
    if signal.equity is not None:
        parts.append(f"equity {signal.equity:,.2f} USD")
    return "; ".join(parts)
