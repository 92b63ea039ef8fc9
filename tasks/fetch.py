"""Fetch: ask the market data for the rows of one closed bar."""

from __future__ import annotations

from tasks.session_runtime import SessionRuntime


def fetch(runtime: SessionRuntime, bar: int) -> int:
    """Take the rows of a bar into the runtime and return how many there are.

    Raises SourceUnavailable when the source does not answer: worth another try.
    """
    runtime.rows = runtime.market.rows(
        runtime.plan.symbols, runtime.session, runtime.bar_start(bar), runtime.bar_end(bar)
    )
    return len(runtime.rows)
