"""A backtest of a large universe: all symbols are looked at, and few sessions are read whole.

Selection judges a symbol by its opening, its daily bars and the gate (rules, section 11). Sessions
go through the engine twice: first at rest, each symbol with its opening and one bar for the rest of
its day, which tells who is selected; then with the whole sessions of those, and traded. What a
symbol leaves to later sessions is the same either way, and so is what is traded.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from trading.backtest.passing_prices import PassingPrices, PassingTable
from trading.backtest.pipeline import parts_of_sessions
from trading.backtest.run import KEEP, TAPE_ROWS, Outcome, linked_stages, outcome_of
from trading.backtest.stage_arguments import PanelRun
from trading.engine.strategy.errors import Place, mistakes_explained
from trading.engine.workspace import Signals
from trading.gate.findings import GateReport, report_of, report_of_panel
from trading.gate.verdicts import Verdicts
from trading.indicators.studies import DAILY, OPENING, STUDY_KIND, VWAP
from trading.market.bars import Floats, Integers, Prices
from trading.market.calendar import Grid
from trading.market.daily_bars import DailyBars
from trading.market.panel import Defects, Panel
from trading.plan import RunPlan
from trading.reasons import NO_DECISION

# So many bars of symbols are in memory at a time, twice.
BARS_AT_A_TIME = 4_000_000
# What these say of a session depends on no bar of an earlier one but for what the daily bar has.
_COVERED = frozenset({DAILY, OPENING, VWAP})


class UniverseBars(Protocol):
    """Where the bars of a universe come from."""

    def at_rest(self, first: int, end: int) -> Panel:
        """Return sessions `[first, end)`: openings, and one bar for the rest of each day.

        A day that may have a bar which the gate rejects is there whole.
        """

    def whole_days(self, first: int, end: int, wanted: NDArray[np.bool_]) -> tuple[Integers, Panel]:
        """Return the days that are `wanted` (sessions, symbols), and the symbols that these are.

        The panel has those symbols only.
        """


@dataclass(frozen=True)
class Scanned:
    """What a scan did; `days` is how many days of symbols were read whole as they were selected.

    `defects` counts what was found wrong with rows that were read, `missing` none.
    """

    outcome: Outcome
    days: int
    defects: Defects


class _Counts(NamedTuple):
    """What a scan adds up on its way."""

    days: list[int]
    defects: list[Defects]
    gates: list[GateReport]


def is_covered(plan: RunPlan) -> bool:
    """Return whether a scan of a plan gives what its backtest does.

    It does where symbols are selected, and nothing is read of a session that earlier bars tell,
    but daily bars and opening volumes.
    """
    kinds = set(plan.reading().studies.of[:, STUDY_KIND].tolist())
    return plan.rules().selection.opening_bars > 0 and kinds <= _COVERED


def scan(
    bars: UniverseBars,
    grid: Grid,
    plan: RunPlan,
    *,
    daily: DailyBars | None = None,
    first_traded: int = 0,
    keep: str = "changes",
    compiled: bool | None = None,
    cache_folder: Path | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Scanned:
    """Run a plan that `is_covered` over a universe, with a user's daily bars where there are some.

    Other arguments are those of `run_backtest`.
    Decisions are kept of who was selected, and of every other symbol the first of each session.
    """
    passing = PassingPrices(grid.rows, len(plan.symbols))
    panel = Panel(grid, plan.symbols, *passing.prices, defects=Defects(), daily=daily)
    run = PanelRun(panel, plan, KEEP[keep], first_traded, TAPE_ROWS, is_own=True)
    stages = linked_stages(run, panel, plan, compiled, cache_folder)
    closes = PassingTable(grid.rows, run.symbols).values
    counts = _Counts([], [], [])
    parts = list(parts_of_sessions(grid.first_row, run.symbols, len(grid.sessions), BARS_AT_A_TIME))
    place = Place(plan.symbols, [session.date for session in grid.sessions])
    with ThreadPoolExecutor(1) as ahead, mistakes_explained(plan.strategy_module, place):
        coming = [ahead.submit(bars.at_rest, *part) for part in parts[:1]]
        for number, (first, end) in enumerate(parts):
            part = coming.pop().result()
            coming += [ahead.submit(bars.at_rest, *each) for each in parts[number + 1 : number + 2]]
            _scan_part(bars, run, stages.stages, part, first, end, closes, counts)
            passing.let_go(int(grid.first_row[first]), int(grid.first_row[end]))
            if progress is not None:
                progress(end, len(grid.sessions))
    outcome = outcome_of(run, grid, stages, closes, _gate_of(counts.gates))
    return Scanned(outcome, sum(counts.days), _sum_of(counts.defects))


def _scan_part(
    bars: UniverseBars,
    run: PanelRun,
    stages: tuple[Any, ...],
    part: Panel,
    first: int,
    end: int,
    closes: Floats,
    counts: _Counts,
) -> None:
    """Find out who is selected in sessions `[first, end)`, and trade them."""
    read, settle, keep = stages
    rows = slice(int(run.first_row[first]), int(run.first_row[end]))
    room = run.room(int(np.max(np.diff(run.first_row[first : end + 1]))))
    selected = np.zeros((end - first, run.symbols), dtype=np.bool_)
    counts.defects.append(part.defects)
    traded = max(first, run.first_traded)
    if traded < end:
        before = run.remembered()
        _put(run.prices, rows, part.prices)
        for session in range(first, end):
            run.read(read, room, session, session + 1)
        selected[traded - first :] = run.universe.reason[traded:end] == 0
        run.go_back(before, rows)
        numbers, whole = bars.whole_days(first, end, selected)
        _fill(part, numbers, whole, selected)
        counts.defects.append(whole.defects)
        counts.days.append(int(np.count_nonzero(selected)))
    _put(run.prices, rows, part.prices)
    for session in range(first, end):
        run.read(read, room, session, session + 1)
        run.settle(settle, room, session, session + 1)
        _leave_out(room, int(np.diff(run.first_row)[session]), selected[session - first])
        keep(*run.to_keep(room, session, session + 1))
    kept = run.decisions.reason[rows] != NO_DECISION
    closes[rows][kept] = run.prices.close[rows][kept]
    verdicts = Verdicts(*(values[rows] for values in run.verdicts))
    counts.gates.append(report_of_panel(verdicts, part, run.prices.close[rows]))


def _put(prices: Prices, rows: slice, found: Prices) -> None:
    for values, others in zip(prices, found, strict=True):
        values[rows] = others


def _fill(part: Panel, numbers: Integers, whole: Panel, wanted: NDArray[np.bool_]) -> None:
    """Put whole days in the place of what stood for them."""
    bars = np.diff(part.grid.first_row)
    place = np.repeat(wanted[:, numbers], bars, axis=0)
    row, column = np.nonzero(place)
    for values, others in zip(part.prices, whole.prices, strict=True):
        values[row, numbers[column]] = others[row, column]


def _leave_out(room: Signals, bars: int, selected: NDArray[np.bool_]) -> None:
    """Leave of who was not selected the first decision alone: its day was not read."""
    others = np.flatnonzero(~selected)
    reasons = room.reason[:bars, others]
    is_later = np.cumsum(reasons != NO_DECISION, axis=0) > 1
    reasons[is_later] = NO_DECISION
    room.reason[:bars, others] = reasons


def _gate_of(reports: list[GateReport]) -> GateReport:
    names = GateReport().counts
    counts = {name: sum(report.counts[name] for report in reports) for name in names}
    return report_of(counts, (finding for report in reports for finding in report.findings))


def _sum_of(all_defects: list[Defects]) -> Defects:
    names = [field.name for field in fields(Defects) if field.name != "missing"]
    return Defects(**{name: sum(getattr(each, name) for each in all_defects) for name in names})
