"""walk-forward: choose on past sessions and trade on later ones, as a Prefect flow."""

from __future__ import annotations

import asyncio
from datetime import date
from pathlib import Path
from typing import Any, Literal

from prefect import flow
from prefect.client.schemas.objects import State

from blocks.results.served import WALKS
from blocks.settings.app_settings import AppSettings
from flows.pages.live_page import LivePage
from flows.pages.research.kept_work import kept_work
from flows.pages.research.walk_artifacts import publish_walk, walk_message
from flows.pages.shown_progress import ShownProgress
from flows.process.name_run import name_run
from flows.process.run_names import span_name
from flows.process.settings import begin_process
from flows.session.request import DEFAULT_SYMBOLS
from flows.walk_forward_form import Windows, walk_of_form
from tasks.walk_forward.report import WalkReport
from tasks.walk_forward.run import walk
from trading.parameters import FillParameters, GateParameters, RiskParameters
from trading.strategies.orb_parameters import OrbParameters
from trading.strategy_choice import AnyStrategy
from trading.sweep.objective import Objective

GRID = ("range_minutes=5,15,30", "min_body=0:0.8:0.2")


# Not a coroutine: a cancelled run ends where it is.
@flow(name="walk-forward", persist_result=False, validate_parameters=False)
def walk_forward(
    in_sample: int = 20,
    out_of_sample: int = 10,
    windows: Windows = "rolling",
    grid: list[str] = list(GRID),  # noqa: B006
    random: int | None = None,
    seed: int = 1,
    objective: Objective = Objective.SHARPE,
    step: int | None = None,
    purge: int | None = None,
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
    workers: int | None = None,
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
    """Choose the best of many sets on past sessions, trade it on the next ones, and go on.

    Args:
        in_sample: On how many sessions a window chooses
        out_of_sample: On how many later sessions its choice is traded
        windows: rolling chooses on the last sessions before, anchored on all from the first on
        grid: What is chosen from, a line each: name=5,15,30 or name=low:high:step
        random: So many different sets drawn from the grid; empty runs all of them
        seed: Another number draws other sets
        objective: The figure by which each window chooses
        step: Sessions from one window to the next; empty is as many as are traded
        purge: Sessions left out between the two; empty is as many as the indicators look back
        bars: File or folder of bars; empty simulates them
        ruleset: Name of a ruleset, such as conservative; what stands at its default below gives way
        daily_bars: File of daily bars, such as data/bars/1d; empty makes them of the bars
        symbols: In order of precedence: earlier ones have the first claim on cash and places
        start: First session, such as 2025-06-02; empty is the file's first
        end: Last session; empty is the file's last
        interval_minutes: Length of a bar: 1, 5, 15, 30 or 60 minutes
        capital: What the first window begins with, USD; the others with what is left
        exchange: Whose calendar says when sessions are, such as NYSE, NASDAQ, LSE or TSX
        strategy: When a position is entered, and how it is left; file is one of your own
        risk: How much may be risked, and when it stops for the day
        fills: What the simulated exchange charges, and how much of a bar it gives
        gate: Which bars are not believed, and at which nothing is entered; 0 turns a check off
        workers: How many; empty is one for each processor
        timezone: Zone of the file's times, where they name none
        stamp: What a row's time is, its bar's start or end; empty finds out
        columns: The file's names by ours, such as close: Last
        source_interval_minutes: Length of the file's bars, where it cannot be told
        time_format: How times are written, as strptime says it, such as %d.%m.%Y %H:%M
        column_order: Our names for the columns of a file without a header, - for none
        symbol: That of all rows, whatever the files are called
        feed: Whose bars are read of an archive, such as yahoo or alpaca:sip; empty is the best
        data_dir: The folder of the accounts; results are kept in its walks
    """
    form = {name: value for name, value in locals().items() if name != "data_dir"}
    configured = begin_process(data_dir)

    def work(out: Path) -> WalkReport:
        return _walk_into(out, form, configured, Path(data_dir))

    live_page = LivePage.of(configured.api, Path(data_dir))
    root = Path(data_dir) / WALKS
    return kept_work(root, "the walk-forward test", work, publish_walk, live_page, walk_message)


def _walk_into(
    out: Path, form: dict[str, Any], configured: AppSettings, data_dir: Path
) -> WalkReport:
    request = walk_of_form(form, out, configured, data_dir)
    base = request.sweep.base
    asyncio.run(name_run(span_name("walk-forward", base.symbols, base.start, base.end)))
    progress = ShownProgress("walk-forward-progress")
    report = walk(request, progress)
    progress.finish()
    return report
