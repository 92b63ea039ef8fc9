"""A backtest: whole sessions of a panel through the engine, collected as columns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from trading import engine
from trading.bars import Floats, Integers, Panel
from trading.book import Book, new_book
from trading.indicators import new_indicators
from trading.linking import link_compiled, link_interpreted
from trading.plan import RunPlan
from trading.tape import (
    DECISION_COLUMNS,
    DECISIONS,
    FILL_COLUMNS,
    FILLS,
    TRADE_COLUMNS,
    TRADES,
    new_tape,
)

KEEP = {"none": engine.KEEP_NONE, "changes": engine.KEEP_CHANGES, "all": engine.KEEP_ALL}
# Below this many bars the interpreter is done before a compiler would have started.
COMPILE_ABOVE_BARS = 150_000
TAPE_ROWS = 400_000


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run did: one row each in `fills`, `trades`, `decisions`, columns as in `tape`.

    `equity` (bars of the traded sessions) is the account's value at each close, USD;
    `equity_us` the START of those bars.
    """

    fills: Floats
    trades: Floats
    decisions: Floats
    equity: Floats
    equity_us: Integers
    first_traded: int
    book: Book
    compiled: bool


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

    `compiled=None` chooses by size; results are the same. `progress(done, total)` is told the
    sessions that are done.
    """
    rules = plan.rules()
    symbols = len(panel.symbols)
    grid = panel.grid
    total = len(grid.sessions)
    if compiled is None:
        compiled = panel.close.size > COMPILE_ABOVE_BARS
    if compiled:
        step = link_compiled(plan.strategy_module, engine.run_sessions, cache_folder)
    else:
        step = link_interpreted(plan.strategy_module, engine.run_sessions)
    numbers = plan.strategy.numbers(plan.interval_minutes)
    longest = int(np.max(np.diff(grid.first_row), initial=0)) * symbols
    tape = new_tape(
        max(3 * longest, TAPE_ROWS), 1 if keep == "none" else max(2 * longest, TAPE_ROWS)
    )
    book = new_book(symbols, plan.capital)
    scratch = engine.new_scratch(symbols, max(2, plan.strategy_module.MEMORY))
    indicators = new_indicators(symbols)
    equity = np.full(grid.rows, np.nan)
    cutoff = _bars_by(panel, plan.strategy.entry_cutoff_minutes)
    flatten = _bars_by(panel, plan.strategy.flatten_minutes)
    kept: list[list[Floats]] = [[], [], []]
    session = 0
    stride = total if progress is None else max(1, total // 50)
    while session < total:
        session = step(
            book,
            rules,
            numbers,
            scratch,
            indicators,
            tape,
            KEEP[keep],
            grid.first_row,
            cutoff,
            flatten,
            grid.start_us,
            panel.open,
            panel.high,
            panel.low,
            panel.close,
            panel.volume,
            equity,
            session,
            min(total, session + stride),
            first_traded,
        )
        rows = (tape.fills, tape.trades, tape.decisions)
        for number, (table, count) in enumerate(zip(rows, tape.counts, strict=True)):
            kept[number].append(table[:count].copy())
        tape.counts[:] = 0
        if progress is not None:
            progress(session, total)
    begin = int(grid.first_row[min(first_traded, total)])
    widths = (len(FILL_COLUMNS), len(TRADE_COLUMNS), len(DECISION_COLUMNS))
    tables = [
        np.concatenate(parts) if parts else np.zeros((0, width))
        for parts, width in zip(kept, widths, strict=True)
    ]
    return Outcome(
        tables[FILLS],
        tables[TRADES],
        tables[DECISIONS],
        equity[begin:],
        grid.start_us[begin:],
        first_traded,
        book,
        compiled,
    )


def _bars_by(panel: Panel, minutes: int) -> Integers:
    interval = panel.grid.interval_minutes
    return np.array(
        [session.bars_ended_by(minutes, interval) for session in panel.grid.sessions],
        dtype=np.int64,
    )
