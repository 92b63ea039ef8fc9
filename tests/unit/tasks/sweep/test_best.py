"""Which set is the best, and over which sessions sets are compared."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from tasks.backtest.request import BacktestRequest
from tasks.sweep.best import aligned_returns, all_sessions, best_row, worths_of
from tasks.sweep.market import MarketKey, MarketsAtHand, load_market
from trading.backtest.performance import SideFigures, Summary
from trading.sweep.objective import Objective, worth_of
from trading.sweep.table import figures_table

NONE = SideFigures(0, 0, 0.0)
SUMMARY = Summary(
    2, 26, 100.0, 100.0, 0.0, 0.0, None, None, None, None, 0.0, 0.0, 0.0, 0, None, None, None,
    None, None, None, {}, 0, NONE, NONE, (0.0, 0.0),
)  # fmt: skip
MONDAY, TUESDAY, WEDNESDAY = (date(2025, 6, day) for day in (2, 3, 4))
# What a set may come to: nothing at all, only gains, only losses, both.
CASES = [
    SUMMARY,
    replace(SUMMARY, total_pnl=5.0, total_return=0.05, profit_factor=np.inf, sharpe=1.0),
    replace(SUMMARY, total_pnl=-5.0, total_return=-0.05, profit_factor=0.0, sharpe=np.nan),
    replace(SUMMARY, total_pnl=1.0, total_return=0.01, profit_factor=1.5, sharpe=-1.0),
]


@pytest.mark.parametrize("objective", list(Objective))
def test_a_table_orders_sets_as_their_summaries_are_ordered(objective: Objective) -> None:
    worth = worths_of(figures_table(CASES), objective)
    assert worth.tolist() == [worth_of(each, objective) for each in CASES]


def test_of_equal_sets_the_first_is_the_best() -> None:
    equal = [replace(SUMMARY, sharpe=value) for value in (None, 1.0, 2.0, 2.0)]
    assert best_row(figures_table(equal), Objective.SHARPE) == (2, Objective.SHARPE)


def test_what_no_set_has_is_replaced_by_the_total_return() -> None:
    short = [replace(SUMMARY, total_return=value) for value in (0.1, 0.3, 0.2)]
    assert best_row(figures_table(short), Objective.SHARPE) == (1, Objective.TOTAL_RETURN)


def test_sets_over_other_sessions_are_compared_over_all_and_rest_in_those_they_lack() -> None:
    early, late = (MONDAY, TUESDAY), (TUESDAY, WEDNESDAY)
    results = figures_table(
        [replace(SUMMARY, session_returns=(0.1, 0.2)), replace(SUMMARY, session_returns=(0.3, 0.4))]
    )
    assert all_sessions([early, late]) == (MONDAY, TUESDAY, WEDNESDAY)
    assert aligned_returns(results, [early, late]).tolist() == [[0.1, 0.0], [0.2, 0.3], [0.0, 0.4]]


def test_bars_used_longest_ago_are_forgotten_for_want_of_room(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    request = BacktestRequest(None, ("AAA",), MONDAY, TUESDAY, interval_minutes=60)
    one, two, three = (
        load_market(replace(request, seed=seed), MarketKey(("AAA",), 60, False))
        for seed in (1, 2, 3)
    )
    monkeypatch.setattr("tasks.sweep.market._MOST_BARS_AT_HAND", 2 * one.panel.close.size)
    markets = MarketsAtHand()
    markets.add(one)
    markets.add(two)
    assert markets.get(one.hash) is one
    markets.add(three)
    assert markets.get(two.hash) is None
    assert markets.get(one.hash) is one
    assert len({one.hash, two.hash, three.hash}) == 3
