"""Fetch: ask the market data for the rows of one closed bar."""

from __future__ import annotations

import time

from tasks.session.runtime import SessionRuntime


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
        name_what_is_to_be_mended(runtime)
    name_what_is_missing(runtime)
    return len(runtime.rows)


def name_what_is_missing(runtime: SessionRuntime) -> None:
    """Tell people which symbols have no fresh bar from now on, and why.

    Once for each time that it happens: its words may change with every bar.
    """
    reasons = dict(getattr(runtime.market, "reasons", {}))
    for symbol, reason in sorted(reasons.items()):
        if symbol not in runtime.missing:
            runtime.notifier.send(
                "SYSTEM_WARNING", f"{symbol} has no fresh bar and is not entered: {reason}"
            )
    runtime.missing = reasons


def name_what_is_to_be_mended(runtime: SessionRuntime) -> None:
    """Tell people what a source wants them to mend, whether or not it gave bars."""
    troubles = dict(getattr(runtime.market, "troubles", {}))
    for part, trouble in sorted(troubles.items()):
        if runtime.troubles.get(part) != trouble:
            runtime.notifier.send("SYSTEM_WARNING", f"{part}: {trouble}")
    runtime.troubles = troubles
