"""Figures that other packages define too, held to what those say."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from tests.unit.trading.analysis.runs import simulated
from trading.analysis.benchmark import Benchmark, against, benchmark_of_bars
from trading.analysis.drawdowns import Drawdowns
from trading.analysis.holding_time import held_for
from trading.analysis.risk_figures import (
    probabilistic_sharpe,
    risk_figures,
    sqn_of,
    value_at_risk,
)
from trading.analysis.rolling import rolling_of
from trading.analysis.samples import samples_of
from trading.analysis.streaks import Streak, streaks_of
from trading.analysis.trade_order import trade_order_of
from trading.backtest.performance import summarise, trade_columns
from trading.market.calendar import make_grid, sessions_between


def drawn(count: int, seed: int = 1) -> np.ndarray:
    return 0.01 * np.random.default_rng(seed).standard_normal(count)


def held(returns: np.ndarray) -> Benchmark:
    """Return a benchmark that has these session returns."""
    return Benchmark("SPY", "a file", 50.0, 50.0 * np.cumprod(1 + returns), None)


@pytest.mark.parametrize("count", [20, 250])
def test_alpha_and_beta_are_those_of_empyrical(count: int) -> None:
    import empyrical

    theirs = drawn(count, 2)
    ours = 0.4 * theirs + drawn(count, 3)
    found = against(held(theirs), ours, 0.1)

    alpha, beta = empyrical.alpha_beta(ours, theirs)
    assert (found.alpha, found.beta) == (pytest.approx(alpha), pytest.approx(beta))
    assert found.correlation == pytest.approx(np.corrcoef(ours, theirs)[0, 1])
    assert found.total_return == pytest.approx(np.prod(1 + theirs) - 1)
    assert found.excess == pytest.approx(0.1 - found.total_return)
    assert found.ratios.sharpe == pytest.approx(empyrical.sharpe_ratio(theirs))
    assert found.ratios.max_drawdown == pytest.approx(empyrical.max_drawdown(theirs))


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [(drawn(19), drawn(19, 2)), (drawn(30), np.zeros(30)), (np.full(30, np.nan), drawn(30))],
    ids=["too few", "it never moved", "no numbers"],
)
def test_alpha_and_beta_are_left_out_where_there_are_none(
    ours: np.ndarray, theirs: np.ndarray
) -> None:
    found = against(held(theirs), ours, 0.0)
    assert (found.alpha, found.beta, found.correlation) == (None, None, None)


@pytest.mark.parametrize(("count", "levels"), [(19, []), (20, [0.95]), (100, [0.95, 0.99])])
def test_value_at_risk_is_that_of_empyrical(count: int, levels: list[float]) -> None:
    import empyrical

    returns = drawn(count)
    summary = simulated(max_entries=0).summary
    found = risk_figures(summary, returns, np.zeros(0), Drawdowns((), 0, 0.0, 0.0)).value_at_risk

    assert [each.level for each in found] == levels
    for each in found:
        cutoff = 1 - each.level
        assert each.value == pytest.approx(empyrical.value_at_risk(returns, round(cutoff, 6)))
        tail = empyrical.conditional_value_at_risk(returns, round(cutoff, 6))
        assert each.tail == pytest.approx(tail)


def test_calmar_and_recovery_divide_by_the_falls() -> None:
    import empyrical

    returns = drawn(60)
    summary = replace(
        simulated(max_entries=0).summary,
        annual_return=float(empyrical.annual_return(returns)),
        max_drawdown=float(empyrical.max_drawdown(returns)),
        total_pnl=300.0,
    )
    found = risk_figures(summary, returns, np.zeros(0), Drawdowns((), 1, 120.0, 0.5))

    assert found.calmar == pytest.approx(empyrical.calmar_ratio(returns))
    assert found.recovery_factor == pytest.approx(2.5)
    nothing = risk_figures(
        replace(summary, max_drawdown=0.0), returns, np.zeros(0), Drawdowns((), 0, 0.0, 0.0)
    )
    assert (nothing.calmar, nothing.recovery_factor) == (None, None)


def test_the_probabilistic_sharpe_ratio_weighs_sessions_skewness_and_kurtosis() -> None:
    from scipy import stats

    returns = drawn(120)
    ratio = returns.mean() / returns.std(ddof=1)
    spread = (
        1 - stats.skew(returns) * ratio + (stats.kurtosis(returns, fisher=False) - 1) / 4 * ratio**2
    )

    expected = stats.norm.cdf(ratio * np.sqrt(119 / spread))
    assert probabilistic_sharpe(returns) == pytest.approx(expected)
    # Where there is no Sharpe ratio there is nothing to say of one.
    assert probabilistic_sharpe(returns[:19]) is None
    assert probabilistic_sharpe(np.full(60, 0.001)) is None
    assert probabilistic_sharpe(np.append(returns, np.nan)) is None


def test_sqn_counts_at_most_a_hundred_trades() -> None:
    r = np.random.default_rng(4).standard_normal(400) + 0.2
    spread = r.std(ddof=1)

    assert sqn_of(r) == pytest.approx(r.mean() / spread * 10)
    some = r[:36]
    assert sqn_of(some) == pytest.approx(some.mean() / some.std(ddof=1) * 6)
    assert sqn_of(r[:29]) is None
    assert sqn_of(np.ones(50)) is None


@pytest.mark.parametrize(("sessions", "window"), [(42, 21), (125, 21), (126, 63), (250, 63)])
def test_rolling_figures_are_those_of_pandas(sessions: int, window: int) -> None:
    import pandas as pd

    days = tuple(sessions_between("NYSE", date(2024, 1, 1), date(2025, 6, 30)))[:sessions]
    returns = drawn(sessions)
    returns[:window] = 0.0
    found = rolling_of(returns, days)

    assert found is not None and found.window == window
    windows = pd.Series(returns).rolling(window)
    volatility = (windows.std() * 252**0.5)[window - 1 :].to_numpy()
    sharpe = (windows.mean() / windows.std() * 252**0.5)[window - 1 :].to_numpy()
    assert found.volatility == pytest.approx(volatility, abs=1e-9)
    assert np.isnan(found.sharpe[0])
    assert found.sharpe[1:] == pytest.approx(sharpe[1:], rel=1e-6)
    assert found.dates[-1] == days[-1].date
    assert rolling_of(returns[:41], days[:41]) is None


def test_streaks_are_runs_of_gains_and_losses() -> None:
    found = streaks_of(np.array([1.0, 2.0, -1.0, -1.0, -1.0, 0.0, -5.0, 4.0, 4.0]))

    assert found.gains == Streak(2, 8.0, 7)
    assert found.losses == Streak(3, -3.0, 2)
    assert found.at_the_end == Streak(2, 8.0, 7)
    assert streaks_of(np.array([0.0])).at_the_end is None
    assert streaks_of(np.zeros(0)).losses is None


def test_every_trade_is_held_for_one_of_the_times() -> None:
    report = simulated(max_entries=3)
    trades = trade_columns(report.outcome)
    found = held_for(trades)

    assert sum(each.trades for each in found) == len(trades.pnl)
    assert sum(each.profit for each in found) == pytest.approx(report.summary.total_pnl)
    minutes = (trades.exit_us - trades.entry_us) / 60_000_000
    for each in found:
        end = each.to_minutes or 10_000
        mine = (minutes >= each.from_minutes) & (minutes < end)
        assert each.trades == np.count_nonzero(mine)
        assert each.wins == np.count_nonzero(trades.pnl[mine] > 0)


def test_shuffles_of_trades_end_alike_and_fall_as_a_plain_loop_says() -> None:
    pnl = np.random.default_rng(6).standard_normal(50) * 20
    found = trade_order_of(pnl, 500.0, seed=3)
    assert found is not None

    highest, worst, worth = 500.0, 0.0, 500.0
    for each in pnl.tolist():
        worth += each
        highest = max(highest, worth)
        worst = min(worst, worth / highest - 1)
    assert found.own_drawdown == pytest.approx(worst)
    assert {round(band[-1], 6) for band in found.bands} == {round(pnl.sum(), 6)}
    assert found.actual[-1] == pytest.approx(pnl.sum())
    assert list(found.max_drawdown) == sorted(found.max_drawdown, reverse=True)
    assert all(low <= high for low, high in zip(found.bands[0], found.bands[4], strict=True))
    assert found == trade_order_of(pnl, 500.0, seed=3)
    assert found != trade_order_of(pnl, 500.0, seed=4)
    assert trade_order_of(pnl[:19], 500.0) is None


def test_losses_in_a_row_are_counted_in_every_shuffle() -> None:
    # Twenty trades of which one earns: at least ten losses are on one side of it.
    found = trade_order_of(np.array([-1.0] * 19 + [5.0]), 500.0)
    assert found is not None and min(found.losing_streak) >= 10 and max(found.losing_streak) <= 19
    always = trade_order_of(np.full(20, -1.0), 500.0)
    assert always is not None and set(always.losing_streak) == {20}
    never = trade_order_of(np.full(20, 1.0), 500.0)
    assert never is not None and set(never.losing_streak) == {0} and never.own_drawdown == 0


def test_two_parts_are_the_runs_of_their_sessions() -> None:
    report = simulated(max_entries=2)
    outcome, grid = report.outcome, report.panel.grid
    found = samples_of(outcome, grid, report.plan.capital, date(2025, 7, 1))

    # A run that ends where the first part ends is that part.
    early = simulated(last=date(2025, 6, 30), max_entries=2)
    assert found.inside == early.summary
    assert found.begins == date(2025, 7, 1)
    assert found.inside.trades + found.outside.trades == report.summary.trades
    assert found.inside.final_equity == found.outside.initial_equity
    assert found.outside.final_equity == report.summary.final_equity
    both = (*found.inside.session_returns, *found.outside.session_returns)
    assert both == pytest.approx(report.summary.session_returns)
    assert summarise(outcome, grid, report.plan.capital) == report.summary


def test_a_benchmark_stands_still_where_it_has_no_price() -> None:
    grid = make_grid(sessions_between("NYSE", date(2025, 7, 2), date(2025, 7, 8)), 60)
    bars = grid.rows
    closes = 100.0 + np.arange(bars)
    opens = closes - 0.5
    second = slice(*grid.first_row[1:3])
    closes[second] = opens[second] = np.nan
    opens[0] = closes[0] = np.nan
    found = benchmark_of_bars("SPY", "a file", opens, closes, grid, 0)

    assert found is not None
    assert found.first_open == opens[1]
    assert found.missing == 1
    ends = grid.first_row[1:] - 1
    assert found.session_close.tolist() == [closes[ends[0]], closes[ends[0]], *closes[ends[2:]]]
    assert found.session_returns()[1] == 0
    worth = found.worth_at(np.arange(bars), grid, 0, 1000.0)
    assert worth[0] == 1000.0
    assert worth[second].tolist() == [worth[ends[0]]] * (second.stop - second.start)
    assert worth[-1] == pytest.approx(1000 * closes[-1] / opens[1])
    closes[: grid.first_row[1]] = np.nan
    assert benchmark_of_bars("SPY", "a file", opens, closes, grid, 0) is None


def test_the_tail_holds_the_day_at_the_border() -> None:
    returns = np.arange(-10.0, 11.0)
    found = value_at_risk(returns, 0.95)
    assert (found.value, found.tail) == (pytest.approx(-9.0), -9.5)
