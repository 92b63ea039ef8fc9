"""A session as a Prefect flow that trades at Alpaca's double, and dies as by kill -9 at an edge.

python -m tests.system.killed_at_alpaca JOB.json: once; what died where is a line of its strikes.
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from flows.trade import trade_session
from tests.process.replay.kills_at_alpaca import still_wanted, strike_at
from trading.parameters import FillParameters
from trading.strategies.orb_parameters import OrbParameters

GROUPS = {"strategy": OrbParameters, "fills": FillParameters}


def main(path: str) -> None:
    job: dict[str, Any] = json.loads(Path(path).read_text())
    strikes = Path(job["data_dir"]) / "strikes.jsonl"
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
    print(json.dumps({"ended": ended.type.value, "said": ended.message}))


if __name__ == "__main__":
    main(sys.argv[1])
