"""A backtest: whole sessions of a panel through the engine, collected as columns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from trading import engine
from trading.bars import Floats, Integers, Panel
from trading.book import Book, new_book
from trading.decision_log import DecisionLog, log_of_tapes
from trading.errors import BadInput
from trading.indicators import new_indicators
from trading.linking import is_compiled, link_compiled, link_interpreted, refusal_of
from trading.plan import RunPlan
from trading.tape import (
    FILL_COLUMNS,
    FILLS,
    TRADE_COLUMNS,
    TRADES,
    Tape,
    new_tape,
)

KEEP = {"none": engine.KEEP_NONE, "changes": engine.KEEP_CHANGES, "all": engine.KEEP_ALL}
# Below these many bars the interpreter is done before machine code would have been made, or read.
COMPILE_ABOVE_BARS = 1_000_000
READ_COMPILED_ABOVE_BARS = 75_000
TAPE_ROWS = 400_000
MOST_DECISIONS = 20_000_000


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run did: one row each in `fills`, `trades`, `decisions`, columns as in `tape`.

    `equity` (bars of the traded sessions) is the account's value at each close, USD;
    `equity_us` the START of those bars. `refusal` is why numba could not compile the strategy.
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
    strategy = plan.strategy_module
    rules = plan.rules()
    symbols = len(panel.symbols)
    grid = panel.grid
    total = len(grid.sessions)
    longest = int(np.max(np.diff(grid.first_row), initial=0)) * symbols
    book = new_book(symbols, plan.capital)
    equity, worth = np.full(grid.rows, np.nan), np.full(grid.rows, np.nan)
    decided = np.zeros(grid.rows, dtype=np.int32)
    before_tape = (
        book,
        rules,
        plan.strategy.numbers(plan.interval_minutes),
        engine.new_scratch(symbols, max(2, strategy.MEMORY)),
        new_indicators(symbols),
    )
    after_tape = (
        KEEP[keep],
        grid.first_row,
        _bars_by(panel, plan.strategy.entry_cutoff_minutes),
        _bars_by(panel, plan.strategy.flatten_minutes),
        grid.start_us,
        panel.open,
        panel.high,
        panel.low,
        panel.close,
        panel.volume,
        equity,
        worth,
        decided,
    )

    def tape() -> Tape:
        # Memory that is never written is never taken, so that tapes may be long.
        most = 0 if keep == "none" else max(longest, min(panel.close.size, MOST_DECISIONS))
        return new_tape(max(3 * longest, TAPE_ROWS), most, with_atr=rules.needs_indicators)

    tapes = [tape()]
    step = link_interpreted(strategy, engine.run_sessions)
    refusal = ""
    if compiled or (compiled is None and is_worth_compiling(panel, plan, cache_folder)):
        fast = link_compiled(strategy, engine.run_sessions, cache_folder)
        refusal = refusal_of(fast, (*before_tape, tapes[0], *after_tape, 0, 0, 0))
        if compiled and refusal:
            raise BadInput(f"numba cannot compile the strategy: {refusal}", "Run it interpreted")
        step, compiled = (step, False) if refusal else (fast, True)
    session = wanted = 0
    stride = total if progress is None else max(1, total // 50)
    while session < total:
        if session < wanted:
            tapes.append(tape())
        wanted = min(total, session + stride)
        session = step(*before_tape, tapes[-1], *after_tape, session, wanted, first_traded)
        if progress is not None:
            progress(session, total)
    begin = int(grid.first_row[min(first_traded, total)])
    return Outcome(
        _rows([tape.fills[: tape.counts[FILLS]] for tape in tapes], len(FILL_COLUMNS)),
        _rows([tape.trades[: tape.counts[TRADES]] for tape in tapes], len(TRADE_COLUMNS)),
        log_of_tapes(tapes, decided, grid.start_us, panel.close, worth),
        equity[begin:],
        grid.start_us[begin:],
        first_traded,
        book,
        bool(compiled),
        refusal,
    )


def is_worth_compiling(panel: Panel, plan: RunPlan, cache_folder: Path | None) -> bool:
    """Return whether machine code would save time, counting the time to make or to read it."""
    bars = panel.close.size
    if bars <= READ_COMPILED_ABOVE_BARS:
        return False
    return bars > COMPILE_ABOVE_BARS or is_compiled(
        plan.strategy_module, engine.run_sessions, cache_folder
    )


def _rows(parts: list[Floats], width: int) -> Floats:
    return np.concatenate(parts) if parts else np.zeros((0, width))


def _bars_by(panel: Panel, minutes: int) -> Integers:
    interval = panel.grid.interval_minutes
    return np.array(
        [session.bars_ended_by(minutes, interval) for session in panel.grid.sessions],
        dtype=np.int64,
    )
