"""The statistics of a sweep as the file statistics.json holds them."""

from __future__ import annotations

from dataclasses import asdict

from trading.backtest.performance import Json
from trading.statistics.cost_sensitivity import CostSensitivity
from trading.statistics.monte_carlo import MonteCarlo, Resampled
from trading.statistics.sweep_statistics import SweepStatistics
from trading.statistics.verdict import sentence_of, verdict_of


def statistics_record(
    statistics: SweepStatistics,
    monte_carlo: MonteCarlo | None = None,
    costs: CostSensitivity | None = None,
) -> dict[str, Json]:
    """Return everything by its name, JSON-ready; what is None has its reason in `notes`."""
    notes = (
        *statistics.notes,
        *(monte_carlo.notes if monte_carlo else ()),
        *(costs.notes if costs else ()),
    )
    return {
        **asdict(statistics),
        **costs_record(costs),
        "monte_carlo": monte_carlo_record(monte_carlo) if monte_carlo else None,
        "verdict": verdict_of(statistics).value,
        "sentence": sentence_of(statistics, costs),
        "notes": list(notes),
    }


def costs_record(costs: CostSensitivity | None) -> dict[str, Json]:
    """Return what slippage leaves, nothing where it was not tried."""
    return {
        "break_even_bps": costs.break_even_bps if costs else None,
        "cost_sensitivity": [asdict(row) for row in costs.rows] if costs else [],
    }


def monte_carlo_record(drawn: MonteCarlo) -> dict[str, Json]:
    """Return what trades and days drawn again come to, None where there were too few."""
    return {"trades": _or_none(drawn.trades), "days": _or_none(drawn.days)}


def _or_none(resampled: Resampled | None) -> Json:
    return None if resampled is None else asdict(resampled)
