"""Fetch: ask the market data for the rows of one closed bar."""

from __future__ import annotations

import time

from tasks.session.fetched_rows import FetchedRows
from tasks.session.runtime import SessionRuntime


def fetch(runtime: SessionRuntime, bar: int) -> FetchedRows:
    """Return the rows of a bar.

    Raises SourceUnavailable when the source does not answer: worth another try.
    """
    began = time.monotonic()
    rows = runtime.market.rows(
        runtime.plan.symbols, runtime.session, runtime.bar_start(bar), runtime.bar_end(bar)
    )
    market = runtime.market
    return FetchedRows(rows, time.monotonic() - began, dict(market.feed_of), tuple(market.late))
