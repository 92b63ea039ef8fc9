"""Build steps of prefect.yaml: what a deployment needs that is not known before it is made."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import Any

from blocks.settings.reader import read_settings
from deployments.processes.home import DATA_DIR, REPOSITORY
from deployments.registry.schedule import close_schedule, session_schedule


def sessions(exchange: str | None = None, warm_up_minutes: float | None = None) -> dict[str, str]:
    """Return `rrule`, which fires before each of the next sessions; the settings fill the gaps."""
    configured = read_settings().required()
    exchange = exchange or configured.trading.exchange
    minutes = warm_up_minutes or configured.data.warm_up_minutes
    return {"rrule": session_schedule(exchange, datetime.now(UTC), minutes)}


def closes(minutes_after: float, exchange: str | None = None) -> dict[str, str]:
    """Return `rrule`, which fires after each of the next sessions' close."""
    exchange = exchange or read_settings().required().trading.exchange
    return {"rrule": close_schedule(exchange, datetime.now(UTC), minutes_after)}


def settings() -> dict[str, Any]:
    """Return what the settings say of sessions and backtests, as their flows take it."""
    configured = read_settings().required()
    return {
        "symbols": list(configured.trading.symbols),
        "capital": configured.trading.initial_capital,
        "exchange": configured.trading.exchange,
        "interval_minutes": configured.data.bar_interval,
        "strategy": configured.strategy.model_dump(mode="json"),
        "risk": configured.risk.model_dump(mode="json"),
        "fills": configured.fills.model_dump(mode="json"),
        # Paper money, real bars, unless somebody wants it otherwise.
        "market": configured.data.primary_provider or "live",
        "on_shutdown": configured.operations.on_shutdown,
    }


def folder() -> dict[str, str]:
    """Return `data_dir`: the supervisor's data folder, or `data` in the repository."""
    return {"data_dir": os.environ.get(DATA_DIR) or str(REPOSITORY / "data")}
