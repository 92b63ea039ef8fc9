"""A finished backtest: what happened, its figures, and both as files and pages need them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cached_property, partial

from blocks.report.page import report_page
from blocks.report.run import ReportRun
from blocks.report.tear_sheet import tear_sheet_of
from blocks.results.folder import Results
from tasks.backtest.engine_version import engine_version
from tasks.backtest.hashes import hashes_of
from trading.analysis.benchmark import Benchmark
from trading.analysis.run_analysis import RunAnalysis, analyse
from trading.analysis.trade_details import details_of
from trading.backtest.performance import Json, Summary
from trading.backtest.run import Outcome
from trading.backtest.tables import DecisionTables, equity_table, trades_table, universe_table
from trading.market.calendar import Session
from trading.market.panel import Panel
from trading.plan import RunPlan


@dataclass(frozen=True)
class BacktestReport:
    """A finished backtest: the plan, its bars, what happened, and the figures.

    `sessions` are those traded; `notes` one sentence for each thing that a reader of the
    figures must know; `source` where the bars come from, `is_simulated` whether that is no market,
    and `has_page` whether its folder gets a page of HTML. `benchmark` is what is bought and held
    in comparison, `out_of_sample_from` where the run is split, None for either that is not;
    `has_tear_sheet` says that QuantStats' page is written too.
    """

    plan: RunPlan
    panel: Panel
    sessions: tuple[Session, ...]
    outcome: Outcome
    summary: Summary
    source: str
    notes: tuple[str, ...]
    is_simulated: bool
    has_page: bool = True
    benchmark: Benchmark | None = None
    out_of_sample_from: date | None = None
    has_tear_sheet: bool = False

    @cached_property
    def analysis(self) -> RunAnalysis:
        """Return the figures beyond the summary, made when they are first asked for."""
        return analyse(
            self.outcome,
            self.panel,
            self.plan,
            self.summary,
            benchmark=self.benchmark,
            out_of_sample_from=self.out_of_sample_from,
        )

    def results(self, *, page: bool = False) -> Results:
        """Return the report as tables and a summary for a result folder, and as a page."""
        grid, analysis = self.panel.grid, self.analysis
        return Results(
            trades_table(self.outcome, grid, self.plan),
            DecisionTables(self.outcome, grid, self.plan),
            equity_table(self.outcome),
            self.as_dict(),
            partial(report_page, self.run()) if page else None,
            universe_table(self.outcome, grid, self.plan),
            analysis.as_dict(),
            details_of(analysis, self.outcome),
            tear_sheet_of(self.run()) if self.has_tear_sheet else None,
        )

    def run(self) -> ReportRun:
        """Return the report as its page of HTML needs it."""
        return ReportRun(
            self.plan,
            self.panel,
            self.outcome,
            self.summary,
            self.source,
            self.notes,
            engine_version(self.plan.strategy_module),
            self.is_simulated,
            self.analysis,
            self.benchmark,
            self.out_of_sample_from,
        )

    def as_dict(self) -> dict[str, Json]:
        """Return everything but the tables as JSON-ready values."""
        return {
            "engine_version": engine_version(self.plan.strategy_module),
            "hashes": hashes_of(self.plan, self.panel, self.outcome.first_traded),
            "source": self.source,
            "plan": self.plan.describe(),
            "words": {
                "levels": list(self.plan.levels),
                "own_reasons": dict(self.plan.own_reasons),
            },
            "sessions": {
                "count": len(self.sessions),
                "first": self.sessions[0].date.isoformat(),
                "last": self.sessions[-1].date.isoformat(),
                "warm_up": self.outcome.first_traded,
            },
            "defects": {
                **self.panel.defects.as_dict(),
                **self.outcome.gate.as_defects(),
                **(self.panel.daily.defects.as_defects() if self.panel.daily else {}),
            },
            "gate": {
                "findings": [{**finding.as_dict()} for finding in self.outcome.gate.findings],
                "others": self.outcome.gate.others,
            },
            "notes": list(self.notes),
            "summary": self.summary.as_dict(),
        }
