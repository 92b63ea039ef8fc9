"""A session as a Prefect flow that gets SIGTERM at an edge of its money path.

python -m tests.system.struck_session DATA_DIR EDGE: from the first moment at which it holds
something, each time that it reaches the edge, also while it leaves everything.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from prefect.exceptions import TerminationSignal
from prefect.flow_engine import AsyncFlowRunEngine

from blocks.ledger.ledger import DuckDBLedger
from blocks.markets.simulated_market import SimulatedMarketData
from blocks.process.failpoints import on_reach
from flows.trade import trade_session
from tasks.session.runtime import RUNTIMES

# Edges that are calls of ours; the others are named by `blocks.process.failpoints`.
CALLS: dict[str, tuple[type, str]] = {
    "in tend": (DuckDBLedger, "commands_since"),
    "in fetch": (SimulatedMarketData, "rows"),
}
# What Prefect does around a bar's steps: its server is asked, and falls silent as the signal
# comes. Before them the handler is Prefect's own, after them it is the session's.
PREFECTS = {"before the steps": "begin_run", "after the steps": "handle_success"}
# Longer than whoever started this waits.
HANG_SECONDS = 10_000.0
# Bars of five seconds; some of these soon leave their range, and are held until the end.
SESSION: dict[str, Any] = {
    "replay": "2025-06-10",
    "market": "simulated",
    "symbols": ["AAA", "BBB", "CCC", "DDD"],
    "speed": 60.0,
    "strategy": {
        "range_minutes": 5,
        "min_body": -1.0,
        "stop": "atr",
        "stop_atr": 50.0,
        "target": "none",
    },
}


def main(data_dir: Path, edge: str) -> None:
    """Run the session until it ends, and print how often it was struck."""
    strikes = 0

    def strike() -> None:
        nonlocal strikes
        strikes += 1
        os.kill(os.getpid(), signal.SIGTERM)

    def reach(reached: str) -> None:
        if reached != edge or not holds():
            return
        strike()
        # A handler runs between two instructions; as a provider that is silent, this takes long.
        time.sleep(HANG_SECONDS if edge == "in fetch" else 0)

    on_reach(reach)
    if edge in CALLS:
        owner, name = CALLS[edge]
        setattr(owner, name, reached_before(getattr(owner, name), lambda: reach(edge)))
    if edge in PREFECTS:
        name = PREFECTS[edge]
        setattr(AsyncFlowRunEngine, name, silent(getattr(AsyncFlowRunEngine, name), strike))
    # Prefect's engine passes it on once the run has ended.
    with suppress(TerminationSignal):
        asyncio.run(trade_session(**SESSION, data_dir=str(data_dir), return_state=True))
    print(f"{strikes} strikes")


def holds() -> bool:
    """Return whether a session of this process holds something."""
    return any(runtime.state.book.quantity.any() for runtime in RUNTIMES.values())


def silent(
    method: Callable[..., Awaitable[Any]], strike: Callable[[], None]
) -> Callable[..., Awaitable[Any]]:
    """Return a method of a flow's engine that hangs in the first bar that holds something."""
    is_silent = False

    async def hanging(engine: Any, *arguments: Any) -> Any:
        nonlocal is_silent
        if engine.flow.name == "bar" and holds() and not is_silent:
            is_silent = True
            # From another thread, so that the loop is waiting when the signal comes.
            threading.Timer(0.2, strike).start()
            await asyncio.sleep(HANG_SECONDS)
        return await method(engine, *arguments)

    return hanging


def reached_before(function: Callable[..., Any], reach: Callable[[], None]) -> Callable[..., Any]:
    """Return a function that reaches an edge first."""

    def reaching(*arguments: Any, **named: Any) -> Any:
        reach()
        return function(*arguments, **named)

    return reaching


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
