"""A backtest: whole sessions of a panel through the engine, collected as columns."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from trading.backtest.pipeline import run_in_stages
from trading.backtest.stage_arguments import PanelRun
from trading.engine import sessions
from trading.engine import settle as engine
from trading.engine.book import Book
from trading.engine.compile import is_compiled, link_compiled, link_interpreted, refusal_of
from trading.engine.strategy.errors import Place, mistakes_explained, user_file
from trading.engine.tapes import decision_tape
from trading.engine.tapes.decision_log import DecisionLog
from trading.engine.tapes.decision_tape import KEEP_ALL, KEEP_CHANGES, KEEP_NONE
from trading.errors import BadInput
from trading.gate.findings import GateReport, report_of_panel
from trading.market.bars import NUMBERS, Floats, Integers
from trading.market.calendar import Grid, make_grid
from trading.market.panel import Defects, Panel
from trading.plan import RunPlan
from trading.selection.universe import Universe

KEEP = {"none": KEEP_NONE, "changes": KEEP_CHANGES, "all": KEEP_ALL}
# Below these many bars the interpreter is done before machine code would have been made, or read.
COMPILE_ABOVE_BARS = 1_000_000
READ_COMPILED_ABOVE_BARS = 75_000
TAPE_ROWS = 400_000
# Symbols on which a strategy that fails is interpreted, to find the line.
MOST_FAILING = 20
STAGES = (sessions.read_sessions, engine.settle_sessions, decision_tape.keep_sessions)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run did: one row each in `fills`, `trades` and `decisions`, as `FillRow`, `TradeRow`
    and `DecisionRow` name their columns.

    `equity` (bars of the traded sessions) is the account's value at each close, USD;
    `equity_us` the START of those bars. `gate` is what the data gate found in all sessions.
    `universe` has what each session's selection judged, None without one. `refusal` is why numba
    could not compile the strategy.
    """

    fills: Floats
    trades: Floats
    log: DecisionLog
    equity: Floats
    equity_us: Integers
    first_traded: int
    book: Book
    compiled: bool
    refusal: str = ""
    gate: GateReport = field(default_factory=GateReport)
    universe: Universe | None = None

    @property
    def decisions(self) -> Floats:
        """Return the decisions as rows, made from the log when they are first asked for."""
        return self.log.rows


def run_backtest(
    panel: Panel,
    plan: RunPlan,
    *,
    first_traded: int = 0,
    keep: str = "changes",
    compiled: bool | None = None,
    cache_folder: Path | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Outcome:
    """Run a plan over a panel; sessions before `first_traded` only warm the indicators.

    `compiled=None` chooses by size and by what `cache_folder` has, and interprets a strategy that
    numba refuses; results are the same. `progress(done, total)` is told the sessions that are done.
    """
    run = PanelRun(panel, plan, KEEP[keep], first_traded, TAPE_ROWS)
    linked = linked_stages(run, panel, plan, compiled, cache_folder)
    with strategy_explained(panel, plan, first_traded, linked):
        run_in_stages(run, *linked.stages, progress=progress, two_threads=linked.compiled)
    gate = report_of_panel(run.verdicts, panel, run.close)
    return outcome_of(run, panel.grid, linked, run.close, gate)


@contextmanager
def strategy_explained(
    panel: Panel, plan: RunPlan, first_traded: int, linked: Linked
) -> Iterator[None]:
    """Turn what a user's strategy raises in a run into BadInput, with the line and its values."""
    place = Place(panel.symbols, [session.date for session in panel.grid.sessions])
    with mistakes_explained(plan.strategy_module, place):
        try:
            yield
        except Exception:  # whatever the strategy raises
            if linked.compiled and user_file(plan.strategy_module) is not None:
                _fail_again(panel, plan, first_traded, linked.stages)
            raise


class Linked(NamedTuple):
    """STAGES joined to a strategy, and why numba could not compile them."""

    stages: tuple[Any, ...]
    compiled: bool
    refusal: str


def linked_stages(
    run: PanelRun, panel: Panel, plan: RunPlan, compiled: bool | None, cache_folder: Path | None
) -> Linked:
    """Return the stages of a run over a panel, as `run_backtest` chooses them. Raises BadInput."""
    return linked_for(plan, panel.close.size, compiled, cache_folder, run)


def linked_for(
    plan: RunPlan,
    bars: int,
    compiled: bool | None,
    cache_folder: Path | None,
    run: PanelRun | None = None,
) -> Linked:
    """Return the stages for so many bars, counted once for each time that they are gone through.

    `run` is one of the plan, where there is one already.
    """
    refusal = ""
    if compiled or (compiled is None and is_worth_compiling(bars, plan, cache_folder)):
        fast = [link_compiled(plan.strategy_module, stage, cache_folder) for stage in STAGES]
        refusal = _refusal(run or run_of_nothing(plan), fast)
        if compiled and refusal:
            raise BadInput(f"numba cannot compile the strategy: {refusal}", "Run it interpreted")
        if not refusal:
            return Linked(tuple(fast), True, "")
    slow = tuple(link_interpreted(plan.strategy_module, stage) for stage in STAGES)
    return Linked(slow, False, refusal)


def outcome_of(
    run: PanelRun, grid: Grid, linked: Linked, close: Floats, gate: GateReport
) -> Outcome:
    """Return what a run did that is over; `close` (bars, symbols) are what its decisions saw."""
    begin = int(grid.first_row[min(run.first_traded, len(grid.sessions))])
    return Outcome(
        run.written.fills,
        run.written.trades,
        DecisionLog(run.decisions, grid.start_us, close, run.written.worth),
        run.written.equity[begin:],
        grid.start_us[begin:],
        run.first_traded,
        run.account.book,
        linked.compiled,
        linked.refusal,
        gate,
        run.universe if run.rules.selection.opening_bars > 0 else None,
    )


def _fail_again(panel: Panel, plan: RunPlan, first_traded: int, fast: Sequence[Any]) -> None:
    """Raise what the interpreter says where machine code failed: only it knows the line.

    A strategy sees each symbol by itself, so that only those are interpreted that fail alone.
    """
    failing: list[int] = []
    for s in range(len(panel.symbols)):
        one = only(panel, [s])
        run = PanelRun(one, replace(plan, symbols=one.symbols), KEEP_NONE, first_traded, TAPE_ROWS)
        if _fails(run, fast):
            failing.append(s)
        if len(failing) == MOST_FAILING:
            break
    some = only(panel, failing or range(len(panel.symbols)))
    run_backtest(
        some,
        replace(plan, symbols=some.symbols),
        first_traded=first_traded,
        keep="none",
        compiled=False,
    )


def _fails(run: PanelRun, stages: Sequence[Any]) -> bool:
    # Whatever it is that a strategy raises.
    with suppress(Exception):
        run_in_stages(run, *stages)
        return False
    return True


def only(panel: Panel, chosen: Sequence[int]) -> Panel:
    """Return the panel of some of its symbols."""
    return replace(
        panel,
        symbols=tuple(panel.symbols[s] for s in chosen),
        **{name: getattr(panel, name)[:, list(chosen)] for name in NUMBERS},
    )


def read_compiled(plan: RunPlan, cache_folder: Path | None) -> None:
    """Take machine code that the folder has for a plan into memory, where a run finds it."""
    if _is_compiled(plan, cache_folder):
        for number in range(len(STAGES)):
            compile_stage(plan, number, cache_folder)


def compile_stage(plan: RunPlan, number: int, cache_folder: Path | None) -> str:
    """Compile one of STAGES for a plan, or read it from the folder; return what numba refuses."""
    linked = link_compiled(plan.strategy_module, STAGES[number], cache_folder)
    return refusal_of(linked, _arguments(run_of_nothing(plan))[number])


def run_of_nothing(plan: RunPlan) -> PanelRun:
    """Return a run without a bar, whose arguments have the types of any run's."""
    nothing = np.empty((0, len(plan.symbols)))
    grid = make_grid((), plan.interval_minutes)
    panel = Panel(grid, plan.symbols, *(nothing,) * 5, defects=Defects())
    return PanelRun(panel, plan, KEEP_NONE, 0, 0)


def is_worth_compiling(bars: int, plan: RunPlan, cache_folder: Path | None) -> bool:
    """Return whether machine code would save time, counting the time to make or to read it."""
    if bars <= READ_COMPILED_ABOVE_BARS:
        return False
    return bars > COMPILE_ABOVE_BARS or _is_compiled(plan, cache_folder)


def _is_compiled(plan: RunPlan, cache_folder: Path | None) -> bool:
    return all(is_compiled(plan.strategy_module, stage, cache_folder) for stage in STAGES)


def _refusal(run: PanelRun, stages: Sequence[Any]) -> str:
    """Compile the stages; return why numba cannot, "" where it can."""
    refused = map(refusal_of, stages, _arguments(run))
    return next(filter(None, refused), "")


def _arguments(run: PanelRun) -> tuple[tuple[Any, ...], ...]:
    """Return what each of STAGES is called with, to do nothing."""
    room = run.room(0)
    return run.to_read(room, 0, 0, 0), run.to_settle(room, 0, 0, 0), run.to_keep(room, 0, 0)
