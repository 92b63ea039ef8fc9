"""Persist: write orders, trades, positions, equity and decisions where people read them."""

from __future__ import annotations

from tasks.session_runtime import SessionRuntime
from tasks.telemetry import record_bar


def persist(runtime: SessionRuntime) -> float:
    """Write the projections of the session so far; return the equity, USD."""
    runtime.desk.project()
    record_bar(runtime)
    return runtime.state.equity()
