"""What a user asks of a backtest, checked before anything is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from types import ModuleType
from typing import Any

from blocks.bars.file_format import BarFileFormat
from blocks.markets.random_walk import DEFAULT_SEED
from trading.backtest.run import KEEP
from trading.errors import BadInput, together
from trading.plan import RunPlan, make_plan, strategy_in

# Exchange calendars and their time stamps reach no further.
FIRST_YEAR, LAST_YEAR = 1900, 2200


@dataclass(frozen=True, slots=True)
class BacktestRequest:
    """A backtest as asked for; `bars` None means the simulated market.

    `daily_bars` is a file of daily bars, None where they are made of the others.
    `symbols` in the configured order, none for all of the file; `start` and `end` are session
    dates, both included, None for the file's first and last; `settings` any parameter that the
    rules name; `decisions` all, changes or none; `out` None writes nothing; `report` whether a
    page of HTML is written too; `read_again` whether files are read though an earlier run kept
    their bars; `benchmark` a symbol of the bars or a file, None for a well-known symbol that the
    run trades; `out_of_sample_from` the first session date of a second part whose figures stand
    apart; `tear_sheet` whether QuantStats writes its page too.
    """

    bars: Path | None = None
    symbols: tuple[str, ...] = ()
    start: date | None = None
    end: date | None = None
    interval_minutes: int = 5
    capital: float = 10_000.0
    exchange: str = "NYSE"
    settings: Mapping[str, Any] = field(default_factory=dict)
    decisions: str = "changes"
    out: Path | None = None
    format: BarFileFormat = field(default_factory=BarFileFormat)
    seed: int = DEFAULT_SEED
    strategy_module: ModuleType | None = None
    report: bool = True
    read_again: bool = False
    daily_bars: Path | None = None
    benchmark: str | None = None
    out_of_sample_from: date | None = None
    tear_sheet: bool = False

    @property
    def is_simulated(self) -> bool:
        """Return whether the bars are those of the simulated market."""
        return self.bars is None


def check_request(request: BacktestRequest) -> None:
    """Raise BadInput, naming all that is wrong, for dates, decisions or a market that cannot be."""
    wrong = []
    for name, day in (("start", request.start), ("end", request.end)):
        if day is not None and not FIRST_YEAR <= day.year <= LAST_YEAR:
            hint = f"Use a year from {FIRST_YEAR} to {LAST_YEAR}"
            wrong.append(BadInput(f"{name} {day} is out of range", hint))
    if request.start and request.end and request.end < request.start:
        what = f"end {request.end} is before start {request.start}"
        wrong.append(BadInput(what, "Swap the two dates"))
    if request.decisions not in KEEP:
        hint = f"Use one of {', '.join(KEEP)}"
        wrong.append(BadInput(f"decisions {request.decisions!r} is no choice", hint))
    if request.bars is None and not (request.symbols and request.start and request.end):
        what = (
            "without a file of bars the market is simulated, and symbols, start and end are needed"
        )
        wrong.append(BadInput(what, "Give --bars PATH, or --symbols, --start and --end"))
    if wrong:
        raise together(wrong)


def plan_of(request: BacktestRequest) -> RunPlan:
    """Return the request's checked plan, its symbols still empty when the file decides them."""
    plan = make_plan(
        request.symbols or ("all",),
        dict(request.settings),
        exchange=request.exchange,
        interval_minutes=request.interval_minutes,
        capital=request.capital,
        strategy_module=request.strategy_module,
    )
    return replace(plan, symbols=request.symbols)


def module_of(request: BacktestRequest) -> ModuleType:
    """Return the module of a request's strategy; raises BadInput for one that is not built in."""
    return request.strategy_module or strategy_in(request.settings)
