"""A small file of bars and sweeps over it."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from blocks.markets.random_walk import simulated_rows
from blocks.strategy_file import load_strategy
from tasks.backtest.request import BacktestRequest
from tasks.sweep.request import SweepRequest
from trading.market.calendar import sessions_between

SYMBOLS = ("AAA", "BBB", "CCC")
FIRST, LAST = date(2025, 6, 2), date(2025, 7, 18)
# As a user writes one; with a memory of two, a third place is none.
FAILING = '''
"""Enter long at every close above the open; fails where `place` is no place of its memory."""
from typing import Literal, NamedTuple
from pydantic import Field
from trading.parameters import StrategyParameters
from trading.reasons import BAR_MISSING, ENTER_LONG, NO_BREAKOUT

MEMORY = 2

class Numbers(NamedTuple):
    place: int

class Parameters(StrategyParameters):
    place: int = Field(0, ge=0)
    def needs_indicators(self): return False
    def numbers(self, interval_minutes): return Numbers(self.place)

def observe(numbers, memory, bar, opened, high, low, close, volume):
    memory[numbers.place] += 1

def signal(numbers, memory, bar, opened, high, low, close, volume, atr, mean_volume):
    if close != close:
        return BAR_MISSING, 0.0, 0.0
    if close > opened:
        return ENTER_LONG, close - 1.0, 2.0
    return NO_BREAKOUT, 0.0, 0.0
'''


def write_bars(path: Path, *, seed: int = 1) -> Path:
    """Write 30-minute bars of three symbols from FIRST to LAST; CCC begins a week later."""
    sessions = sessions_between("NYSE", FIRST, LAST)
    rows = simulated_rows(SYMBOLS, sessions, 30, seed=seed)
    frame = pl.DataFrame(
        {
            "symbol": pl.Series(SYMBOLS).gather(rows.symbol.astype("int64")),
            "ts": pl.Series(rows.start_us).cast(pl.Datetime("us", "UTC")),
            **{name: rows.number(name) for name in ("open", "high", "low", "close", "volume")},
        }
    )
    late = (pl.col("symbol") == "CCC") & (pl.col("ts").dt.date() < date(2025, 6, 9))
    frame.filter(~late).write_parquet(path)
    return path


def request_over(bars: Path | None, out: Path, *grid: str, **asked: Any) -> SweepRequest:
    """Return a sweep over 30-minute bars; `asked` are fields of the sweep or of its backtest."""
    names = BacktestRequest.__dataclass_fields__.keys() - {"out", "seed"}
    of_base = {name: asked.pop(name) for name in names & asked.keys()}
    base = replace(BacktestRequest(bars=bars, interval_minutes=30), **of_base)
    base = base if "settings" in of_base else replace(base, settings={"range_minutes": 30})
    return SweepRequest(base, grid, out, **asked)


def failing_strategy(folder: Path) -> Any:
    """Return a strategy's file that raises for some values of its parameter."""
    file = folder / "failing.py"
    file.write_text(FAILING, encoding="utf-8")
    return load_strategy(file)


def files_of(out: Path) -> dict[str, str]:
    """Return the hashes of a sweep's result files by their names."""
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(out.iterdir())
        if path.is_file()
    }
