"""Everything that a report says of a run beyond its summary, as figures."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, is_dataclass
from datetime import date

import numpy as np

from trading.analysis.benchmark import Against, Benchmark, against
from trading.analysis.costs import Costs, costs_of
from trading.analysis.days import Days, days_of
from trading.analysis.drawdowns import Drawdowns, drawdowns_of
from trading.analysis.excursions import Excursions, excursions_of
from trading.analysis.holding_time import HeldFor, held_for
from trading.analysis.offered_prices import offered_prices
from trading.analysis.risk_figures import RiskFigures, risk_figures
from trading.analysis.rolling import Rolling, rolling_of
from trading.analysis.samples import Samples, samples_of
from trading.analysis.streaks import Streaks, streaks_of
from trading.analysis.trade_fills import join_fills, table_order
from trading.analysis.trade_order import TradeOrder, trade_order_of
from trading.backtest.performance import Json, Summary, trade_columns
from trading.backtest.run import Outcome
from trading.market.panel import Panel
from trading.plan import RunPlan


@dataclass(frozen=True, slots=True)
class RunAnalysis:
    """The figures of `trading.analysis`, each by its own file.

    `costs` and `excursions` (in the order of the outcome's trades) are None for a run whose bars
    were not kept, `benchmark` where none is named, `samples` where the run is in one part;
    `rolling` and `trade_order` where there is too little of it.
    """

    risk: RiskFigures
    drawdowns: Drawdowns
    days: Days
    trade_streaks: Streaks
    day_streaks: Streaks
    held_for: tuple[HeldFor, ...]
    costs: Costs | None
    excursions: Excursions | None
    rolling: Rolling | None
    trade_order: TradeOrder | None
    benchmark: Against | None
    samples: Samples | None

    def as_dict(self) -> dict[str, Json]:
        """Return the figures as JSON-ready values, None for what is no number.

        Values of single trades and sessions are left to the tables.
        """
        excursions = self.excursions
        return {
            "risk": _json(self.risk),
            "drawdowns": _json(self.drawdowns),
            "worst_days": _json(self.days.worst),
            "best_days": _json(self.days.best),
            "trade_streaks": _json(self.trade_streaks),
            "day_streaks": _json(self.day_streaks),
            "held_for": _json(self.held_for),
            "costs": None if self.costs is None else _costs(self.costs),
            "excursions": None if excursions is None else _means(excursions),
            "rolling": _json(self.rolling),
            "trade_order": _json(self.trade_order),
            "benchmark": _json(self.benchmark),
            "samples": _samples(self.samples),
        }


def analyse(
    outcome: Outcome,
    panel: Panel,
    plan: RunPlan,
    summary: Summary,
    *,
    benchmark: Benchmark | None = None,
    out_of_sample_from: date | None = None,
) -> RunAnalysis:
    """Return the analysis of a run over a panel, whose bars may not have been kept."""
    grid, capital = panel.grid, plan.capital
    sessions = grid.sessions[outcome.first_traded :]
    returns = np.array(summary.session_returns)
    trades = trade_columns(outcome)
    order = table_order(trades)
    drawdowns = drawdowns_of(outcome.equity, outcome.equity_us, sessions, capital)
    days = days_of(outcome, grid, capital, returns)
    costs = excursions = None
    if len(panel.close):
        joined = join_fills(outcome, grid)
        offered = offered_prices(joined, panel, outcome.log.close, plan.rules())
        costs = costs_of(joined, offered)
        excursions = excursions_of(joined, panel, outcome.log.close, offered)
    return RunAnalysis(
        risk=risk_figures(summary, returns, trades.r_multiple, drawdowns),
        drawdowns=drawdowns,
        days=days,
        trade_streaks=streaks_of(trades.pnl[order]),
        day_streaks=streaks_of(np.array([day.profit for day in days.all])),
        held_for=held_for(trades),
        costs=costs,
        excursions=excursions,
        rolling=rolling_of(returns, sessions),
        trade_order=trade_order_of(trades.pnl[order], capital),
        benchmark=(
            None if benchmark is None else against(benchmark, returns, summary.total_return)
        ),
        samples=(
            None
            if out_of_sample_from is None
            else samples_of(outcome, grid, capital, out_of_sample_from)
        ),
    )


def _samples(samples: Samples | None) -> Json:
    if samples is None:
        return None
    return {
        "begins": samples.begins.isoformat(),
        "inside": samples.inside.as_dict(),
        "outside": samples.outside.as_dict(),
    }


def _costs(costs: Costs) -> Json:
    named = (field.name for field in fields(costs) if field.name != "of_trades")
    return {name: _json(getattr(costs, name)) for name in named}


def _means(excursions: Excursions) -> Json:
    means: dict[str, Json] = {"trades": len(excursions.mae_usd)}
    for field in fields(excursions):
        values = getattr(excursions, field.name)
        known = values[np.isfinite(values)]
        means[f"mean_{field.name}"] = float(known.mean()) if len(known) else None
    return means


def _json(value: object) -> Json:
    if is_dataclass(value):
        return {field.name: _json(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, np.ndarray):
        return [_json(each) for each in value.tolist()]
    if isinstance(value, tuple):
        return [_json(each) for each in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, date):
        return value.isoformat()
    if value is None or isinstance(value, int | str):
        return value
    raise TypeError(f"an analysis holds no {type(value).__name__}")
