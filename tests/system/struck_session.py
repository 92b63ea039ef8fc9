"""A session as a Prefect flow that gets SIGTERM at an edge of its money path.

python -m tests.system.struck_session DATA_DIR EDGE: from the first moment at which it holds
something, each time that it reaches the edge, also while it leaves everything.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from blocks.failpoints import on_reach
from blocks.ledger import DuckDBLedger
from blocks.market_data import SimulatedMarketData
from flows.trade import trade_session
from tasks.session_runtime import RUNTIMES

# Edges that are calls of ours; the others are named by `blocks.failpoints`.
CALLS: dict[str, tuple[type, str]] = {
    "in tend": (DuckDBLedger, "commands_since"),
    "in fetch": (SimulatedMarketData, "rows"),
}
HANG_SECONDS = 120.0
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
    """Run the session until it ends, and print how often it was struck and how it ended."""
    strikes = 0

    def reach(reached: str) -> None:
        nonlocal strikes
        if reached != edge or not any(r.state.book.quantity.any() for r in RUNTIMES.values()):
            return
        strikes += 1
        os.kill(os.getpid(), signal.SIGTERM)
        # A handler runs between two instructions; as a provider that is silent, this takes long.
        time.sleep(HANG_SECONDS if edge == "in fetch" else 0)

    on_reach(reach)
    if edge in CALLS:
        owner, name = CALLS[edge]
        setattr(owner, name, reached_before(getattr(owner, name), lambda: reach(edge)))
    state = asyncio.run(trade_session(**SESSION, data_dir=str(data_dir), return_state=True))
    print(f"{strikes} strikes, {state.type.value}: {state.message}")


def reached_before(function: Callable[..., Any], reach: Callable[[], None]) -> Callable[..., Any]:
    """Return a function that reaches an edge first."""

    def reaching(*arguments: Any, **named: Any) -> Any:
        reach()
        return function(*arguments, **named)

    return reaching


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
