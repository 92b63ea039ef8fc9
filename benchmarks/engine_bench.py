"""The engine in memory: bars a second over a panel, portfolio rules on."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from benchmarks.market import Market
from trading.backtest.run import run_backtest
from trading.plan import make_plan

REPEATS = 5


# What each reads besides prices; the machine code is the same.
INDICATORS: dict[str, dict[str, Any]] = {
    "none": {},
    "ATR(14)": {"stop": "atr"},
    "ATR(14), mean volume of 20": {"stop": "atr", "volume_filter": True},
    "daily ATR": {"stop": "daily_atr"},
    "the day's 20 most active": {"select_top": 20},
    "trends of 15 and 60 minutes": {"validation": True},
}


def measure_indicators(market: Market, cache_folder: Path) -> list[dict[str, Any]]:
    """Return nanoseconds a bar by what the strategy reads, best of five by turns."""
    best: dict[str, float] = {}
    for _ in range(REPEATS):
        for name, settings in INDICATORS.items():
            plan = make_plan(market.panel.symbols, settings, capital=1_000_000.0)
            began = time.perf_counter()
            run_backtest(market.panel, plan, keep="none", compiled=True, cache_folder=cache_folder)
            best[name] = min(best.get(name, 1e9), time.perf_counter() - began)
    return [
        {
            "reads": name,
            "ns a bar": round(seconds / market.bars * 1e9, 1),
            "to none": round(seconds / best["none"], 2),
        }
        for name, seconds in best.items()
    ]


def measure_engine(market: Market, cache_folder: Path) -> dict[str, Any]:
    """Return seconds and bars a second of the compiled engine, decisions `changes`.

    Best of five runs after one that compiles or loads; a bar is one symbol's bar.
    """
    plan = make_plan(market.panel.symbols, {}, capital=1_000_000.0)
    began = time.perf_counter()
    outcome = run_backtest(market.panel, plan, compiled=True, cache_folder=cache_folder)
    first_s = time.perf_counter() - began
    best_s = first_s
    for _ in range(REPEATS):
        # What the last run left is given back before the clock starts.
        del outcome
        began = time.perf_counter()
        outcome = run_backtest(market.panel, plan, compiled=True, cache_folder=cache_folder)
        best_s = min(best_s, time.perf_counter() - began)
    return {
        "bars": market.bars,
        "symbols": len(market.panel.symbols),
        "trades": len(outcome.trades),
        "decisions kept": len(outcome.decisions),
        "first run, s": round(first_s, 3),
        "best of 5, s": round(best_s, 4),
        "million bars a second": round(market.bars / best_s / 1e6, 1),
    }
