"""The trades of a run as the report's columns, with the stop and target each began with."""

from __future__ import annotations

import numpy as np

from trading.backtest.run import Outcome
from trading.engine.tapes.decision_log import parts_of
from trading.engine.tapes.trade_tape import TradeRow
from trading.entries import FRACTION, R
from trading.market.bars import Floats, Integers
from trading.plan import RunPlan
from trading.prices import UNITS_PER_DOLLAR
from trading.reasons import ENTER_LONG

# The order in which the page's scripts read them; rows count the bars of the traded sessions.
PAGE_COLUMNS = (
    "symbol",
    "side",
    "quantity",
    "entry_row",
    "entry_price",
    "exit_row",
    "exit_price",
    "exit_reason",
    "pnl",
    "initial_stop",
    "target",
    "level",
)


def trade_columns(outcome: Outcome, plan: RunPlan, most: int) -> tuple[Floats, ...]:
    """Return the newest trades, at most so many, as PAGE_COLUMNS in the order of trades.csv."""
    at = TradeRow(*outcome.trades.T)._asdict()
    at["target"], at["level"] = targets_and_levels(outcome, plan)
    order = np.lexsort((at["symbol"], at["entry_us"], at["exit_us"]))[-most:]
    for end in ("entry", "exit"):
        row = np.searchsorted(outcome.equity_us, at[f"{end}_us"].astype(np.int64))
        at[f"{end}_row"] = row.astype(np.float64)
    return tuple(at[name][order] for name in PAGE_COLUMNS)


def targets_and_levels(outcome: Outcome, plan: RunPlan) -> tuple[Floats, Floats]:
    """Return each trade's target, rounded to the tick, and the level at which its entry rested.

    NaN where it had none or none was kept.
    """
    trade: TradeRow[Floats] = TradeRow(*outcome.trades.T)
    decision = _to_enter(outcome)
    # A target by the range is the same all session, so a later trade may share a decision.
    shared = getattr(plan.strategy, "target", "") == "range"
    found = _decision_of_trades(trade, decision, shared)
    target, level = np.full((2, len(found)), np.nan)
    rows = np.flatnonzero(found >= 0)
    rows = rows[decision["stop"][found[rows]] == trade.initial_stop[rows]]
    made = found[rows]
    level[rows] = decision["level"][made]
    offset, kind = decision["target_offset"][made], decision["target_kind"][made]
    side, entry = trade.side[rows], trade.entry_price[rows]
    units = plan.rules().tick_units
    usd = np.where(kind == R, offset * abs(entry - trade.initial_stop[rows]), offset)
    exact = np.where(kind == FRACTION, entry * (1 + side * offset), entry + side * usd)
    price = np.floor(exact * UNITS_PER_DOLLAR + 0.5)
    # Towards the position: down for a long, up for a short.
    target[rows] = side * np.floor_divide(side * price, units) * units / UNITS_PER_DOLLAR
    return target, level


def _to_enter(outcome: Outcome) -> dict[str, Floats]:
    """Return the columns of the decisions to enter that say where a trade began."""
    names = ("us", "symbol", "stop", "target_offset", "target_kind", "level")
    parts: dict[str, list[Floats]] = {name: [] for name in names}
    for log in parts_of(outcome.log):
        entered = np.flatnonzero(log.reason >= ENTER_LONG)
        for name, found in parts.items():
            found.append(log.column(name)[entered])
    return {name: np.concatenate(found) for name, found in parts.items()}


def _decision_of_trades(
    trade: TradeRow[Floats], decision: dict[str, Floats], shared: bool
) -> Integers:
    """Return which decision to enter each trade came from, -1 where it was not kept.

    A decision belongs to the first trade of its symbol that was entered after it, or `shared` to
    all until the next. With `changes`, an entry for the same reason as the bar before has none.
    """
    found = np.full(len(trade.symbol), -1, dtype=np.int64)
    for symbol in np.unique(trade.symbol):
        mine = np.flatnonzero(trade.symbol == symbol)
        mine = mine[np.argsort(trade.entry_us[mine], kind="stable")]
        theirs = np.flatnonzero(decision["symbol"] == symbol)
        last = np.searchsorted(decision["us"][theirs], trade.entry_us[mine]) - 1
        own = last >= 0 if shared else np.diff(last, prepend=-1) > 0
        found[mine[own]] = theirs[last[own]]
    return found
