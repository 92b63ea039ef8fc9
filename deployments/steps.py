"""Build steps of prefect.yaml: what a deployment needs that is not known before it is made."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from blocks.settings.reader import read_settings
from deployments.processes.home import DATA_DIR, REPOSITORY, is_checkout
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
    """Return what the settings say of sessions and backtests, as their flows take it.

    A ruleset goes along by its name: a run reads it anew, and form and single variables go before
    it. What the archive keeps is what its symbols need.
    """
    folder = Path(os.environ[DATA_DIR]) if os.environ.get(DATA_DIR) else None
    resolved = read_settings(data_dir=folder).required()
    # A strategy that the ruleset chooses has its own fields, whose variables count.
    singly = {"ACTIVE_RULESET": "", "STRATEGY": resolved.chosen}
    configured = read_settings(said=singly, data_dir=folder).required()
    return {
        "ruleset": resolved.trading.active_ruleset,
        "symbols": list(configured.trading.symbols),
        "capital": configured.trading.initial_capital,
        "exchange": configured.trading.exchange,
        "interval_minutes": configured.data.bar_interval,
        "strategy": configured.strategy.model_dump(mode="json"),
        "risk": configured.risk.model_dump(mode="json"),
        "fills": configured.fills.model_dump(mode="json"),
        "gate": configured.gate.model_dump(mode="json"),
        # Paper money, real bars, unless somebody wants it otherwise.
        "market": configured.data.primary_provider or "live",
        "on_shutdown": configured.operations.on_shutdown,
        "kept_symbols": list(resolved.trading.symbols),
        "kept_interval_minutes": resolved.data.bar_interval,
    }


async def folder() -> dict[str, str]:
    """Return `data_dir`: the supervisor's data folder, else where the server's accounts are.

    So `prefect deploy --all` in a shell of its own moves no account. A server that has no saved
    ledger yet gets the folder of the settings, `data` in the repository where they name none, of a
    wheel in the folder where it is called.
    """
    if os.environ.get(DATA_DIR):
        return {"data_dir": os.environ[DATA_DIR]}
    # Imported here: the supervisor, which knows its folder, does without Prefect.
    from blocks.saved.blocks import Ledger, load_saved

    saved = await load_saved(Ledger)
    if saved is not None:
        return {"data_dir": saved.data_dir}
    read = read_settings()
    if read.is_given("operations.data_dir"):
        return {"data_dir": str(read.required().operations.data_dir.resolve())}
    top = REPOSITORY if is_checkout() else Path.cwd()
    return {"data_dir": str(top / "data")}
