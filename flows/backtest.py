"""backtest: a strategy over past bars as a Prefect flow, its results shown as artifacts."""

from __future__ import annotations

import asyncio
from datetime import date
from pathlib import Path
from typing import Any, Literal

from prefect import flow
from prefect.client.schemas.objects import State

from blocks.results.served import BACKTESTS, page_of
from blocks.settings.app_settings import AppSettings
from flows.backtest_form import refuse_wrong, request_of_form, with_simulated_days
from flows.backtest_steps import steps_in_prefect
from flows.pages.artifacts import publish_backtest
from flows.pages.cells import cell
from flows.pages.live_page import LivePage
from flows.pages.research.kept_work import kept_work
from flows.pages.shown_progress import ShownProgress
from flows.process.name_run import name_run
from flows.process.run_names import span_name
from flows.process.settings import begin_process
from flows.session.request import DEFAULT_SYMBOLS
from tasks.backtest.report import BacktestReport
from tasks.backtest.run import backtest as run_backtest
from trading.backtest.no_trades import NO_TRADES
from trading.counted import counted
from trading.parameters import FillParameters, GateParameters, RiskParameters
from trading.strategies.orb_parameters import OrbParameters
from trading.strategy_choice import AnyStrategy


# Not a coroutine: a cancelled run ends where it is.
# Prefect's own check would end a run with a page of pydantic; the form's check says one line.
@flow(name="backtest", persist_result=False, validate_parameters=False)
def backtest(
    bars: str | None = None,
    ruleset: str | None = None,
    daily_bars: str | None = None,
    symbols: list[str] = list(DEFAULT_SYMBOLS),  # noqa: B006
    start: date | None = None,
    end: date | None = None,
    interval_minutes: int = 5,
    capital: float = 10_000.0,
    exchange: str = "NYSE",
    strategy: AnyStrategy = OrbParameters(),  # noqa: B008
    risk: RiskParameters = RiskParameters(),  # noqa: B008
    fills: FillParameters = FillParameters(),  # noqa: B008
    gate: GateParameters = GateParameters(),  # noqa: B008
    decisions: Literal["all", "changes", "none"] = "changes",
    timezone: str | None = None,
    stamp: Literal["start", "end"] | None = None,
    columns: dict[str, str] = {},  # noqa: B006
    source_interval_minutes: int | None = None,
    time_format: str | None = None,
    column_order: list[str] = [],  # noqa: B006
    symbol: str | None = None,
    feed: str | None = None,
    benchmark: str | None = None,
    out_of_sample_from: date | None = None,
    tear_sheet: bool = False,
    data_dir: str = "data",
) -> State[None]:
    """Run a strategy over past bars and show its figures, its equity and its trades.

    Args:
        bars: File or folder of bars; empty simulates them
        ruleset: Name of a ruleset, such as conservative; what stands at its default below gives way
        daily_bars: File of daily bars, such as data/bars/1d; empty makes them of the bars
        symbols: In order of precedence: earlier ones have the first claim on cash and places
        start: First session, such as 2025-06-02; empty is the file's first
        end: Last session; empty is the file's last
        interval_minutes: Length of a bar: 1, 5, 15, 30 or 60 minutes
        capital: What it begins with, USD
        exchange: Whose calendar says when sessions are, such as NYSE, NASDAQ, LSE or TSX
        strategy: When a position is entered, and how it is left; file is one of your own
        risk: How much may be risked, and when it stops for the day
        fills: What the simulated exchange charges, and how much of a bar it gives
        gate: Which bars are not believed, and at which nothing is entered; 0 turns a check off
        decisions: Which decisions are kept: all, changes of a symbol's reason, or none
        timezone: Zone of the file's times, where they name none
        stamp: What a row's time is, its bar's start or end; empty finds out
        columns: The file's names by ours, such as close: Last
        source_interval_minutes: Length of the file's bars, where it cannot be told
        time_format: How times are written, as strptime says it, such as %d.%m.%Y %H:%M
        column_order: Our names for the columns of a file without a header, - for none
        symbol: That of all rows, whatever the files are called
        feed: Whose bars are read of an archive, such as yahoo or alpaca:sip; empty is the best
        benchmark: Symbol of the bars, or a file of bars or daily bars, to buy and hold; empty takes
            SPY or its like where they are traded
        out_of_sample_from: First session of a second part whose figures stand apart
        tear_sheet: Write QuantStats' page too, which needs the extra tear-sheet
        data_dir: The folder of the accounts; results are kept in its backtests
    """
    form = {name: value for name, value in locals().items() if name != "data_dir"}
    configured = begin_process(data_dir)

    live_page = LivePage.of(configured.api, Path(data_dir))

    def work(out: Path) -> BacktestReport:
        return _backtest_into(out, form, configured, live_page)

    root = Path(data_dir) / BACKTESTS
    return kept_work(root, "the backtest", work, publish_backtest, live_page, backtest_message)


def _backtest_into(
    out: Path, form: dict[str, Any], configured: AppSettings, live_page: LivePage
) -> BacktestReport:
    request = with_simulated_days(request_of_form(form, out, configured, live_page.data_dir))
    refuse_wrong(request)
    asyncio.run(name_run(span_name("backtest", request.symbols, request.start, request.end)))
    progress = ShownProgress("backtest-progress")
    report = run_backtest(request, progress, steps_in_prefect(live_page))
    progress.finish()
    return report


def backtest_message(report: BacktestReport, out: Path, live_page: LivePage) -> str:
    """Return what a run's end says of a backtest, in one line."""
    trades = counted(report.summary.trades, "trade")
    said = f"{trades}, {cell('pnl', report.summary.total_pnl)} USD"
    if report.is_simulated:
        said += " on SIMULATED bars"
    # What may make the figures worthless is said where they are first seen.
    grave = [note for note in report.notes if note.startswith(("WARNING", NO_TRADES))]
    return "; ".join([said, *grave, ", ".join(live_page.openings(out, page_of(out)))])
