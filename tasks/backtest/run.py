"""The steps of a backtest as plain functions: load, run, figures, report."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property, partial
from importlib import metadata
from pathlib import Path
from types import ModuleType

import numpy as np

import trading
from blocks.process.cache_folder import engine_cache_folder, with_engine_cache
from blocks.report.page import report_page
from blocks.report.run import ReportRun
from blocks.report.tear_sheet import tear_sheet_of, why_no_tear_sheet
from blocks.results.folder import Results, check_folder, write_results
from tasks.backtest.comparison import compare_with
from tasks.backtest.daily_bars import daily_bars_of, with_daily_bars
from tasks.backtest.hashes import hashes_of
from tasks.backtest.notes import how_it_ran, panel_notes, refuse_no_bars
from tasks.backtest.panel import is_large, load_panel
from tasks.backtest.request import BacktestRequest, check_request, plan_of
from tasks.backtest.scan import UniverseScan, to_scan
from trading.analysis.benchmark import Benchmark
from trading.analysis.run_analysis import RunAnalysis, analyse
from trading.analysis.trade_details import details_of
from trading.backtest.no_trades import why_no_trades
from trading.backtest.performance import Json, Summary, summarise
from trading.backtest.run import READ_COMPILED_ABOVE_BARS, Outcome, read_compiled, run_backtest
from trading.backtest.tables import DecisionTables, equity_table, trades_table, universe_table
from trading.market.calendar import Session
from trading.market.panel import Panel
from trading.plan import RunPlan

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Loaded:
    """What a run needs: its request, its plan, and its bars, of which those from `first_traded` on
    are traded.

    `notes` are what a reader must know of the bars; `scan` reads them while it runs, None where
    the panel has them. `benchmark` is what the run is compared with, None without one.
    """

    request: BacktestRequest
    plan: RunPlan
    panel: Panel
    first_traded: int
    source: str
    notes: tuple[str, ...]
    scan: UniverseScan | None = None
    benchmark: Benchmark | None = None

    @property
    def sessions(self) -> tuple[Session, ...]:
        """Return the sessions that are traded."""
        return self.panel.grid.sessions[self.first_traded :]

    @property
    def bars(self) -> int | None:
        """Return how many bars are traded, None of a scan, which has not read them yet."""
        if self.scan is not None:
            return None
        begin = self.panel.grid.first_row[self.first_traded]
        return int(np.count_nonzero(~np.isnan(self.panel.close[begin:])))


@dataclass(frozen=True)
class Ran:
    """What a strategy did over loaded bars; `is_kept` whether its compiled engine is kept."""

    loaded: Loaded
    outcome: Outcome
    is_kept: bool


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


def backtest(
    request: BacktestRequest, progress: Progress | None = None, steps: Steps | None = None
) -> BacktestReport:
    """Return the report of a request, written to its folder when it names one.

    `progress(step, done, total)` is told of each step; `steps` do the work, plain functions
    without any. Raises BadInput for a request that cannot be served and StoreUnavailable when
    results cannot be written.
    """
    by = steps or PLAIN
    tell = progress or tell_nobody
    # What need not be waited for goes on beside the steps, and ends with them.
    with ThreadPoolExecutor(1) as aside:
        ran = by.run(by.load(request, tell, aside), tell)
        report = by.figures(ran, tell)
        if request.out is not None:
            by.report(report, request.out, tell)
        return report


def load(request: BacktestRequest, tell: Progress, aside: Executor) -> Loaded:
    """Return a request's bars and its plan, checked; of a scan what it is going to read.

    What need not be waited for is done `aside`.
    """
    check_request(request)
    plan = plan_of(request)
    if request.out is not None:
        check_folder(request.out)
    tell("loading bars", 0, 1)
    scan = to_scan(request, plan) if is_large(request) else None
    if scan is not None:
        found = compare_with(request, scan.panel, scan.first_traded)
        return Loaded(
            request, scan.plan, scan.panel, scan.first_traded, scan.source, found.notes, scan,
            found.benchmark,
        )  # fmt: skip
    ready = aside.submit(_get_ready, plan) if is_large(request) else None
    bars = load_panel(request, aside.submit, warm_up=plan.needs_past())
    if ready is not None:
        wait([ready])
    daily = daily_bars_of(request, bars.panel.symbols)
    panel = replace(bars.panel, daily=None if daily is None else daily.bars)
    plan = with_daily_bars(replace(plan, symbols=panel.symbols), daily)
    refuse_no_bars(bars)
    found = compare_with(request, panel, bars.first_traded)
    notes = (*bars.notes, *(() if daily is None else daily.notes), *found.notes)
    return Loaded(
        request, plan, panel, bars.first_traded, bars.source, notes, benchmark=found.benchmark
    )


def run(loaded: Loaded, tell: Progress) -> Ran:
    """Return what a strategy does over loaded bars."""

    def told(done: int, of: int) -> None:
        tell("running", done, of)

    if loaded.scan is not None:
        told(0, len(loaded.sessions))
        scanned = loaded.scan.run(told)
        panel = replace(loaded.panel, defects=scanned.defects)
        notes = (*loaded.scan.notes(scanned), *loaded.notes)
        return Ran(replace(loaded, panel=panel, notes=notes), scanned.outcome, is_kept=True)

    def engine(cache_folder: Path | None) -> Ran:
        outcome = run_backtest(
            loaded.panel,
            loaded.plan,
            first_traded=loaded.first_traded,
            keep=loaded.request.decisions,
            progress=told,
            cache_folder=cache_folder,
        )
        return Ran(loaded, outcome, is_kept=cache_folder is not None)

    told(0, len(loaded.panel.grid.sessions))
    if loaded.panel.close.size > READ_COMPILED_ABOVE_BARS:
        return with_engine_cache(engine)
    return engine(None)


def figures(ran: Ran, tell: Progress) -> BacktestReport:
    """Return the report of a run: its figures, and what their reader must know."""
    tell("summarising", 0, 1)
    loaded, outcome, request = ran.loaded, ran.outcome, ran.loaded.request
    plan, panel = loaded.plan, loaded.panel
    how = how_it_ran(outcome, loaded.sessions, is_kept=ran.is_kept)
    if loaded.scan is not None:
        no_page = "a scan has no bars to draw, and writes no report.html"
        wants_page = request.out is not None and request.report
        notes = (
            *loaded.notes, *outcome.gate.notes(), *how, *([no_page] if wants_page else ())
        )  # fmt: skip
    else:
        why = why_no_trades(panel, plan, outcome, request.decisions, engine_cache_folder())
        notes = (
            *(() if why is None else (why,)),
            *loaded.notes,
            *panel_notes(panel, loaded.first_traded),
            *outcome.gate.notes(),
            *how,
        )
    summary = summarise(outcome, panel.grid, plan.capital)
    no_sheet = why_no_tear_sheet(summary) if request.tear_sheet else None
    return BacktestReport(
        plan,
        panel,
        loaded.sessions,
        outcome,
        summary,
        loaded.source,
        (*notes, *([] if no_sheet is None else [no_sheet])),
        request.is_simulated,
        has_page=request.report and loaded.scan is None,
        benchmark=loaded.benchmark,
        out_of_sample_from=request.out_of_sample_from,
        has_tear_sheet=request.tear_sheet and no_sheet is None,
    )


def write_report(report: BacktestReport, out: Path, tell: Progress) -> None:
    """Write the results of a backtest into its folder."""
    tell("writing results", 0, 1)
    write_results(out, report.results(page=report.has_page))


def _get_ready(plan: RunPlan) -> None:
    """Do what needs no bars; its errors are left to the steps that need what it brings."""
    read_compiled(plan, engine_cache_folder())


@dataclass(frozen=True)
class Steps:
    """What each step takes and gives; Prefect shows them as tasks."""

    load: Callable[[BacktestRequest, Progress, Executor], Loaded]
    run: Callable[[Loaded, Progress], Ran]
    figures: Callable[[Ran, Progress], BacktestReport]
    report: Callable[[BacktestReport, Path, Progress], None]


PLAIN = Steps(load, run, figures, write_report)


def engine_version(module: ModuleType) -> str:
    """Return the version of the package and a hash of the sources, the strategy's among them."""
    try:
        version = metadata.version("openbell")
    except metadata.PackageNotFoundError:
        version = "unreleased"
    digest = hashlib.sha256()
    for path in sorted(Path(trading.__path__[0]).rglob("*.py")):
        digest.update(path.read_bytes())
    digest.update(inspect.getsource(module).encode())
    return f"{version}+{digest.hexdigest()[:12]}"


def tell_nobody(step: str, done: int, total: int) -> None:
    """Stand in for a progress bar."""
