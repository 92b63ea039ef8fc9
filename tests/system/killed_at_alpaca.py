"""A session as a Prefect flow that trades at Alpaca's double, and dies as by kill -9 at an edge.

python -m tests.system.killed_at_alpaca JOB.json: it forks for each start, and what died where is a
line of its strikes.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from functools import partial
from pathlib import Path
from typing import Any

import blocks.exchange.alpaca.line.client  # noqa: F401  (imported before the forks)
from flows.trade import trade_session
from tests.process.replay.kill_worker import in_child
from tests.process.replay.kills_at_alpaca import still_wanted, strike_at
from trading.parameters import FillParameters
from trading.strategies.orb_parameters import OrbParameters

GROUPS = {"strategy": OrbParameters, "fills": FillParameters}


def traded(job: dict[str, Any], strikes: Path) -> None:
    """Run the session's flow until it dies or ends, and print how it ended."""
    groups = {
        group: {
            name: value for name, value in job["settings"].items() if name in model.model_fields
        }
        for group, model in GROUPS.items()
    }
    strike_at(still_wanted(job["kills"], strikes), strikes)
    ended = asyncio.run(
        trade_session(
            replay=job["replay"],
            symbols=list(job["symbols"]),
            bars=job["bars"],
            interval_minutes=job["interval_minutes"],
            speed=job["speed"],
            data_dir=job["data_dir"],
            on_shutdown="hold",
            return_state=True,
            **groups,
        )
    )
    print(json.dumps({"ended": ended.type.value, "said": ended.message}), flush=True)


def main(path: str) -> None:
    """Start the session again for as long as it dies of what it is to die of."""
    job: dict[str, Any] = json.loads(Path(path).read_text())
    strikes = Path(job["data_dir"]) / "strikes.jsonl"
    for _ in range(len(job["kills"]) + 1):
        # The imports, which take longer than all else of a start, are made once.
        status = in_child(partial(traded, job, strikes))
        if not os.WIFSIGNALED(status) or os.WTERMSIG(status) != signal.SIGKILL:
            return


if __name__ == "__main__":
    main(sys.argv[1])
