"""Why a run came to no trade: what became of its entries, and what else kept it from any."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from trading.backtest.run import Outcome, run_backtest
from trading.engine.matching import participation_cap
from trading.engine.tapes.decision_log import DecisionLog
from trading.market.bars import Floats, Integers
from trading.market.calendar import Grid
from trading.market.panel import Panel
from trading.plan import RunPlan
from trading.reasons import DATA_GATE_ZERO_VOLUME, ENTER_LONG, ENTER_SHORT, NO_DECISION, Reason

MOST_REASONS = 3
NO_TRADES = "0 trades: "
NO_VOLUME = ": every bar has volume 0"


def why_no_trades(
    panel: Panel, plan: RunPlan, outcome: Outcome, keep: str, cache_folder: Path | None = None
) -> str | None:
    """Return what kept an outcome without trades from any, commonest first; None with a trade.

    Counted are decisions, one a bar and symbol. Where `keep` has left some out the run is made
    again for them.
    """
    if len(outcome.trades):
        return None
    log = outcome.log
    if keep != "all":
        log = run_backtest(
            panel,
            plan,
            first_traded=outcome.first_traded,
            keep="all",
            compiled=outcome.compiled,
            cache_folder=cache_folder,
        ).log
    counts = np.bincount(log.reason, minlength=len(Reason))
    entries = int(counts[ENTER_LONG] + counts[ENTER_SHORT])
    said = _of_entries(panel, plan, log, outcome.first_traded) if entries else []
    counts[[NO_DECISION, ENTER_LONG, ENTER_SHORT]] = 0
    common = [number for number in np.argsort(-counts, kind="stable") if counts[number]]
    for number in common[:MOST_REASONS]:
        reason = Reason(number)
        is_dry = number == DATA_GATE_ZERO_VOLUME and _is_without_volume(panel, outcome.first_traded)
        said.append(
            f"at {counts[number]:,} of {len(log):,} closes {reason.label} ({reason.word})"
            f"{NO_VOLUME if is_dry else ''}"
        )
    if not said:
        said = ["there was nothing to decide: sessions are shorter than the opening range"]
    return f"{NO_TRADES}{'; '.join(said)}"


def _of_entries(panel: Panel, plan: RunPlan, log: DecisionLog, first_traded: int) -> list[str]:
    """Return how many entries there were and what they found at their next bar."""
    reason = log.reason
    is_entry = (reason == ENTER_LONG) | (reason == ENTER_SHORT)
    bar = np.repeat(np.arange(len(log.at_bar)), log.at_bar)[is_entry]
    # Bars that the gate rejects have no close here, and fill nothing.
    there = np.where(np.isnan(log.close), np.nan, panel.volume)
    volume = _next_volumes(there, panel.grid, bar, log.symbol[is_entry].astype(np.int64))
    rules = plan.rules()
    without_bar = int(np.count_nonzero(np.isnan(volume)))
    kinds, of_kind = np.unique(volume[~np.isnan(volume)], return_counts=True)
    caps = np.array([participation_cap(rules, float(kind)) for kind in kinds])
    dry = int(of_kind[caps < 1].sum())
    others = len(bar) - without_bar - dry
    said = []
    if dry:
        none_at_all = _is_without_volume(panel, first_traded)
        why = NO_VOLUME if none_at_all else ": too little for one share"
        said.append(f"{dry:,} {_entries(dry)} found no volume{why}")
    if without_bar:
        said.append(f"{without_bar:,} {_entries(without_bar)} found no further bar in the session")
    if others:
        said.append(f"{others:,} {_entries(others)} found too little money at the fill, or ended")
    return said


def _next_volumes(volume: Floats, grid: Grid, bar: Integers, symbol: Integers) -> Floats:
    """Return the volume of each symbol's next bar in the same session, NaN without one."""
    end = grid.first_row[np.searchsorted(grid.first_row, bar, side="right")]
    found = np.full(len(bar), np.nan)
    at = bar + 1
    while (open_ := np.flatnonzero(np.isnan(found) & (at < end))).size:
        found[open_] = volume[at[open_], symbol[open_]]
        at[open_] += 1
    return found


def _is_without_volume(panel: Panel, first_traded: int) -> bool:
    return not np.nansum(panel.volume[panel.grid.first_row[first_traded] :])


def _entries(count: int) -> str:
    return "entry" if count == 1 else "entries"
