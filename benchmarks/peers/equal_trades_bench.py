"""Openbell beside other backtesters on rules that all of them have, so that trades are equal.

An opening-range breakout upwards, 100 shares, in at the next bar's open and out at the session's
last open, without stops, targets, slippage or a limit, over bars of which none is missing.
raptorbt's sizes are parts of the equity, so that its shares are others.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.market import FIRST_DATE, INTERVAL_MINUTES, LAST_DATE, make_market
from benchmarks.peers.peer import measure_peer
from trading.backtest.performance import summarise
from trading.backtest.run import run_backtest
from trading.engine.tapes.trade_tape import TradeRow
from trading.market.bars import Floats
from trading.market.calendar import Session, sessions_between
from trading.market.panel import Panel
from trading.plan import RunPlan, make_plan
from trading.sweep.run_sets import run_sets

SYMBOLS = 50
THREADS = 2
REPEATS = 3
_SETS = tuple(product((5, 10, 15, 30), (-1.0, 0.0, 0.25, 0.5, 0.75)))
# Whatever another backtester has no word for does nothing.
_EQUAL = {
    "allow_short": False,
    "stop": "percent",
    "stop_pct": 0.99,
    "target": "none",
    "sizing": "fixed_shares",
    "shares": 100,
    "max_positions": SYMBOLS,
    "max_orders_per_session": SYMBOLS,
    "max_daily_loss_pct": 1.0,
    "max_participation": 0.0,
    "slippage_bps": 0.0,
    "gate_spike": 0.0,
    "gate_jump": 0.0,
    "gate_gap": 0.0,
    "gate_stale": 0,
}
_CAPITAL = 1e9

# What the others share: the masks of a set, entries and exits at the open of the bar after them.
_MASKS = """
import json, sys, time
import numpy as np
data = np.load(sys.argv[1])
O, H, L, C = (data[name] for name in ("open", "high", "low", "close"))
sets, bars = data["sets"], int(data["bars_a_session"])
rows, columns = C.shape
leave = np.zeros((rows // bars, bars, columns), bool); leave[:, -1] = True
leave = leave.reshape(rows, columns)
body = (C - O) / np.where(H > L, H - L, np.inf)
def masks(minutes, least):
    first = int(minutes) // 5
    shape = (rows // bars, bars, columns)
    high = H.reshape(shape)[:, :first].max(axis=1, keepdims=True)
    low = L.reshape(shape)[:, :first].min(axis=1, keepdims=True)
    inside = np.zeros(shape, bool); inside[:, first:bars - 12] = True
    enter = inside & (C.reshape(shape) > high) & (high > low) & (body.reshape(shape) >= least)
    enter &= np.cumsum(enter, axis=1) == 1
    later = np.zeros(shape, bool); later[:, 1:] = enter[:, :-1]
    return later.reshape(rows, columns)
def tell(version, seconds, found):
    print(json.dumps({"version": version, "s": seconds, "trades": found}))
"""
_VECTORBT = (
    _MASKS
    + """
import pandas as pd, vectorbt as vbt
frame = lambda values: pd.DataFrame(values)
opened, closed, leaving = frame(O), frame(C), frame(leave)
def run(engine):
    began = time.perf_counter(); made = []
    for minutes, least in sets:
        made.append(vbt.Portfolio.from_signals(
            closed, entries=frame(masks(minutes, least)), exits=leaving, price=opened, size=100.0,
            init_cash=1e9, freq="5min", engine=engine))
        found = made[-1].trades.records
        made[-1] = found[["col", "entry_idx", "exit_idx", "entry_price", "exit_price"]].to_numpy()
    return time.perf_counter() - began, made
engine = sys.argv[2]
run(engine)
times = [run(engine) for _ in range(3)]
tell(vbt.__version__, min(each[0] for each in times),
     [sorted(map(tuple, one.tolist())) for one in times[0][1]])
"""
)
_RAPTORBT = (
    _MASKS
    + """
import raptorbt
stamps = np.arange(rows, dtype=np.int64) * 300 * 10**9
config = raptorbt.BacktestConfig(
    initial_capital=1e9, fees=0.0, slippage=0.0, fill_timing="next_bar_open")
series = [[np.ascontiguousarray(a[:, s]) for a in (O, H, L, C)] for s in range(columns)]
volume = np.full(rows, 1e6)
# It goes to the next bar by itself.
leaving = np.roll(leave[:, 0], -1)
def run():
    began = time.perf_counter()
    made = [np.roll(masks(*each), -1, axis=0).T for each in sets]
    made = [[np.ascontiguousarray(one[s]) for one in made] for s in range(columns)]
    found = []
    for s in range(columns):
        items = [raptorbt.BatchSingleItem(str(k), enter, leaving, config=config) for k, enter in enumerate(made[s])]
        found.append(raptorbt.batch_single_backtest(stamps, *series[s], volume, items))
    return time.perf_counter() - began, found
run()
times = [run() for _ in range(3)]
told = [[] for _ in sets]
for s, each in enumerate(times[0][1]):
    for name, result in each:
        told[int(name)] += [(s, t.entry_idx, t.exit_idx, t.entry_price, t.exit_price)
                            for t in result.trades()]
tell(raptorbt.__version__, min(each[0] for each in times), [sorted(one) for one in told])
"""
)


def measure_equal_trades(bars: int, cache: Path) -> list[dict[str, Any]]:
    """Return a row for each backtester: what so many sets take, and how many trades are equal."""
    panel = _without_holes(make_market(symbols=SYMBOLS, sessions=_whole_sessions(bars)).panel)
    plans = [
        make_plan(
            panel.symbols,
            {**_EQUAL, "range_minutes": minutes, "min_body": body},
            capital=_CAPITAL,
        )
        for minutes, body in _SETS
    ]
    ours = [_trades_of(panel, plan, cache / "engine") for plan in plans]
    rows = [
        _row("`sweep`, two threads", panel, _best(_swept, panel, plans, cache / "engine"), ours),
        _row("a loop over backtests", panel, _best(_looped, panel, plans, cache / "engine"), ours),
    ]
    arrays = cache / "equal_trades.npz"
    np.savez(
        arrays,
        open=panel.open,
        high=panel.high,
        low=panel.low,
        close=panel.close,
        sets=np.array(_SETS),
        bars_a_session=panel.grid.first_row[1],
    )
    for package, program, engine in (
        ("vectorbt", _VECTORBT, "numba"),
        ("vectorbt[rust]", _VECTORBT, "rust"),
        ("raptorbt", _RAPTORBT, "rust"),
    ):
        found = measure_peer(package, program, arrays, cache, engine)
        if "s" not in found:
            rows.append({"backtester": package, "sets": found[package]})
            continue
        theirs = [{tuple(trade) for trade in each} for each in found["trades"]]
        name = f"{package.partition('[')[0]} {found['version']}, {engine}"
        rows.append(_row(name, panel, found["s"], theirs, ours))
    return rows


def _row(
    name: str,
    panel: Panel,
    seconds: float,
    trades: Sequence[set[tuple[float, ...]]],
    ours: Sequence[set[tuple[float, ...]]] | None = None,
) -> dict[str, Any]:
    count = sum(map(len, trades))
    same = count if ours is None else sum(len(a & b) for a, b in zip(trades, ours, strict=True))
    return {
        "backtester": name,
        "sets": len(trades),
        "bars": panel.close.size,
        "trades": count,
        "of which equal": same,
        "s": round(seconds, 3),
        "million set-bars a second": round(panel.close.size * len(trades) / seconds / 1e6, 1),
    }


def _trades_of(panel: Panel, plan: RunPlan, cache_folder: Path) -> set[tuple[float, ...]]:
    """Return symbol, rows and prices of the first and last fill of each trade."""
    outcome = run_backtest(panel, plan, keep="none", compiled=True, cache_folder=cache_folder)
    trades: TradeRow[Floats] = TradeRow(*outcome.trades.T)
    columns = (
        trades.symbol,
        np.searchsorted(panel.grid.start_us, trades.entry_us),
        np.searchsorted(panel.grid.start_us, trades.exit_us),
        trades.entry_price,
        trades.exit_price,
    )
    return {tuple(map(float, each)) for each in zip(*columns, strict=True)}


def _swept(panel: Panel, plans: Sequence[RunPlan], cache_folder: Path) -> None:
    list(run_sets(panel, plans, threads=THREADS, compiled=True, cache_folder=cache_folder))


def _looped(panel: Panel, plans: Sequence[RunPlan], cache_folder: Path) -> None:
    for plan in plans:
        outcome = run_backtest(panel, plan, keep="none", compiled=True, cache_folder=cache_folder)
        summarise(outcome, panel.grid, plan.capital)


def _best(run: Any, *arguments: Any) -> float:
    """Return the seconds of the best of some runs, after one that makes or reads machine code."""
    run(*arguments)
    times = []
    for _ in range(REPEATS):
        began = time.perf_counter()
        run(*arguments)
        times.append(time.perf_counter() - began)
    return min(times)


def _whole_sessions(bars: int) -> list[Session]:
    """Return the last sessions of full length that hold so many bars."""
    found = sessions_between("NYSE", FIRST_DATE, LAST_DATE)
    longest = max(each.bar_count(INTERVAL_MINUTES) for each in found)
    whole = [each for each in found if each.bar_count(INTERVAL_MINUTES) == longest]
    return whole[-max(1, bars // (SYMBOLS * longest)) :]


def _without_holes(panel: Panel) -> Panel:
    """Return a panel in which a missing bar is one without a move at the close before it."""
    known = np.maximum.accumulate(
        np.where(np.isnan(panel.close), 0, np.arange(len(panel.close))[:, None]), axis=0
    )
    before = np.take_along_axis(panel.close, known, axis=0)
    before = np.where(np.isnan(before), np.nanmin(panel.close, axis=0), before)
    hole = np.isnan(panel.close)
    return replace(
        panel,
        open=np.where(hole, before, panel.open),
        high=np.where(hole, before, panel.high),
        low=np.where(hole, before, panel.low),
        close=np.where(hole, before, panel.close),
        volume=np.where(hole, 1.0, panel.volume),
    )


if __name__ == "__main__":
    from benchmarks.caches import cache_folder

    for row in measure_equal_trades(1_000_000, cache_folder()):
        print(json.dumps(row))
