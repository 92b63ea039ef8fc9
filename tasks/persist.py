"""Persist: write orders, trades, positions, equity and decisions where people read them."""

from __future__ import annotations

from tasks.session_runtime import SessionRuntime


def persist(runtime: SessionRuntime) -> float:
    """Write the projections of the session so far; return the equity, USD."""
    runtime.desk.project()
    runtime.news += runtime.desk.drain_heard()
    return runtime.state.equity()
