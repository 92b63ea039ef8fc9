"""make bench: how fast Openbell is on this machine; nothing here is asserted."""

from __future__ import annotations

import json
import os
import platform
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.caches import cache_folder
from benchmarks.command_bench import drop_page_cache, measure_command
from benchmarks.cycle_bench import measure_cycle
from benchmarks.engine_bench import measure_engine, measure_indicators
from benchmarks.idle_bench import measure_idle
from benchmarks.market import make_market, write_market
from benchmarks.orders_bench import measure_orders
from benchmarks.peers.equal_trades_bench import measure_equal_trades
from benchmarks.peers.raptorbt_bench import measure_raptorbt
from benchmarks.peers.vectorbt_bench import measure_vectorbt
from benchmarks.scan_bench import measure_scan
from benchmarks.sweep_bench import (
    KINDS,
    SETS_FOR_BARS,
    USUAL_SETS,
    draw,
    measure_loop,
    measure_sweeps,
    slope_of,
)

ENGINE_BARS = (1_000_000, 10_000_000)
VECTORBT_BARS = 1_000_000
CYCLE_SYMBOLS = (1, 10, 100)
DOCS = Path(__file__).resolve().parents[1] / "docs"
LIBRARIES = ("numba", "numpy", "polars", "duckdb", "prefect")


def machine() -> dict[str, str]:
    """Return what the figures were measured on."""
    cpu = next(
        (
            line.split(":", 1)[1].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        platform.processor(),
    )
    memory_kb = int(Path("/proc/meminfo").read_text().split()[1])
    return {
        "cpu": cpu,
        "cores": str(os.cpu_count()),
        "memory": f"{memory_kb / 1024**2:.0f} GiB",
        "load at start": f"{os.getloadavg()[0]:.1f}",
        "python": platform.python_version(),
        **{name: metadata.version(name) for name in LIBRARIES},
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
    }


def main() -> None:
    """Measure everything, print it as it comes, and write docs/benchmarks.md and .json."""
    cache = cache_folder()
    figures: dict[str, Any] = {"machine": machine(), "engine": [], "cycle": []}
    for bars in ENGINE_BARS:
        print(f"engine, {bars:,} bars ...", flush=True)
        market = make_market(bars)
        figures["engine"].append(measure_engine(market, cache / "engine"))
        print(figures["engine"][-1], flush=True)
        if bars == VECTORBT_BARS:
            panel = market.panel
            arrays = cache / "vectorbt.npz"
            np.savez(
                arrays,
                o=panel.open,
                h=panel.high,
                l=panel.low,
                c=panel.close,
                bars_a_session=78,
            )
    figures["indicators"] = measure_indicators(market, cache / "engine")
    print(figures["indicators"], flush=True)
    print("sweeps ...", flush=True)
    figures["sweep"] = measure_sweeps(cache / "engine")
    figures["sweep, looped"] = [measure_loop(cache / "engine")]
    draw(figures["sweep"], DOCS / "images" / "sweep-speed.png")
    path = cache / "bars.parquet"
    write_market(market, path)
    del market
    figures["cold"] = drop_page_cache()
    print("the command on 10,000,000 bars on disk ...", flush=True)
    figures["command"] = measure_command(path)
    print(figures["command"], flush=True)
    print("a universe of an archive, scanned and loaded ...", flush=True)
    figures["scan"] = measure_scan(cache)
    print(figures["scan"], flush=True)
    for symbols in CYCLE_SYMBOLS:
        figures["cycle"].append(measure_cycle(symbols))
        print(figures["cycle"][-1], flush=True)
    print("a bar's orders at a broker ...", flush=True)
    figures["orders"] = [measure_orders(symbols) for symbols in CYCLE_SYMBOLS]
    print(figures["orders"], flush=True)
    print("up, while nothing is traded ...", flush=True)
    figures["idle"] = measure_idle()
    print(figures["idle"], flush=True)
    figures["vectorbt"] = measure_vectorbt(cache / "vectorbt.npz", cache)
    print(figures["vectorbt"], flush=True)
    figures["raptorbt"] = measure_raptorbt(cache / "vectorbt.npz", cache)
    print(figures["raptorbt"], flush=True)
    print("others on equal trades ...", flush=True)
    figures["equal trades"] = measure_equal_trades(VECTORBT_BARS, cache)
    print(figures["equal trades"], flush=True)
    (DOCS / "benchmarks.json").write_text(json.dumps(figures, indent=1) + "\n")
    (DOCS / "benchmarks.md").write_text(page(figures))
    print(f"written to {DOCS / 'benchmarks.md'}")


def page(figures: dict[str, Any]) -> str:
    """Return the figures as a page of markdown."""
    command = figures["command"]
    cold = "first (files not cached)" if figures["cold"] else "first"
    steps = [
        {
            "step": name,
            f"{cold}, s": command["first"][name],
            "file read again, s": command["read again"][name],
            "bars kept, s": command["kept"][name],
        }
        for name in command["kept"]
    ]
    ratio = command["command less imports / read"]
    machine_line = ", ".join(f"{name} {value}" for name, value in figures["machine"].items())
    return (
        "\n\n".join(
            [
                "# Benchmarks",
                "Made by `make bench`; a bar is one symbol's bar. Figures depend on the machine and on"
                " what else it does: compare within one page only.",
                f"Machine: {machine_line}.",
                "## Engine in memory, portfolio rules on, decisions `changes`",
                table(figures["engine"]),
                "## What indicators cost, on the same bars, decisions `none`",
                table(figures["indicators"]),
                "## A universe of which 20 symbols are selected a day, scanned and with all bars loaded",
                table(figures["scan"]),
                "`python -m benchmarks.archive_bench --bars 136500000 --only scan_of_all` scans 7,000"
                " symbols over 250 sessions (docs/adr/0013-scan.md).",
                *sweep_part(figures),
                "## The `backtest` command on 10 million bars in one Parquet file",
                table(steps),
                f"A plain polars read of the same file takes {command['plain polars read, s']} s. The"
                f" command less its imports takes {ratio['kept --out']} times that where an earlier"
                " run over the same file has kept its bars, and"
                f" {ratio['kept']} times without `--out`, when it only prints its summary. With"
                f" `--read-again` it takes {ratio['read again --out']} and {ratio['read again']} times"
                " the read. The first run also makes the engine's machine code, which later ones"
                " read, and keeps the bars.",
                "## A live cycle: one bar through the steps, without Prefect",
                table(figures["cycle"]),
                "## From a bar's close to the last byte of its last order, at a broker over HTTP",
                "The broker is the double of Alpaca, in a process of its own on the same machine: every"
                " symbol enters at one close and leaves at another. Exits wait for their stops to be"
                " cancelled first. Each request is a journal entry before it is sent, so that a bar"
                " of one symbol costs a handful of commits and questions besides its order. A bar"
                " takes a second here and is filled in its middle, so that what it filled is booked"
                " first, after the same close. Measure yours alone with"
                " `python -m benchmarks.orders_bench`.",
                table(figures["orders"]),
                "## `make up` while nothing is traded, five minutes after its start",
                table(figures["idle"]),
                "## vectorbt on the same bars",
                "Its rules are fewer: no limit of positions, no stop at a price, no participation, no"
                " day-loss latch.",
                table([figures["vectorbt"]]),
                "## raptorbt on the same bars",
                "Its rules are fewer still: longs alone, one symbol at a time, so that no positions"
                " share cash, a limit or a day's loss, and signals come ready made.",
                table([figures["raptorbt"]]),
                "## Others on rules that all of them have, so that trades are equal",
                "A breakout upwards, in at the next bar's open and out at the session's last one,"
                " without stops, targets, slippage or a limit of positions. What is equal is"
                " symbol, bars and both prices; raptorbt's sizes are parts of the equity. The times"
                " of the others include making the masks that they ask for. With the portfolio's"
                " rules, stops and targets, which are what a sweep is for, there is nothing to"
                " compare it with.",
                table(figures["equal trades"]),
            ]
        )
        + "\n"
    )


def sweep_part(figures: dict[str, Any]) -> list[str]:
    """Return what the page says of sweeps."""
    rows = figures["sweep"]
    usual = [row for row in rows if row["sets"] == USUAL_SETS]
    by_sets = [row for row in rows if row["bars"] == usual[0]["bars"]]
    by_bars = [row for row in rows if row["sets"] == SETS_FOR_BARS]
    slopes = [
        f"{kind}: {slope_of([row for row in found if row['sweep of'] == kind], by):.2f} by {by}"
        for kind in KINDS
        for by, found in (("sets", by_sets), ("bars", by_bars))
    ]
    return [
        "## Sweeps, two threads, portfolio rules, stops and targets on",
        "`risk` varies positions, risk, trailing, losses, slippage and size beside ten values of"
        " `min_body`, so that the strategy reads the bars ten times whatever the sets; `targets`"
        " varies range, body and how far the target is, so that it reads them forty times; `signals`"
        " varies range, body and buffer, so that it reads them for every set. Summaries are made in"
        " full, the bootstrap too. Each row is a process of its own, its machine code read"
        " beforehand.",
        table(rows),
        "![Processor time against sets and bars](images/sweep-speed.png)",
        f"Time grows by the power ({'; '.join(slopes)}), where 1 is linear; below 1 is what is"
        " done once whatever the number.",
        table(figures["sweep, looped"]),
    ]


def table(rows: list[dict[str, Any]]) -> str:
    """Return rows as a table of markdown."""
    names = list(rows[0])
    lines = ["| " + " | ".join(names) + " |", "|" + "---|" * len(names)]
    lines += ["| " + " | ".join(str(row.get(name, "")) for name in names) + " |" for row in rows]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
