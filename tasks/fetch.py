"""Fetch: ask the market data for the rows of one closed bar."""

from __future__ import annotations

import time

from tasks.session_runtime import SessionRuntime


def fetch(runtime: SessionRuntime, bar: int) -> int:
    """Take the rows of a bar into the runtime and return how many there are.

    Raises SourceUnavailable when the source does not answer: worth another try.
    """
    began = time.monotonic()
    try:
        runtime.rows = runtime.market.rows(
            runtime.plan.symbols, runtime.session, runtime.bar_start(bar), runtime.bar_end(bar)
        )
    finally:
        runtime.fetch_seconds = time.monotonic() - began
    name_what_is_missing(runtime)
    return len(runtime.rows)


def name_what_is_missing(runtime: SessionRuntime) -> None:
    """Tell people, once for each change, which symbols have no fresh bar and why."""
    reasons = dict(getattr(runtime.market, "reasons", {}))
    for symbol, reason in sorted(reasons.items()):
        if runtime.missing.get(symbol) != reason:
            runtime.notifier.send(
                "SYSTEM_WARNING", f"{symbol} has no fresh bar and is not entered: {reason}"
            )
    runtime.missing = reasons
