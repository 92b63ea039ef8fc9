"""What the live page costs a session: a bar's cycle with the page open and with it closed.

`python -m benchmarks.page_bench`: one replayed session whose bars come a while apart, as they do
when a market makes them. A page, which is a process that listens and reads whenever it is told of a
change, is open during every second ten bars, so that both see the same machine.
"""

from __future__ import annotations

import argparse
import multiprocessing
import re
import subprocess
import sys
import tempfile
import time
from datetime import date
from multiprocessing.synchronize import Event
from pathlib import Path

import httpx
import numpy as np

from blocks.process.stop_request import StopRequest
from flows.session.account.opening import open_account
from flows.session.account.parts import PlainParts
from flows.session.request import SessionRequest
from flows.session.take_bar import take_bar
from tasks.steps import PLAIN

DAY = date(2025, 6, 10)
BLOCK_BARS = 10
CAPITAL = 1_000_000.0
PATIENCE_S = 60.0


def main() -> None:
    """Print how long a bar's cycle takes, milliseconds, with the page open and closed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--symbols", type=int, default=50)
    parser.add_argument("--bars", type=int, default=240, help="bars of a minute, 390 at most")
    parser.add_argument("--pause", type=float, default=2.0, help="seconds between two bars")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="openbell-bench-") as folder:
        spent = measure_page(Path(folder), chosen.symbols, chosen.bars, chosen.pause)
    for name, times in spent.items():
        ms = np.array(times) * 1000
        print(
            f"page {name}: {len(ms)} bars, median {np.median(ms):.1f} ms,"
            f" p99 {np.percentile(ms, 99):.1f} ms, slowest {ms.max():.1f} ms"
        )


def measure_page(folder: Path, symbols: int, bars: int, pause_s: float) -> dict[str, list[float]]:
    """Return the seconds of each bar's cycle by whether the page was open."""
    request = SessionRequest(
        PlainParts(folder),
        replay=str(DAY),
        symbols=tuple(f"SYM{n:03d}" for n in range(symbols)),
        capital=CAPITAL,
        interval_minutes=1,
    )
    spent: dict[str, list[float]] = {"closed": [], "open": []}
    is_open, has_ended = multiprocessing.Event(), multiprocessing.Event()
    api = _start_api(folder)
    page = multiprocessing.Process(target=_look, args=(api[1], is_open, has_ended))
    page.start()
    try:
        with open_account(request, StopRequest()) as account:
            session = account.sessions()[0]
            with account.open_session(session) as runtime:
                PLAIN.warm_up(runtime)
                for bar in range(min(bars, runtime.grid.rows)):
                    if bar % BLOCK_BARS == 0:
                        (is_open.set if bar // BLOCK_BARS % 2 else is_open.clear)()
                        time.sleep(pause_s)
                    began = time.perf_counter()
                    take_bar(runtime, bar, PLAIN)
                    seconds = time.perf_counter() - began
                    # The first bars make the simulated market and the machine's code.
                    if bar >= BLOCK_BARS // 2:
                        spent["open" if is_open.is_set() else "closed"].append(seconds)
                    # As a session does before each of its naps: a page waits for the files.
                    runtime.release_stores()
                    time.sleep(pause_s)
    finally:
        has_ended.set()
        page.join(PATIENCE_S)
        api[0].terminate()
        api[0].wait(PATIENCE_S)
    return spent


def _start_api(folder: Path) -> tuple[subprocess.Popen[str], str]:
    command = [sys.executable, "-m", "api", "--data-dir", str(folder), "--port", "0"]
    process = subprocess.Popen([*command, "--account", "replay"], stdout=subprocess.PIPE, text=True)
    if process.stdout is None:
        raise RuntimeError("the API has no output")
    for line in process.stdout:
        if found := re.match(r"listening at (http://\S+)", line):
            return process, found[1]
    raise RuntimeError("the API ended before it listened")


def _look(url: str, is_open: Event, has_ended: Event) -> None:
    """Be a page while it is open: listen, and read everything when told of a change."""
    while not has_ended.is_set():
        if not is_open.wait(0.2):
            continue
        with httpx.stream("GET", f"{url}/api/events", timeout=PATIENCE_S) as stream:
            for line in stream.iter_lines():
                if line.startswith("event: changed"):
                    httpx.get(f"{url}/api/live", timeout=PATIENCE_S)
                if not is_open.is_set() or has_ended.is_set():
                    break


if __name__ == "__main__":
    main()
