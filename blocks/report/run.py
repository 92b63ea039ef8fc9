"""A finished run, as its report is made of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from trading.analysis.benchmark import Benchmark
from trading.analysis.run_analysis import RunAnalysis
from trading.backtest.performance import Summary
from trading.backtest.run import Outcome
from trading.market.calendar import Session, exchange_timezone
from trading.market.panel import Panel
from trading.plan import RunPlan


@dataclass(frozen=True, slots=True)
class ReportRun:
    """A finished run, as the report needs it; `notes` what a reader of the figures must know.

    `is_simulated` says that its bars are of no market. `analysis` are the figures beyond the
    summary, among them those against the `benchmark`. From `out_of_sample_from` on are sessions
    that the parameters were not chosen on, None where nobody said so.
    """

    plan: RunPlan
    panel: Panel
    outcome: Outcome
    summary: Summary
    source: str
    notes: tuple[str, ...]
    engine_version: str
    is_simulated: bool
    analysis: RunAnalysis
    benchmark: Benchmark | None = None
    out_of_sample_from: date | None = None

    @property
    def sessions(self) -> tuple[Session, ...]:
        """Return the traded sessions."""
        return self.panel.grid.sessions[self.outcome.first_traded :]

    @property
    def zone(self) -> ZoneInfo:
        """Return the exchange's time zone."""
        return exchange_timezone(self.plan.exchange)
