"""Runs to analyse: of a simulated market, and of nothing but an equity."""

from __future__ import annotations

from datetime import date

from tasks.backtest.report import BacktestReport
from tasks.backtest.request import BacktestRequest
from tasks.backtest.run import backtest

STEPPED = {"trailing": "stepped", "trail_steps": [[0.5, 0], [1, 0.5]]}
RESTING = {"direction": "first_bar", "entry": "stop"}
SETTINGS = {
    "default": {},
    "trailing, all kinds of slippage, parts": {
        **STEPPED, "max_entries": 3, "volatility_factor": 0.2, "impact_factor": 0.01,
        "max_participation": 0.001, "commission_per_share": 0.01,
    },
    "resting stops that trail": {**RESTING, "trailing": "dollars", "volatility_factor": 0.1},
    "limits": {"strategy": "vwap_reversion"},
}  # fmt: skip


def simulated(
    symbols: tuple[str, ...] = ("AAA", "BBB"),
    first: date = date(2025, 6, 23),
    last: date = date(2025, 7, 11),
    **settings: object,
) -> BacktestReport:
    """Return a run over three weeks that hold a half-day."""
    return backtest(
        BacktestRequest(symbols=symbols, start=first, end=last, settings=settings, report=False)
    )
