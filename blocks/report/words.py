"""What a run's names and assumptions mean, in plain words."""

from __future__ import annotations

from trading.indicators.indicator import Kind
from trading.parameters import GateParameters
from trading.plan import RunPlan
from trading.strategies.orb_parameters import OrbParameters

CHART_KEYS = (
    "Keys in a chart: left and right choose a point, Home and End the first and the last, plus and"
    " minus zoom, Escape shows all. By pointer: drag to move; the wheel zooms once the chart is"
    " clicked; double-click to see all."
)

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
        *_entries(plan),
        *_money(plan),
        "Splits and dividends are not adjusted: prices are taken as they come.",
        *_gate(plan.gate),
    ]
    if isinstance(plan.strategy, OrbParameters) and plan.strategy.entry == "market":
        said.insert(
            1,
            "A breakout is a state and not a crossing: a later close beyond the range still"
            " enters, unless max_extension forbids it.",
        )
    return tuple(said)


def _entries(plan: RunPlan) -> tuple[str, ...]:
    """Return what entries that rest, selection and daily values take for granted."""
    rules = plan.rules()
    said = []
    if rules.has_orders:
        said.append(
            "A stop entry that a bar reaches after its open fills at its level, and any price of"
            " that bar beyond its stop stops it there at once, also one of before the entry; its"
            " target is not tested in that bar. A limit entry fills at its level on a touch, does"
            " not slip, and in a real queue may not fill."
        )
    selection = rules.selection
    if selection.opening_bars > 0:
        said.append(
            "Which symbols may trade is judged once a session, at the close of its opening, by"
            " that opening and by earlier days; the symbols themselves are those that were named,"
            " and a list of today's leaves out what was delisted."
        )
    if selection.select_top > rules.max_positions:
        said.append(
            f"With {selection.select_top:,} selected symbols and at most {rules.max_positions:,}"
            " positions the configured order decides who enters, not the rank."
        )
    kinds = {each.kind for each in plan.indicators().values() if each is not None}
    if selection.opening_bars > 0 or kinds & {Kind.DAILY, Kind.OPENING}:
        said.append(
            "Daily values are of the sessions before that were loaded, or of the user's file of"
            " daily bars; a daily ATR needs 15 of them."
        )
    return tuple(said)


def _money(plan: RunPlan) -> tuple[str, ...]:
    """Return what leverage, fees and the drawdown halt take for granted."""
    risk, fills = plan.risk, plan.fills
    times = "once" if risk.leverage == 1 else f"{risk.leverage:g} times"
    costs = "without interest or margin calls" if risk.leverage > 1 else "without margin"
    said = [f"Buying power is the equity {times}, {costs}; proceeds of shorts are not used again."]
    free = "Borrowing, locates and short-sale restrictions"
    if fills.sec_fee_per_million or fills.taf_per_share:
        said += [
            f"What sells pays {fills.sec_fee_per_million:g} USD a million USD and"
            f" {fills.taf_per_share:g} USD a share (at most {fills.taf_maximum:g}) in fees.",
            f"{free} cost nothing here.",
        ]
    else:
        said.append(f"{free}, and SEC and TAF fees, cost nothing here.")
    if risk.max_drawdown_pct:
        said.append(
            f"A fall of {risk.max_drawdown_pct * 100:g} % from the highest end of a session halts"
            " the account until it is resumed: nobody resumes a backtest, which stays halted."
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
