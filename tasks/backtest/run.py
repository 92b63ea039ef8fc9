"""The steps of a backtest as plain functions: load, arrange, run, summarise, write."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from functools import partial
from importlib import metadata
from pathlib import Path
from types import ModuleType

import numpy as np

import trading
from blocks.bars.panel_cache import LoadedPanel
from blocks.process.cache_folder import engine_cache_folder, with_engine_cache
from blocks.report.page import report_page
from blocks.report.run import ReportRun
from blocks.results.folder import Results, check_folder, write_results
from tasks.backtest.daily_bars import daily_bars_of, with_daily_bars
from tasks.backtest.hashes import hashes_of
from tasks.backtest.panel import is_large, load_panel
from tasks.backtest.request import BacktestRequest, check_request, plan_of
from tasks.backtest.scan import ScannedRun, scan_of
from trading.backtest.no_trades import why_no_trades
from trading.backtest.performance import Json, Summary, summarise
from trading.backtest.run import READ_COMPILED_ABOVE_BARS, Outcome, read_compiled, run_backtest
from trading.backtest.tables import DecisionTables, equity_table, trades_table, universe_table
from trading.errors import BadInput
from trading.market.calendar import Session
from trading.market.panel import Panel
from trading.plan import RunPlan

Progress = Callable[[str, int, int], None]
_MOST_NAMED = 10


@dataclass(frozen=True, slots=True)
class BacktestReport:
    """A finished backtest: the plan, its bars, what happened, and the figures.

    `sessions` are those traded; `notes` one sentence for each thing that a reader of the
    figures must know; `source` where the bars come from, and `is_simulated` whether that is no
    market.
    """

    plan: RunPlan
    panel: Panel
    sessions: tuple[Session, ...]
    outcome: Outcome
    summary: Summary
    source: str
    notes: tuple[str, ...]
    is_simulated: bool

    def results(self, *, page: bool = False) -> Results:
        """Return the report as tables and a summary for a result folder, and as a page."""
        grid = self.panel.grid
        return Results(
            trades_table(self.outcome, grid, self.plan),
            DecisionTables(self.outcome, grid, self.plan),
            equity_table(self.outcome),
            self.as_dict(),
            partial(report_page, self.run()) if page else None,
            universe_table(self.outcome, grid, self.plan),
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


def backtest(request: BacktestRequest, progress: Progress | None = None) -> BacktestReport:
    """Return the report of a request, written to its folder when it names one.

    `progress(step, done, total)` is told of each step. Raises BadInput for a request that cannot
    be served and StoreUnavailable when results cannot be written.
    """
    check_request(request)
    plan = plan_of(request)
    if request.out is not None:
        check_folder(request.out)
    tell = progress or tell_nobody
    tell("loading bars", 0, 1)
    if is_large(request):
        found = scan_of(request, plan, lambda done, of: tell("running", done, of))
        if found is not None:
            return _report_of_scan(request, found, tell)
    with ThreadPoolExecutor(1) as aside:
        ready = [aside.submit(_get_ready, plan)] if is_large(request) else []
        bars = load_panel(request, aside.submit, warm_up=plan.needs_past())
        wait(ready)
        return _report_of(request, plan, bars, progress)


def _get_ready(plan: RunPlan) -> None:
    """Do what needs no bars; its errors are left to the steps that need what it brings."""
    read_compiled(plan, engine_cache_folder())


def _report_of(
    request: BacktestRequest, plan: RunPlan, bars: LoadedPanel, progress: Progress | None
) -> BacktestReport:
    tell = progress or tell_nobody
    daily = daily_bars_of(request, bars.panel.symbols)
    panel = replace(bars.panel, daily=None if daily is None else daily.bars)
    plan = with_daily_bars(replace(plan, symbols=panel.symbols), daily)
    refuse_no_bars(bars)
    sessions = panel.grid.sessions
    tell("running", 0, len(sessions))
    outcome, run_notes = run(panel, plan, bars.first_traded, request.decisions, progress)
    tell("summarising", 0, 1)
    why = why_no_trades(panel, plan, outcome, request.decisions, engine_cache_folder())
    notes = (
        *(() if why is None else (why,)),
        *bars.notes,
        *(() if daily is None else daily.notes),
        *panel_notes(panel, bars.first_traded),
        *outcome.gate.notes(),
        *run_notes,
    )
    report = BacktestReport(
        plan,
        panel,
        sessions[bars.first_traded :],
        outcome,
        summarise(outcome, panel.grid, plan.capital),
        bars.source,
        notes,
        request.is_simulated,
    )
    if request.out is not None:
        tell("writing results", 0, 1)
        write_results(request.out, report.results(page=request.report))
    return report


def _report_of_scan(request: BacktestRequest, found: ScannedRun, tell: Progress) -> BacktestReport:
    tell("summarising", 0, 1)
    outcome, grid = found.scanned.outcome, found.panel.grid
    no_page = "a scan has no bars to draw, and writes no report.html"
    report = BacktestReport(
        found.plan,
        found.panel,
        grid.sessions[found.first_traded :],
        outcome,
        summarise(outcome, grid, found.plan.capital),
        str(request.bars),
        (
            *found.notes,
            *outcome.gate.notes(),
            *_how_it_ran(outcome, is_kept=True),
            *([no_page] if request.out is not None and request.report else ()),
        ),
        request.is_simulated,
    )
    if request.out is not None:
        tell("writing results", 0, 1)
        write_results(request.out, report.results())
    return report


def refuse_no_bars(bars: LoadedPanel) -> None:
    """Raise BadInput when not one valid bar is left to trade on."""
    panel = bars.panel
    begin = panel.grid.first_row[bars.first_traded]
    if np.isnan(panel.close[begin:]).all():
        defects = panel.defects
        raise BadInput(
            f"{bars.source} has no valid bar in these sessions: {defects.invalid} of"
            f" {defects.rows} rows have prices that are not positive numbers, a high below the"
            " low, or a volume that is none",
            "Look at the file's prices, and at --column, --timezone and --stamp",
        )


def run(
    panel: Panel,
    plan: RunPlan,
    first_traded: int,
    decisions: str,
    progress: Progress | None = None,
) -> tuple[Outcome, tuple[str, ...]]:
    """Return the outcome of a plan on a panel, and notes on how it was run."""

    def engine(cache_folder: Path | None) -> tuple[Outcome, tuple[str, ...]]:
        outcome = run_backtest(
            panel,
            plan,
            first_traded=first_traded,
            keep=decisions,
            progress=None if progress is None else lambda done, of: progress("running", done, of),
            cache_folder=cache_folder,
        )
        return outcome, _how_it_ran(outcome, is_kept=cache_folder is not None)

    if panel.close.size > READ_COMPILED_ABOVE_BARS:
        return with_engine_cache(engine)
    return engine(None)


def _how_it_ran(outcome: Outcome, *, is_kept: bool) -> tuple[str, ...]:
    if outcome.refusal:
        return (f"the strategy is interpreted, which is slow; numba: {outcome.refusal}",)
    if outcome.compiled and not is_kept:
        return ("the compiled engine is not kept: no cache folder can be written",)
    return ()


def panel_notes(panel: Panel, first_traded: int) -> tuple[str, ...]:
    """Return what is missing from the traded sessions, one sentence each."""
    grid = panel.grid
    begin = grid.first_row[first_traded]
    present = ~np.isnan(panel.close[begin:])
    notes = []
    covered = present.any(axis=1).astype(np.int64)
    bars_by_session = np.add.reduceat(covered, grid.first_row[first_traded:-1] - begin)
    empty = [
        session.date.isoformat()
        for session, bars in zip(grid.sessions[first_traded:], bars_by_session, strict=True)
        if bars == 0
    ]
    if empty:
        more = f" and {len(empty) - _MOST_NAMED} more" if len(empty) > _MOST_NAMED else ""
        notes.append(
            f"sessions without any bar: {len(empty)} of {len(bars_by_session)},"
            f" {', '.join(empty[:_MOST_NAMED])}{more}"
        )
    absent = [
        symbol for symbol, bars in zip(panel.symbols, present.T, strict=True) if not bars.any()
    ]
    if absent:
        notes.append(f"no bar in these sessions of {', '.join(absent)}")
    defects = panel.defects
    if defects.invalid:
        notes.append(f"{defects.invalid} rows are no valid bars and count as missing")
    if defects.duplicate:
        notes.append(f"{defects.duplicate} rows were replaced by later ones for the same bar")
    return tuple(notes)


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
