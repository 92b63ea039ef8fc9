"""sweep: a strategy with many sets of parameters as a Prefect flow, and how much is luck."""

from __future__ import annotations

import asyncio
from datetime import date
from pathlib import Path
from typing import Any, Literal

from prefect import flow
from prefect.client.schemas.objects import State

from blocks.results.served import SWEEPS
from blocks.settings.app_settings import AppSettings
from flows.pages.live_page import LivePage
from flows.pages.research.kept_work import kept_work
from flows.pages.research.sweep_artifacts import publish_sweep, sweep_message
from flows.pages.shown_progress import ShownProgress
from flows.process.name_run import name_run
from flows.process.run_names import span_name
from flows.process.settings import begin_process
from flows.session.request import DEFAULT_SYMBOLS
from flows.sweep_form import sweep_of_form
from tasks.sweep.report import SweepReport
from tasks.sweep.runners.chosen import chosen_runner
from tasks.sweep.runners.chunk_task import HereAsTasks
from tasks.sweep.sweep import sweep as run_sweep
from trading.parameters import FillParameters, GateParameters, RiskParameters
from trading.strategies.orb_parameters import OrbParameters
from trading.strategy_choice import AnyStrategy
from trading.sweep.objective import Objective

GRID = ("range_minutes=5,15,30", "min_body=0:0.8:0.2")


# Not a coroutine: a cancelled run ends where it is, and Dask and Ray have loops of their own.
@flow(name="sweep", persist_result=False, validate_parameters=False)
def sweep(
    grid: list[str] = list(GRID),  # noqa: B006
    random: int | None = None,
    optuna: int | None = None,
    seed: int = 1,
    objective: Objective = Objective.SHARPE,
    bars: str | None = None,
    ruleset: str | None = None,
    daily_bars: str | None = None,
    symbols: list[str] = list(DEFAULT_SYMBOLS),  # noqa: B006
    start: date | None = None,
    end: date | None = None,
    interval_minutes: int = 5,
    capital: float = 10_000.0,
    exchange: str = "NYSE",
    runner: Literal["local", "dask", "ray"] = "local",
    address: str | None = None,
    workers: int | None = None,
    strategy: AnyStrategy = OrbParameters(),  # noqa: B008
    risk: RiskParameters = RiskParameters(),  # noqa: B008
    fills: FillParameters = FillParameters(),  # noqa: B008
    gate: GateParameters = GateParameters(),  # noqa: B008
    timezone: str | None = None,
    stamp: Literal["start", "end"] | None = None,
    columns: dict[str, str] = {},  # noqa: B006
    source_interval_minutes: int | None = None,
    time_format: str | None = None,
    column_order: list[str] = [],  # noqa: B006
    symbol: str | None = None,
    feed: str | None = None,
    data_dir: str = "data",
) -> State[None]:
    """Run a strategy with many sets of parameters over the same bars, and judge the best.

    Args:
        grid: What is swept, a line each: name=5,15,30 or name=low:high:step; any parameter below
        random: So many different sets drawn from the grid; empty runs all of them
        optuna: So many sets that Optuna chooses by the objective; needs its package
        seed: Another number draws other sets
        objective: The figure by which the best is chosen
        bars: File or folder of bars; empty simulates them
        ruleset: Name of a ruleset, such as conservative; what stands at its default below gives way
        daily_bars: File of daily bars, such as data/bars/1d; empty makes them of the bars
        symbols: In order of precedence: earlier ones have the first claim on cash and places
        start: First session, such as 2025-06-02; empty is the file's first
        end: Last session; empty is the file's last
        interval_minutes: Length of a bar: 1, 5, 15, 30 or 60 minutes
        capital: What each set begins with, USD
        exchange: Whose calendar says when sessions are, such as NYSE, NASDAQ, LSE or TSX
        runner: Who runs the sets: this process, or processes of Dask or Ray
        address: Where Dask or Ray listens, such as tcp://HOST:8786; empty starts workers here
        workers: How many; empty is one for each processor
        strategy: When a position is entered, and how it is left; file is one of your own
        risk: How much may be risked, and when it stops for the day
        fills: What the simulated exchange charges, and how much of a bar it gives
        gate: Which bars are not believed, and at which nothing is entered; 0 turns a check off
        timezone: Zone of the file's times, where they name none
        stamp: What a row's time is, its bar's start or end; empty finds out
        columns: The file's names by ours, such as close: Last
        source_interval_minutes: Length of the file's bars, where it cannot be told
        time_format: How times are written, as strptime says it, such as %d.%m.%Y %H:%M
        column_order: Our names for the columns of a file without a header, - for none
        symbol: That of all rows, whatever the files are called
        feed: Whose bars are read of an archive, such as yahoo or alpaca:sip; empty is the best
        data_dir: The folder of the accounts; results are kept in its sweeps
    """
    form = {name: value for name, value in locals().items() if name != "data_dir"}
    configured = begin_process(data_dir)

    def work(out: Path) -> SweepReport:
        return _sweep_into(out, form, configured, Path(data_dir))

    live_page = LivePage.of(configured.api, Path(data_dir))
    root = Path(data_dir) / SWEEPS
    return kept_work(root, "the sweep", work, publish_sweep, live_page, sweep_message)


def _sweep_into(
    out: Path, form: dict[str, Any], configured: AppSettings, data_dir: Path
) -> SweepReport:
    request = sweep_of_form(form, out, configured, data_dir)
    base = request.base
    asyncio.run(name_run(span_name("sweep", base.symbols, base.start, base.end)))
    progress = ShownProgress("sweep-progress")
    with chosen_runner(request) as runner:
        report = run_sweep(request, progress, runner or HereAsTasks())
    progress.finish()
    return report
