"""A live cycle: one bar through the seven steps, by number of symbols, without Prefect."""

from __future__ import annotations

import tempfile
import time
from collections import defaultdict
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from blocks.process.stop_request import StopRequest
from flows.session.account.opening import open_account
from flows.session.account.parts import PlainParts
from flows.session.request import SessionRequest
from flows.session.take_bar import take_bar
from tasks.steps import PLAIN

DAY = date(2025, 6, 10)
STEPS = ("fetch", "aggregate", "signal", "execute", "persist", "notify")


def measure_cycle(symbols: int) -> dict[str, Any]:
    """Return milliseconds a bar, and by step, over one replayed session."""
    with tempfile.TemporaryDirectory(prefix="openbell-bench-") as folder:
        request = SessionRequest(
            PlainParts(Path(folder)),
            replay=str(DAY),
            symbols=tuple(f"SYM{n:03d}" for n in range(symbols)),
            capital=1_000_000.0,
        )
        return _session(request, symbols)


def _session(request: SessionRequest, symbols: int) -> dict[str, Any]:
    spent: dict[str, float] = defaultdict(float)

    def timed(name: str) -> Any:
        step = getattr(PLAIN, name)

        def run(*arguments: Any) -> Any:
            began = time.perf_counter()
            try:
                return step(*arguments)
            finally:
                spent[name] += time.perf_counter() - began

        return run

    steps = replace(PLAIN, **{name: timed(name) for name in STEPS})
    with open_account(request, StopRequest()) as account:
        session = account.sessions()[0]
        with account.open_session(session) as runtime:
            PLAIN.warm_up(runtime)
            runtime.market.rows(
                runtime.plan.symbols, session, session.open, runtime.bar_end(0)
            )  # the simulated session is made once
            spent.clear()
            bars = runtime.grid.rows
            slowest = 0.0
            for bar in range(bars):
                began = time.perf_counter()
                take_bar(runtime, bar, steps)
                slowest = max(slowest, time.perf_counter() - began)
    whole = sum(spent.values())
    return {
        "symbols": symbols,
        "ms a bar": round(whole / bars * 1000, 2),
        "slowest bar, ms": round(slowest * 1000, 1),
        **{f"{name}, ms": round(spent[name] / bars * 1000, 2) for name in STEPS},
    }
