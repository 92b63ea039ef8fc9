"""A sweep that was never run: results as results.parquet has them, drawn by seed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields
from datetime import date, timedelta
from itertools import product
from typing import Any

import numpy as np
import polars as pl

from blocks.research_report.ranking import ranking
from blocks.research_report.sweep_run import Refused, SweepPage
from trading.backtest.performance import SideFigures, Summary

SENTENCE = "With 40 tries the best is what luck gives: 38 % probability of overfitting."
STATISTICS: dict[str, Any] = {
    "trials": 40,
    "deflated_sharpe": 0.61,
    "pbo": 0.38,
    "spa_p": 0.42,
    "reality_check_p": 0.47,
    "break_even_bps": 3.25,
    "min_track_record_sessions": 812,
    "sentence": SENTENCE,
    "notes": [],
}


def weekdays(count: int, first: date = date(2023, 1, 2)) -> tuple[date, ...]:
    days = (first + timedelta(days=ahead) for ahead in range(2 * count + 7))
    return tuple([day for day in days if day.weekday() < 5][:count])


def made_summary(returns: np.ndarray, generator: np.random.Generator) -> Summary:
    capital, trades = 10_000.0, int(generator.integers(20, 400))
    growth = np.cumprod(1 + returns)
    won = int(generator.integers(0, trades))
    final = capital * float(growth[-1])
    return Summary(
        sessions=len(returns),
        bars=78 * len(returns),
        initial_equity=capital,
        final_equity=final,
        total_pnl=final - capital,
        total_return=final / capital - 1,
        annual_return=float(growth[-1] ** (252 / len(returns)) - 1),
        annual_volatility=float(returns.std(ddof=1) * 252**0.5),
        sharpe=float(returns.mean() / returns.std(ddof=1) * 252**0.5),
        sortino=None,
        max_drawdown=float((growth / np.maximum.accumulate(growth) - 1).min()),
        exposure=0.25,
        turnover=31.5,
        trades=trades,
        win_rate=won / trades,
        profit_factor=float(generator.uniform(0.5, 2)),
        expectancy_r=float(generator.normal(0, 0.1)),
        expectancy_r_low=-0.1,
        expectancy_r_high=0.1,
        average_duration_minutes=61.5,
        exit_reasons={"stop": trades - won, "target": won},
        assumed_closes=0,
        long=SideFigures(trades - 5, won, 12.5),
        short=SideFigures(5, 0, -2.5),
        session_returns=tuple(returns.tolist()),
    )


def as_row(number: int, values: Mapping[str, Any], summary: Summary) -> dict[str, Any]:
    row: dict[str, Any] = {"set_number": number, **values}
    for each in fields(summary):
        value = getattr(summary, each.name)
        if isinstance(value, SideFigures):
            value = {own.name: getattr(value, own.name) for own in fields(value)}
        row[each.name] = list(value) if isinstance(value, tuple) else value
    return {**row, "set_hash": f"{number:016x}"}


def made_sweep(
    grid: Mapping[str, tuple[Any, ...]] | None = None,
    *,
    sessions: int = 60,
    seed: int = 1,
    gain: Callable[[Mapping[str, Any]], float] = lambda values: 0.0,
    refused: tuple[Refused, ...] = (),
    **changed: Any,
) -> SweepPage:
    """Return a page's content: every set of a grid, with `gain` added to its daily returns."""
    grid = grid or {"range_minutes": (5, 15, 30), "min_body": (0.0, 0.1, 0.2, 0.3)}
    generator = np.random.default_rng(seed)
    rows = []
    for number, drawn in enumerate(product(*grid.values())):
        values = dict(zip(grid, drawn, strict=True))
        returns = generator.normal(gain(values), 0.01, sessions)
        rows.append(as_row(number, values, made_summary(returns, generator)))
    results = pl.DataFrame(rows, infer_schema_length=None)
    objective = changed.get("objective", "sharpe")
    asked: dict[str, Any] = {
        "results": results,
        "parameters": tuple(grid),
        "objective": objective,
        "best": int(results["set_number"][int(ranking(results, objective)[0])]),
        "sessions": weekdays(sessions),
        "statistics": STATISTICS,
        "refused": refused,
        "notes": (),
        "source": "bars/sample.parquet",
        "engine": "1.0+abc",
        "title": "orb on AAPL, MSFT",
    }
    return SweepPage(**{**asked, **changed})
