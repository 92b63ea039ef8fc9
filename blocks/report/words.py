"""What a run's names and assumptions mean, in plain words."""

from __future__ import annotations

from trading.parameters import GateParameters
from trading.plan import RunPlan

DEFECT_WORDS = {
    "rows": ("Rows read", "of these symbols and sessions, before anything was dropped"),
    "outside_session": (
        "Outside the session",
        "before the open or after the close of the exchange's calendar; dropped",
    ),
    "duplicate": ("Duplicate", "the same symbol and time again; the last one was kept"),
    "invalid": (
        "Invalid",
        "a price that cannot be, or a high and low that do not contain open and close; treated"
        " as missing",
    ),
    "zero_volume": ("Zero volume", "legal, kept and counted"),
    "missing": (
        "Missing bars",
        "bars of the calendar that no valid row covers; no entry and no fill in them",
    ),
    "gate.spike": ("Gate: spike", "a wick that is too long to be true; rejected, so missing"),
    "gate.jump": (
        "Gate: jump",
        "a close too far from the close before; rejected, so missing",
    ),
    "gate.new_level": (
        "Gate: new level",
        "a jump that held; the symbol's past is forgotten, no entry until the session's end",
    ),
    "gate.gap": (
        "Gate: gap",
        "an open too far from the last close of an earlier session; the past is forgotten, no"
        " entry until the session's end",
    ),
    "gate.stale": ("Gate: stale", "the price has stood still for too many bars; no entry"),
    "gate.zero_volume": ("Gate: zero volume", "a bar without volume; no entry at its close"),
}


def assumptions(plan: RunPlan, assumed_closes: int) -> tuple[str, ...]:
    """Return what the figures take for granted, one sentence each, with the plan's numbers."""
    fills = plan.fills
    said = [
        "Only closed bars are read: what is decided at a bar's close never knows a later bar.",
        "A market order fills at the open of its symbol's next bar in the same session; no order"
        " lives on into another session.",
        "A stop fires when a bar touches it, and fills at the stop, or at the bar's open when"
        " that is already beyond it.",
        "A target fills when a bar touches it, at its price or a better open; a real limit order"
        " may wait in a queue and not fill on a touch.",
        "When one bar touches both stop and target, the stop counts; the bar of the entry is"
        " tested too.",
        _slippage(plan),
        _participation(fills.max_participation),
        _commission(fills.commission_per_share, fills.commission_minimum),
        "An exit that finds no further bar is booked at the symbol's last close as an assumed"
        f" close, which no market gave; this run has {assumed_closes:,}.",
        f"The daily loss limit of {plan.risk.max_daily_loss_pct * 100:g} % looks at closes and"
        " leaves one open later, so a day can lose more than the limit.",
        "Symbols decide in the configured order, so earlier ones have the first claim on cash and"
        " on places.",
        "Buying power is the equity, once; the proceeds of shorts are not used again.",
        "Borrowing, locates, short-sale restrictions, and SEC and TAF fees cost nothing here.",
        "Splits and dividends are not adjusted: prices are taken as they come.",
        *_gate(plan.gate),
    ]
    if plan.strategy_name == "orb":
        said.insert(
            1,
            "A breakout is a state and not a crossing: a later close beyond the range still"
            " enters, unless max_extension forbids it.",
        )
    return tuple(said)


def _gate(gate: GateParameters) -> tuple[str, ...]:
    if not gate.is_on:
        return ("The data gate is off: every bar is believed.",)
    return (
        "A bar that the data gate rejects counts as missing, by hindsight: an order that waits for"
        " its open fills later than a broker would have filled it, a stop is not tested in it, and"
        " an exit that finds no further bar is booked at the last accepted close.",
        "With the gate's defaults splits of 2-for-1 and more and reverse splits of 1-for-2 and"
        " more are caught, smaller ones are not; real opening gaps of 38 % exist.",
    )


def _slippage(plan: RunPlan) -> str:
    fills = plan.fills
    parts = [f"{fills.slippage_bps:g} basis points ({fills.slippage_bps / 100:g} %)"]
    if fills.volatility_factor:
        parts.append(f"{fills.volatility_factor:g} x the previous bar's range")
    if fills.impact_factor:
        parts.append(f"{fills.impact_factor:g} x the root of quantity over the bar's volume")
    return f"Market and stop fills are worse by {' plus '.join(parts)}; target fills do not slip."


def _participation(share: float) -> str:
    if share == 0:
        return "Orders fill whole, however small the bar's volume is (max_participation is 0)."
    return (
        f"In one bar an entry takes at most {share * 100:g} % of the bar's volume and exits as much"
        " again, although that volume is not yet known at the open; the rest of an entry is"
        " cancelled, the rest of an exit goes on at the next opens."
    )


def _commission(per_share: float, minimum: float) -> str:
    if not per_share and not minimum:
        return "No commission is charged."
    return (
        f"Each filled part pays {per_share:g} USD a share, at least {minimum:g} USD, taken from"
        " cash at the fill."
    )
