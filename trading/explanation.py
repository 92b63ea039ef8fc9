"""A stored decision as one readable line."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

# What each reason means to somebody who asks why; {} is filled with the numbers there are.
WORDS = {
    "lease_lost": "another process held the right to trade this account",
    "halted": "an operator had halted trading",
    "latched": "the day's loss limit had ended entries",
    "reconciliation": "ledger and exchange disagreed about the position",
    "missed": "the decision came too late for its bar",
    "data_gate": "the data was not fit to trade on",
    "position_open": "a position was open already",
    "order_pending": "an entry order was waiting for its next bar",
    "bar_missing": "there was no bar",
    "range_incomplete": "a bar of the opening range was missing",
    "range_flat": "the opening range had no height",
    "max_entries": "the symbol had its entries for the session",
    "after_cutoff": "it was too late in the session for an entry",
    "no_breakout": "the price had not left the opening range",
    "short_disabled": "the break was downward, and shorts are off",
    "weak_body": "the breakout bar's body was too small",
    "too_extended": "the price was too far beyond the range already",
    "indicator_warming_up": "an indicator had too few bars behind it",
    "low_volume": "the breakout bar's volume was too low",
    "stop_not_protective": "the stop would not have been on the protective side",
    "max_positions": "as many positions or entries as allowed were open",
    "order_rate": "the session's entry orders were used up",
    "size_below_one": "risk, cash or position limits allow less than one share",
    "enter_long": "bought",
    "enter_short": "sold short",
}


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
        f" {WORDS.get(reason, 'a reason of the strategy')}"
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
