"""Parameters of the rules' page with their defaults and ranges, written from the page alone."""

from __future__ import annotations

import math
from typing import Any

from tests.oracle.reference.bars import Refused

DEFAULTS: dict[str, Any] = {
    "range_minutes": 5,
    "breakout_on": "close",
    "breakout_buffer": 0.0,
    "min_body": 0.5,
    "max_extension": 0.0,
    "allow_short": True,
    "direction": "both",
    "entry": "market",
    "entry_cutoff_minutes": 60,
    "max_entries": 1,
    "stop": "range",
    "stop_atr": 1.5,
    "stop_daily_atr": 0.1,
    "stop_pct": 0.01,
    "target": "range",
    "target_multiple": 2.0,
    "target_pct": 0.02,
    "trailing": "none",
    "trail_trigger_r": 1.0,
    "trail_plus": 0.0,
    "trail_steps": [],
    "trail_atr": 2.0,
    "trail_dollars": 1.0,
    "trail_pct": 0.01,
    "volume_filter": False,
    "volume_threshold": 1.5,
    "flatten_minutes": 5,
    "tick": 0.01,
    "min_price": 0.0,
    "min_daily_atr": 0.0,
    "min_daily_volume": 0.0,
    "min_relative_opening_volume": 0.0,
    "select_top": 0,
    "validation": False,
    "validation_threshold": 60.0,
    "sizing": "risk",
    "risk_per_trade": 0.01,
    "risk_usd": 100.0,
    "shares": 100,
    "max_shares": 0,
    "leverage": 1.0,
    "max_position_pct": 0.2,
    "max_positions": 5,
    "max_orders_per_session": 50,
    "max_daily_loss_pct": 0.03,
    "max_drawdown_pct": 0.0,
    "slippage_bps": 5.0,
    "volatility_factor": 0.0,
    "impact_factor": 0.0,
    "max_participation": 0.1,
    "commission_per_share": 0.0,
    "commission_minimum": 0.0,
    "sec_fee_per_million": 0.0,
    "taf_per_share": 0.0,
    "taf_maximum": 8.30,
    "gate_spike": 0.2,
    "gate_jump": 0.3,
    "gate_gap": 0.4,
    "gate_stale": 6,
    "gate_zero_volume": True,
}

CHOICES: dict[str, tuple[str, ...]] = {
    "breakout_on": ("close", "wick"),
    "direction": ("both", "first_bar"),
    "entry": ("market", "stop"),
    "stop": ("range", "atr", "daily_atr", "percent"),
    "target": ("range", "atr", "daily_atr", "percent", "r", "none"),
    "trailing": ("none", "breakeven", "stepped", "atr", "dollars", "percent"),
    "sizing": ("risk", "fixed_risk", "fixed_shares"),
}
NOT_NEGATIVE = (
    *("breakout_buffer", "max_extension", "slippage_bps", "max_entries", "max_orders_per_session"),
    *("entry_cutoff_minutes", "commission_per_share", "commission_minimum", "min_price"),
    *("min_daily_atr", "min_daily_volume", "min_relative_opening_volume", "sec_fee_per_million"),
    *("taf_per_share", "taf_maximum", "validation_threshold", "select_top", "max_shares"),
    "gate_stale",
)
POSITIVE = (
    *("target_multiple", "stop_atr", "stop_daily_atr", "trail_atr", "trail_dollars", "risk_usd"),
    *("risk_per_trade", "max_daily_loss_pct", "max_position_pct"),
)
FROM_ONE = ("max_positions", "flatten_minutes", "shares", "leverage")
WHOLE = ("gate_stale", "select_top", "max_shares", "shares")
AT_MOST: dict[str, float] = {
    "max_participation": 1,
    "min_body": 1,
    "risk_per_trade": 1,
    "max_daily_loss_pct": 1,
    "validation_threshold": 100,
    "leverage": 4,
}
BELOW_ONE = ("gate_spike", "gate_jump", "gate_gap", "max_drawdown_pct")
BETWEEN_NOTHING_AND_ONE = ("stop_pct", "target_pct", "trail_pct")


def checked_parameters(given: dict[str, Any], interval: int) -> dict[str, Any]:
    """Return the parameters of a run, those that are not given at their defaults."""
    unknown = set(given) - set(DEFAULTS)
    if unknown:
        raise Refused(f"unknown parameters {sorted(unknown)}")
    p = {**DEFAULTS, **given}
    for name, choices in CHOICES.items():
        _demand(p[name] in choices, name)
    for name, default in DEFAULTS.items():
        if isinstance(default, int | float):
            _demand(math.isfinite(p[name]), name)
    for name in NOT_NEGATIVE:
        _demand(p[name] >= 0, name)
    for name in POSITIVE:
        _demand(p[name] > 0, name)
    for name in FROM_ONE:
        _demand(p[name] >= 1, name)
    for name in WHOLE:
        _demand(p[name] == int(p[name]), name)
    for name, most in AT_MOST.items():
        _demand(p[name] <= most, name)
    for name in BELOW_ONE:
        _demand(0 <= p[name] < 1, name)
    for name in BETWEEN_NOTHING_AND_ONE:
        _demand(0 < p[name] < 1, name)
    _demand(p["min_body"] >= -1, "min_body")
    _demand(p["max_participation"] >= 0, "max_participation")
    _demand(p["slippage_bps"] < 10000, "slippage_bps")
    _demand(p["max_position_pct"] <= p["leverage"], "max_position_pct")
    _demand(p["range_minutes"] > 0 and p["range_minutes"] % interval == 0, "range_minutes")
    units = math.floor(p["tick"] * 10000 + 0.5)
    _demand(units >= 1 and abs(units / 10000 - p["tick"]) < 1e-9, "tick")
    _demand(p["trailing"] != "stepped" or len(p["trail_steps"]) > 0, "trail_steps")
    _demand(all(at_r > 0 for at_r, _ in p["trail_steps"]), "trail_steps")
    if p["entry"] == "stop":
        _demand(p["direction"] != "both", "entry")
        _demand(p["breakout_on"] != "wick" and not p["volume_filter"], "entry")
    if p["validation"]:
        _demand(interval <= 15 and 15 % interval == 0, "validation")
    return p


def _demand(holds: bool, name: str) -> None:
    if not holds:
        raise Refused(f"{name} is out of range or does not fit the others")
