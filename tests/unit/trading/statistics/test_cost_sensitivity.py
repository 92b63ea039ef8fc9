"""What slippage takes, and the slippage that takes all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from tests.unit.trading.backtest.universe_markets import INTERVAL, market
from trading.backtest.performance import Summary, summarise
from trading.backtest.run import run_backtest
from trading.plan import make_plan
from trading.statistics.cost_sensitivity import (
    HIGHEST_BPS,
    PRECISION_BPS,
    TRIED_BPS,
    cost_sensitivity,
)


@pytest.fixture(scope="module")
def summary() -> Summary:
    panel = market(1, 5)
    plan = make_plan(panel.symbols, {"range_minutes": 30}, interval_minutes=INTERVAL)
    return summarise(run_backtest(panel, plan, keep="none"), panel.grid, plan.capital)


def earning(
    summary: Summary, profit: Callable[[float], float], trades: int = 5
) -> Callable[[float], Summary]:
    return lambda bps: replace(summary, total_pnl=profit(bps), trades=trades)


@pytest.mark.parametrize("even", [0.4, 1.0, 3.7, 9.9, 10.0, 37.0, 99.0])
def test_the_break_even_cost_is_found_from_below(summary: Summary, even: float) -> None:
    found = cost_sensitivity(earning(summary, lambda bps: 100 * (even - bps)))
    assert found.break_even_bps is not None
    assert even - PRECISION_BPS <= found.break_even_bps < even
    assert [row.slippage_bps for row in found.rows] == list(TRIED_BPS)
    assert [row.total_pnl for row in found.rows] == [100 * (even - bps) for bps in TRIED_BPS]


def test_of_two_break_evens_the_lower_one_counts(summary: Summary) -> None:
    found = cost_sensitivity(earning(summary, lambda bps: 1.0 if bps < 1.5 or bps > 4 else -1.0))
    assert found.break_even_bps == pytest.approx(1.5, abs=PRECISION_BPS)


@pytest.mark.parametrize(
    ("profit", "trades", "why"),
    [
        (lambda bps: -1 - bps, 5, "it does not earn without slippage either"),
        (lambda bps: 0.0, 5, "it does not earn without slippage either"),
        (lambda bps: float("nan"), 5, "it does not earn without slippage either"),
        (lambda bps: 0.0, 0, "there is no trade"),
        (lambda bps: 5.0, 5, f"it still earns at {HIGHEST_BPS:g} bps a side"),
    ],
)
def test_where_there_is_no_break_even_a_note_says_why(
    summary: Summary, profit: Callable[[float], float], trades: int, why: str
) -> None:
    found = cost_sensitivity(earning(summary, profit, trades))
    assert found.break_even_bps is None
    assert found.notes == (f"no break-even cost: {why}",)
    assert len(found.rows) == len(TRIED_BPS)


def test_few_runs_are_enough(summary: Summary) -> None:
    asked: list[float] = []

    def run(bps: float) -> Summary:
        asked.append(bps)
        return replace(summary, total_pnl=98 - bps, trades=5)

    cost_sensitivity(run)
    assert len(asked) <= 20
    assert max(asked) <= HIGHEST_BPS


def test_a_real_run_earns_less_the_more_it_slips() -> None:
    # Without a stop or a target that are met, what is traded stays the same.
    panel = market(2, 5)
    settings = {
        "range_minutes": 30,
        "target": "none",
        "stop": "percent",
        "stop_pct": 0.5,
        "sizing": "fixed_shares",
    }

    def run(bps: float) -> Summary:
        plan = make_plan(
            panel.symbols,
            settings | {"slippage_bps": bps, "shares": 10},
            interval_minutes=INTERVAL,
        )
        return summarise(run_backtest(panel, plan, keep="none"), panel.grid, plan.capital)

    rows = cost_sensitivity(run).rows
    assert rows[0].trades > 5
    assert (np.diff([row.total_pnl for row in rows]) < 0).all()
