"""What a seed draws of its session before anything happens: broker, day, strategy, settings."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from types import ModuleType
from typing import Any

from blocks.strategy_file import load_strategy
from tasks.simulation import busy_strategy
from tasks.simulation.faults import drawing
from trading.market.calendar import Session, sessions_between

DAY = date(2025, 6, 10)
SYMBOLS = ("AAA", "BBB", "CCC", "DDD")


class Style(StrEnum):
    """Which kind of broker a session has."""

    MOCK = "mock"
    ALPACA = "alpaca"
    BOTH = "both"

    def of(self, seed: int) -> Style:
        """Return the kind of a seed's session: of both, even seeds have the first."""
        if self is not Style.BOTH:
            return self
        return Style.ALPACA if seed % 2 else Style.MOCK


@lru_cache(maxsize=1)
def strategy() -> ModuleType:
    """Return the strategy of all simulated sessions, as a user's own is loaded."""
    assert busy_strategy.__file__ is not None
    return load_strategy(Path(busy_strategy.__file__))


@lru_cache(maxsize=4)
def session_of(day: date) -> Session:
    """Return the session of a day."""
    return sessions_between("NYSE", day, day)[0]


def drawn_settings(seed: int) -> dict[str, Any]:
    """Return the settings of a seed's session."""
    drawn = drawing(seed, "settings")
    return {
        "busy_share": drawn.choice([0.3, 0.6, 0.9]),
        "leaving_share": drawn.choice([0.05, 0.2]),
        "max_entries": drawn.choice([1, 3, 10]),
        "max_positions": drawn.choice([1, 2, 4]),
        "max_position_pct": drawn.choice([0.2, 0.5]),
        "risk_per_trade": drawn.choice([0.005, 0.02]),
        "trailing": drawn.choice(["none", "breakeven", "percent"]),
        "trail_pct": 0.005,
        "max_daily_loss_pct": drawn.choice([0.01, 0.5]),
        "flatten_minutes": 20,
        "entry_cutoff_minutes": drawn.choice([30, 90]),
    }
