"""Sweeps against the number of sets and of bars, each in a process of its own, for its memory."""

from __future__ import annotations

import json
import math
import resource
import subprocess
import sys
import time
from collections.abc import Sequence
from itertools import islice, product
from pathlib import Path
from typing import Any

from benchmarks.market import make_market
from trading.backtest.performance import summarise
from trading.backtest.run import run_backtest
from trading.market.panel import Panel
from trading.plan import RunPlan, make_plan
from trading.sweep.run_sets import run_sets

SETS = (10, 100, 1_000, 10_000)
BARS = (100_000, 1_000_000, 10_000_000)
USUAL_SETS, USUAL_BARS = 1_000, 1_000_000
# At ten million bars there are fewer sets, so that nobody waits for minutes.
SETS_FOR_BARS = 100
SYMBOLS = 50
THREADS = 2
LOOPED_SETS = 5
_BYTES_A_MB = 1e6

# What a sweep of risk and exits varies: the strategy reads the bars for each `min_body` once.
_RISK = {
    "max_positions": (2, 5),
    "risk_per_trade": (0.005, 0.01, 0.02, 0.03, 0.05),
    "trailing": ("none", "breakeven"),
    "max_daily_loss_pct": (0.01, 0.03),
    "slippage_bps": (0.0, 1.0, 2.0, 5.0, 10.0),
    "max_entries": (1, 2),
    "max_position_pct": (0.1, 0.15, 0.2, 0.3, 0.4),
}
_BODIES = tuple(number / 10 for number in range(10))
# What sweeps of targets and of signals vary: the one has forty readings, the other one a set.
_RANGES = (5, 10, 15, 30)
KINDS = ("risk", "targets", "signals")


def plans_of(panel: Panel, kind: str, count: int) -> list[RunPlan]:
    """Return so many plans: `risk` has ten readings, `targets` forty, `signals` one a set."""
    names = ("min_body", *_RISK)
    if kind == "risk":
        values = product(*reversed(_RISK.values()))
        drawn = ((body, *reversed(each)) for each in values for body in _BODIES)
    else:
        finely, low = ("target_multiple", 1.0) if kind == "targets" else ("breakout_buffer", 0.0)
        names = ("range_minutes", "min_body", finely)
        steps = (low + number / 1000 for number in range(1_000_000))
        drawn = ((minutes, body, step) for step in steps for minutes in _RANGES for body in _BODIES)
    settings = [dict(zip(names, each, strict=True)) for each in islice(drawn, count)]
    return [make_plan(panel.symbols, each, capital=1_000_000.0) for each in settings]


def measure_here(kind: str, sets: int, bars: int, cache_folder: Path) -> dict[str, Any]:
    """Return what a sweep takes in this process; its machine code is made or read beforehand."""
    panel = make_market(bars, SYMBOLS).panel
    plans = plans_of(panel, kind, sets)
    on = {"compiled": True, "cache_folder": cache_folder}
    list(run_sets(panel, plans[:1], **on))
    # The high-water mark is the making of the market: what is measured is what comes on top.
    _forget_peak()
    before = _memory_mb("VmRSS")
    began, worked = time.perf_counter(), time.process_time()
    trades = sum(_trades(found) for _, found in run_sets(panel, plans, threads=THREADS, **on))
    wall, cpu = time.perf_counter() - began, time.process_time() - worked
    bars_run = panel.close.size * sets
    return {
        "sweep of": kind,
        "sets": sets,
        "bars": panel.close.size,
        "trades a set": round(trades / sets),
        "s": round(wall, 2),
        "processor s": round(cpu, 2),
        "million set-bars a second": round(bars_run / wall / 1e6),
        "peak MB, bars included": round(_memory_mb("VmHWM")),
        "of which by the sweep": round(_memory_mb("VmHWM") - before),
    }


def measure_loop(cache_folder: Path) -> dict[str, Any]:
    """Return what a loop over single backtests takes for each set, beside what a sweep does."""
    panel = make_market(USUAL_BARS, SYMBOLS).panel
    plans = plans_of(panel, "risk", LOOPED_SETS)
    seconds = math.inf
    for _ in range(3):
        began = time.perf_counter()
        for plan in plans:
            outcome = run_backtest(
                panel, plan, keep="none", compiled=True, cache_folder=cache_folder
            )
            summarise(outcome, panel.grid, plan.capital)
        seconds = min(seconds, time.perf_counter() - began)
    return {
        "run": "a loop over `run_backtest` and `summarise`",
        "ms a set": round(seconds / LOOPED_SETS * 1000, 1),
        "million set-bars a second": round(panel.close.size * LOOPED_SETS / seconds / 1e6),
        "rules": "the same figures, set by set",
    }


def measure_sweeps(cache_folder: Path) -> list[dict[str, Any]]:
    """Return the figures of each size, one process after the other."""
    wanted = [(kind, sets, USUAL_BARS) for kind in KINDS for sets in SETS]
    wanted += [
        (kind, SETS_FOR_BARS, bars)
        for kind in KINDS
        for bars in BARS
        if (SETS_FOR_BARS, bars) not in ((sets, USUAL_BARS) for sets in SETS)
    ]
    return [_measured(kind, sets, bars, cache_folder) for kind, sets, bars in wanted]


def slope_of(rows: Sequence[dict[str, Any]], by: str) -> float:
    """Return by which power of the sets, or of the bars, the time grows: 1 is linear."""
    first, last = min(rows, key=lambda row: row[by]), max(rows, key=lambda row: row[by])
    return math.log(last["processor s"] / first["processor s"]) / math.log(last[by] / first[by])


def draw(rows: Sequence[dict[str, Any]], path: Path) -> None:
    """Draw processor time against sets and against bars, both logarithmic, slopes named."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, 2, figsize=(10, 4), layout="constrained")
    for axis, by, kept in (
        (axes[0], "sets", lambda row: abs(row["bars"] / USUAL_BARS - 1) < 0.1),
        (axes[1], "bars", lambda row: row["sets"] == SETS_FOR_BARS),
    ):
        for kind in KINDS:
            found = [row for row in rows if row["sweep of"] == kind and kept(row)]
            found.sort(key=lambda row: row[by])
            label = f"{kind}: slope {slope_of(found, by):.2f}"
            axis.loglog(
                [row[by] for row in found],
                [row["processor s"] for row in found],
                marker="o",
                label=label,
            )
        axis.set_xlabel(f"{by}, {'1 million bars' if by == 'sets' else f'{SETS_FOR_BARS} sets'}")
        axis.set_ylabel("processor time, s")
        axis.grid(alpha=0.3)
        axis.legend()
    figure.savefig(path, dpi=110)
    pyplot.close(figure)


def _measured(kind: str, sets: int, bars: int, cache_folder: Path) -> dict[str, Any]:
    arguments = [kind, str(sets), str(bars), str(cache_folder)]
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.sweep_bench", *arguments],
        capture_output=True,
        text=True,
        check=True,
    )
    row: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    print(row, flush=True)
    return row


def _trades(found: Any) -> int:
    return int(found.trades)


def _forget_peak() -> None:
    """Let Linux count the most memory of this process anew, where it lets us."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        print("the peak counts what came before", file=sys.stderr)


def _memory_mb(name: str) -> float:
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / _BYTES_A_MB
    found = next(line for line in lines if line.startswith(f"{name}:"))
    return int(found.split()[1]) * 1024 / _BYTES_A_MB


if __name__ == "__main__":
    if len(sys.argv) == 5:
        print(json.dumps(measure_here(sys.argv[1], *map(int, sys.argv[2:4]), Path(sys.argv[4]))))
    else:
        kinds = "|".join(KINDS)
        sys.exit(f"usage: python -m benchmarks.sweep_bench {kinds} SETS BARS CACHE_FOLDER")
