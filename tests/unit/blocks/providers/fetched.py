"""Fetched bars made by hand, for tests."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import numpy as np

from blocks.markets.random_walk import simulated_rows
from blocks.providers.fetched_bars import FetchedBars, Split
from trading.market.bars import BarRows
from trading.market.calendar import Session, to_microseconds


def fetched(
    rows: BarRows,
    symbols: Sequence[str],
    at: datetime,
    source: str = "yahoo",
    splits: tuple[Split, ...] = (),
) -> FetchedBars:
    """Return rows as fetched from one source at one time."""
    return FetchedBars(
        tuple(symbols), rows, (source,), np.zeros(len(rows), dtype=np.int64),
        np.full(len(rows), to_microseconds(at)), splits=splits,
    )  # fmt: skip


def simulated(
    symbols: Sequence[str], sessions: Sequence[Session], at: datetime, source: str = "yahoo"
) -> FetchedBars:
    """Return simulated bars as fetched."""
    return fetched(simulated_rows(tuple(symbols), list(sessions), 5, seed=5), symbols, at, source)
