"""The steps of a backtest as plain functions: load, run, figures, report."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from blocks.process.files.cache_folder import engine_cache_folder, with_engine_cache
from blocks.report.tear_sheet import why_no_tear_sheet
from blocks.results.folder import check_folder, write_results
from tasks.backtest.comparison import compare_with
from tasks.backtest.daily_bars import daily_bars_of, with_daily_bars
from tasks.backtest.notes import how_it_ran, panel_notes, refuse_no_bars
from tasks.backtest.panel import is_large, load_panel
from tasks.backtest.report import BacktestReport
from tasks.backtest.request import BacktestRequest, check_request, plan_of
from tasks.backtest.scan import UniverseScan, to_scan
from trading.analysis.benchmark import Benchmark
from trading.backtest.no_trades import why_no_trades
from trading.backtest.performance import summarise
from trading.backtest.run import READ_COMPILED_ABOVE_BARS, Outcome, read_compiled, run_backtest
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


def tell_nobody(step: str, done: int, total: int) -> None:
    """Stand in for a progress bar."""
