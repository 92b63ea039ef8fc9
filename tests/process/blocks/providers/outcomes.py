"""What a provider gave, as JSON, and the call of a client in a process of its own."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from blocks.providers.fetched_bars import FetchedBars
from tests.warm_start import run_module
from trading.market.bars import BarRows

LIMIT_SECONDS = 180


def rows_as_lists(rows: BarRows, symbols: tuple[str, ...]) -> list[list[Any]]:
    """Return rows by time and then symbol, each with its symbol's name."""
    columns = (rows.start_us, rows.open, rows.high, rows.low, rows.close, rows.volume)
    order = np.lexsort((rows.symbol, rows.start_us))
    return [
        [symbols[int(rows.symbol[row])], *(column[row].item() for column in columns)]
        for row in order
    ]


def outcome_of(fetched: FetchedBars) -> dict[str, Any]:
    """Return everything that a test may ask of fetched bars."""
    return {
        "rows": rows_as_lists(fetched.rows, fetched.symbols),
        "source": [fetched.sources[index] for index in fetched.source],
        "fetched_us": fetched.fetched_us.tolist(),
        "failures": {
            symbol: [type(error).__name__, str(error)] for symbol, error in fetched.failures.items()
        },
        "reasons": fetched.reasons,
        "splits": [[split.symbol, split.us, split.ratio] for split in fetched.splits],
    }


def call_client(module: str, order: dict[str, Any], environment: dict[str, str]) -> tuple[Any, str]:
    """Return the outcomes of a client process, and everything that it logged."""
    finished = run_module(
        f"tests.process.blocks.providers.{module}",
        environment=environment, given=json.dumps(order), limit_seconds=LIMIT_SECONDS,
    )  # fmt: skip
    assert finished.returncode == 0, finished.stderr[-4000:]
    return json.loads(finished.stdout), finished.stderr
