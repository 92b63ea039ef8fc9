"""A universe of an archive from which a few symbols are selected a day: scanned, and loaded."""

from __future__ import annotations

import multiprocessing
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

from benchmarks.archive_bench import FIRST, IN_PLAY, MINUTES, fetched_of
from benchmarks.market import make_market
from blocks.archive.archive import BarArchive
from blocks.process.clocks import ReplayClock
from tasks.backtest import scan
from tasks.backtest.request import BacktestRequest
from tasks.backtest.run import backtest
from trading.market.calendar import sessions_between, to_microseconds

SYMBOLS = 1_000
# Both months have enough bars for their copies.
SESSIONS = 40
NEVER = 1 << 62


def measure_scan(cache: Path) -> list[dict[str, Any]]:
    """Return seconds and memory of a scan and of a backtest of all bars, a process each."""
    folder = _made(cache / f"universe-{SYMBOLS}-{SESSIONS}")
    spawn = multiprocessing.get_context("spawn")
    found = []
    for how, least_bars in (("scanned", 0), ("all bars loaded", NEVER)):
        answer: Any = spawn.Queue()
        process = spawn.Process(target=_run, args=(folder, how, least_bars, answer))
        process.start()
        found.append(answer.get())
        process.join()
    return found


def _made(data_dir: Path) -> Path:
    sessions = sessions_between("NYSE", FIRST, FIRST + timedelta(days=90))[:SESSIONS]
    end = sessions[-1].close + timedelta(days=1)
    archive = BarArchive(data_dir, MINUTES, ReplayClock(end))
    if not archive.files:
        market = make_market(sessions=sessions, symbols=SYMBOLS)
        archive.upsert(fetched_of(market, to_microseconds(end)))
    return archive.folder


def _run(folder: Path, how: str, least_bars: int, answer: Any) -> None:
    scan.SCAN_ABOVE_BARS = least_bars
    request = BacktestRequest(bars=folder, settings=IN_PLAY)
    backtest(request)
    began, processor = time.perf_counter(), time.process_time()
    report = backtest(request)
    status = Path("/proc/self/status").read_text()
    answer.put(
        {
            "how": how,
            "bars": len(report.plan.symbols) * report.panel.grid.rows,
            "trades": report.summary.trades,
            "s": round(time.perf_counter() - began, 2),
            "processor s": round(time.process_time() - processor, 2),
            "most memory, MB": int(status.partition("VmHWM:")[2].split()[0]) // 1024,
        }
    )
