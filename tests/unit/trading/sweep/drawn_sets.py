"""Sets of a sweep drawn by seed: any strategy, and everything that rules, risk and gate know."""

from __future__ import annotations

from contextlib import suppress
from datetime import date
from typing import Any

import numpy as np

from blocks.markets.random_walk import simulated_rows
from trading.errors import BadInput
from trading.market.calendar import make_grid, sessions_between
from trading.market.panel import Panel
from trading.market.panel_loading import make_panel
from trading.plan import BUILT_IN, RunPlan, make_plan

SYMBOLS = ("AAA", "BBB", "CCC", "DDD")
INTERVAL = 15
FIRST_TRADED = 3

# Few values each, so that some sets are read alike and others are not.
COMMON: dict[str, tuple[Any, ...]] = {
    "entry_cutoff_minutes": (0, 30, 60),
    "flatten_minutes": (1, 5, 31, 75),
    "max_entries": (0, 1, 3),
    "tick": (0.01, 0.05),
    "trailing": ("none", "breakeven", "stepped", "atr", "dollars", "percent"),
    "trail_steps": (((0.5, 0.1), (1, 0.6)),),
    "trail_dollars": (0.3, 1.0),
    "validation": (False, False, False, True),
    "validation_threshold": (20.0, 60.0),
    "risk_per_trade": (0.01, 0.05),
    "max_position_pct": (0.2, 0.9, 1.5),
    "sizing": ("risk", "fixed_risk", "fixed_shares"),
    "max_shares": (0, 20),
    "leverage": (1.0, 2.0),
    "max_positions": (1, 2, 5),
    "max_orders_per_session": (1, 50),
    "max_daily_loss_pct": (0.002, 0.03),
    "max_drawdown_pct": (0.0, 0.02),
    "slippage_bps": (0.0, 5.0, 50.0),
    "volatility_factor": (0.0, 0.1),
    "impact_factor": (0.0, 0.1),
    "max_participation": (0.0, 0.001, 0.1),
    "commission_per_share": (0.0, 0.005),
    "commission_minimum": (0.0, 1.0),
    "sec_fee_per_million": (0.0, 27.8),
    "gate_spike": (0.0, 0.03, 0.2),
    "gate_jump": (0.0, 0.03, 0.3),
    "gate_gap": (0.0, 0.02, 0.4),
    "gate_stale": (0, 1, 6),
}
OWN: dict[str, dict[str, tuple[Any, ...]]] = {
    "orb": {
        "range_minutes": (15, 30),
        "breakout_on": ("close", "wick"),
        "min_body": (-0.5, 0.5),
        "max_extension": (0.0, 1.0),
        "allow_short": (True, False),
        "direction": ("both", "first_bar"),
        "entry": ("market", "stop"),
        "stop": ("range", "atr", "daily_atr", "percent"),
        "target": ("range", "atr", "daily_atr", "percent", "r", "none"),
        "target_multiple": (0.5, 2.0),
        "volume_filter": (False, True),
        "select_top": (0, 0, 2),
        "min_price": (0.0, 10.0),
    },
    "vwap_reversion": {
        "near_atr": (0.1, 0.5),
        "stretch_atr": (0.5, 1.5),
        "rsi_bars": (5, 14),
        "allow_short": (True, False),
    },
    "ema_trend": {"fast": (3, 9), "slow": (12, 21), "trend_bars": (4, 20), "target_r": (0.0, 1.0)},
    "gap_fade": {
        "min_gap_pct": (0.001, 0.01),
        "max_gap_pct": (0.03, 0.2),
        "allow_short": (True, False),
    },
}


def drawn_panel() -> Panel:
    """Return five weeks of four symbols with gaps, spikes, and bars without volume or missing."""
    sessions = sessions_between("NYSE", date(2025, 6, 2), date(2025, 7, 8))
    grid = make_grid(sessions, INTERVAL)
    panel = make_panel(simulated_rows(SYMBOLS, sessions, INTERVAL), grid, SYMBOLS)
    rng = np.random.default_rng(3)
    shape = panel.close.shape
    for begin in grid.first_row[1:-1]:
        moved = 1 + rng.normal(0.0, 0.02, len(SYMBOLS))
        for values in (panel.open, panel.high, panel.low, panel.close):
            values[begin:] = np.floor(values[begin:] * moved * 10000 + 0.5) / 10000
    panel.high[rng.random(shape) < 0.004] *= 1.05
    panel.volume[rng.random(shape) < 0.01] = 0.0
    panel.volume[rng.random(shape) < 0.05] = 300.0
    missing = rng.random(shape) < 0.03
    missing[grid.first_row[5], 1] = True
    for values in panel.prices:
        values[missing] = np.nan
    return panel


def drawn_plans(strategy: str, count: int, seed: int) -> list[RunPlan]:
    """Return so many plans of a strategy, of values that go together; several are read alike."""
    rng = np.random.default_rng(seed)
    known = set(BUILT_IN[strategy].Parameters.model_fields)
    read = {name: each for name, each in (COMMON | OWN[strategy]).items() if name in known}
    kept = {name: each for name, each in COMMON.items() if name not in known or "trail" in name}
    readings: list[dict[str, Any]] = []
    plans: list[RunPlan] = []
    while len(plans) < count:
        if len(readings) < count // 4 + 1:
            readings.append(_drawn(rng, read))
        settings = {
            **readings[rng.integers(len(readings))],
            **_drawn(rng, kept),
            "strategy": strategy,
        }
        if settings.get("entry") == "stop":
            settings |= {"direction": "first_bar", "breakout_on": "close", "volume_filter": False}
        capital = float(rng.choice([5_000.0, 100_000.0]))
        with suppress(BadInput):
            plans.append(make_plan(SYMBOLS, settings, interval_minutes=INTERVAL, capital=capital))
    return plans


def _drawn(rng: np.random.Generator, choices: dict[str, tuple[Any, ...]]) -> dict[str, Any]:
    """Return a value of about every other choice."""
    return {
        name: values[rng.integers(len(values))]
        for name, values in choices.items()
        if rng.random() < 0.5
    }
