"""The figures of a run, against empyrical, scipy and sums done by hand."""

from __future__ import annotations

import json
import math
from datetime import date
from itertools import starmap

import numpy as np
import pandas as pd
import pytest

from blocks.markets.random_walk import simulated_rows
from trading.backtest.performance import bootstrap_interval, summarise
from trading.backtest.run import Outcome, run_backtest
from trading.engine.book import new_book
from trading.engine.tapes.decision_log import log_of_rows
from trading.engine.tapes.trade_tape import DecisionRow, FillRow, TradeRow
from trading.market.calendar import Grid, make_grid, sessions_between
from trading.market.panel_loading import make_panel
from trading.plan import make_plan
from trading.reasons import EXIT_ASSUMED_CLOSE, EXIT_FLATTEN, EXIT_STOP, EXIT_TARGET

CAPITAL = 1000.0
MONDAY, TUESDAY = date(2025, 6, 9), date(2025, 6, 10)


def hourly_grid(first: date = MONDAY, last: date = TUESDAY) -> Grid:
    """Return hourly bars, seven a session."""
    return make_grid(sessions_between("NYSE", first, last), 60)


def trade(
    grid: Grid,
    bars: tuple[int, int],
    *,
    side: int = 1,
    reason: int = EXIT_STOP,
    pnl: float = 0.0,
    r_multiple: float = math.nan,
) -> list[float]:
    """Return a trade of 10 shares at 20 USD from one bar of the grid to another."""
    entry_us, exit_us = (float(grid.start_us[bar]) for bar in bars)
    price = 20 + side * pnl / 10
    return [0, side, 10, entry_us, 20, exit_us, price, reason, pnl, pnl / 200, r_multiple, 19]


def outcome_of(
    grid: Grid, equity: list[float] | np.ndarray, trades: list[list[float]] | None = None
) -> Outcome:
    """Return an outcome with these equities and trades, each of one entry and one exit fill."""
    fills = [
        [us, 0, 0, quantity, price, 0]
        for row in starmap(TradeRow, trades or [])
        for us, quantity, price in (
            (row.entry_us, row.quantity, row.entry_price),
            (row.exit_us, -row.quantity, row.exit_price),
        )
    ]
    return Outcome(
        np.array(fills, dtype=np.float64).reshape(-1, len(FillRow._fields)),
        np.array(trades or [], dtype=np.float64).reshape(-1, len(TradeRow._fields)),
        log_of_rows(np.zeros((0, len(DecisionRow._fields)))),
        np.array(equity, dtype=np.float64),
        grid.start_us,
        0,
        new_book(1, CAPITAL),
        compiled=False,
    )


def test_a_small_case_gives_the_figures_that_a_hand_gets() -> None:
    grid = hourly_grid()
    trades = [
        trade(grid, (1, 2), pnl=30.0, r_multiple=3.0, reason=EXIT_TARGET),
        trade(grid, (2, 4), pnl=-10.0, r_multiple=-1.0, side=-1),
        trade(grid, (8, 8), pnl=-10.0, r_multiple=-0.5),
        trade(grid, (9, 13), pnl=0.0, reason=EXIT_ASSUMED_CLOSE),
        trade(grid, (9, 12), pnl=20.0, r_multiple=0.5, side=-1, reason=EXIT_FLATTEN),
    ]
    equity = [1000.0] * 6 + [1020.0] + [1020.0] * 6 + [1030.2]

    summary = summarise(outcome_of(grid, equity, trades), grid, CAPITAL)

    assert (summary.sessions, summary.bars, summary.trades) == (2, 14, 5)
    assert summary.win_rate == pytest.approx(2 / 5)
    assert summary.profit_factor == pytest.approx(50 / 20)
    assert summary.expectancy_r == pytest.approx((3 - 1 - 0.5 + 0.5) / 4)
    assert summary.total_pnl == pytest.approx(30.0)
    assert summary.final_equity == 1030.2
    assert summary.total_return == pytest.approx(0.0302)
    assert summary.session_returns == pytest.approx((0.02, 0.01))
    assert summary.average_duration_minutes == pytest.approx(60 * (1 + 2 + 0 + 4 + 3) / 5)
    # Bars 1 to 4, 8, and 9 to 13.
    assert summary.exposure == pytest.approx(10 / 14)
    entries, exits = 5 * 200, 200 + 30 + 200 + 10 + 200 - 10 + 200 + 200 - 20
    assert summary.turnover == pytest.approx((entries + exits) / np.mean(equity))
    assert summary.exit_reasons == {
        "stop": 2, "target": 1, "flatten": 1, "latch": 0, "operator": 0, "signal": 0,
    }  # fmt: skip
    assert summary.assumed_closes == 1
    assert (summary.long.trades, summary.long.wins, summary.long.pnl) == (3, 1, 20.0)
    assert (summary.short.trades, summary.short.wins, summary.short.pnl) == (2, 1, 10.0)


def test_drawdown_sees_a_dip_inside_a_session() -> None:
    grid = hourly_grid()
    equity = [1000.0, 1100.0, 880.0] + [1100.0] * 11

    summary = summarise(outcome_of(grid, equity), grid, CAPITAL)

    assert summary.max_drawdown == pytest.approx(-0.2)
    assert min(summary.session_returns) == 0


def test_drawdown_counts_from_the_capital() -> None:
    grid = hourly_grid()

    summary = summarise(outcome_of(grid, [900.0] * 14), grid, CAPITAL)

    assert summary.max_drawdown == pytest.approx(-0.1)


def random_equity(grid: Grid) -> np.ndarray:
    """Return the equity of an account whose returns per bar are drawn from a normal law."""
    generator = np.random.default_rng(7)
    return CAPITAL * np.cumprod(1 + 0.004 * generator.standard_normal(grid.rows))


def test_ratios_equal_those_of_empyrical_on_a_dated_series() -> None:
    # It brings scipy along, for which otherwise every process of the suite waits.
    import empyrical

    grid = hourly_grid(date(2025, 1, 2), date(2025, 12, 31))
    equity = random_equity(grid)
    frame = pd.Series(equity, index=pd.to_datetime(grid.start_us, unit="us", utc=True))
    by_session = frame.groupby(frame.index.date).last()
    returns = pd.concat([pd.Series([CAPITAL]), by_session]).pct_change().iloc[1:]
    per_bar = pd.concat([pd.Series([CAPITAL]), frame]).pct_change().iloc[1:]

    summary = summarise(outcome_of(grid, equity), grid, CAPITAL)

    assert summary.sessions == len(grid.sessions) == 250
    assert summary.sharpe == pytest.approx(empyrical.sharpe_ratio(returns), rel=1e-9)
    assert summary.sortino == pytest.approx(empyrical.sortino_ratio(returns), rel=1e-9)
    assert summary.annual_return == pytest.approx(empyrical.cagr(returns), rel=1e-9)
    assert summary.annual_volatility == pytest.approx(
        empyrical.annual_volatility(returns), rel=1e-9
    )
    assert summary.max_drawdown == pytest.approx(empyrical.max_drawdown(per_bar), rel=1e-9)
    assert summary.sharpe == pytest.approx(
        math.sqrt(252) * returns.mean() / returns.std(ddof=1), rel=1e-9
    )


@pytest.mark.parametrize(("sessions", "reported"), [(19, False), (20, True)])
def test_sharpe_and_sortino_wait_for_twenty_sessions(sessions: int, reported: bool) -> None:
    found = sessions_between("NYSE", MONDAY, date(2025, 8, 1))[:sessions]
    grid = make_grid(found, 60)

    summary = summarise(outcome_of(grid, random_equity(grid)), grid, CAPITAL)

    assert (summary.sharpe is not None) is reported
    assert (summary.sortino is not None) is reported
    assert summary.annual_volatility is not None


def test_warm_up_sessions_are_no_part_of_the_figures() -> None:
    grid = hourly_grid()
    traded = outcome_of(grid, [1000.0] * 14)
    second = Outcome(
        traded.fills, traded.trades, traded.log, np.full(7, 1010.0), grid.start_us[7:], 1,
        traded.book, compiled=False,
    )  # fmt: skip

    summary = summarise(second, grid, CAPITAL)

    assert (summary.sessions, summary.bars) == (1, 7)
    assert summary.session_returns == pytest.approx((0.01,))


def test_a_run_without_trades_has_no_figures_of_trades() -> None:
    grid = hourly_grid()

    summary = summarise(outcome_of(grid, [1000.0] * 14), grid, CAPITAL)

    assert summary.trades == 0
    assert summary.win_rate is summary.profit_factor is summary.expectancy_r is None
    assert summary.expectancy_r_low is summary.average_duration_minutes is None
    assert summary.exposure == summary.turnover == summary.total_pnl == 0


def test_json_has_null_where_a_figure_is_infinite() -> None:
    grid = hourly_grid()
    summary = summarise(
        outcome_of(grid, [1000.0] * 14, [trade(grid, (1, 2), pnl=5.0)]), grid, CAPITAL
    )

    read = json.loads(json.dumps(summary.as_dict(), allow_nan=False))

    assert summary.profit_factor == math.inf
    assert read["profit_factor"] is None
    assert read["long"] == {"trades": 1, "wins": 1, "pnl": 5.0}
    assert read["trades"] == 1


def test_an_account_below_zero_has_no_growth_rate() -> None:
    grid = hourly_grid(MONDAY, date(2025, 7, 31))
    equity = [1000.0] * 7 + [-50.0] * (grid.rows - 7)

    summary = summarise(outcome_of(grid, equity), grid, CAPITAL)

    assert summary.annual_return is None
    json.dumps(summary.as_dict(), allow_nan=False)


def test_the_bootstrap_interval_is_that_of_scipy() -> None:
    import scipy.stats

    values = np.random.default_rng(3).exponential(size=400) - 0.9
    oracle = scipy.stats.bootstrap(
        (values,), np.mean, n_resamples=20_000, method="percentile", random_state=1
    ).confidence_interval

    low, high = bootstrap_interval(values, seed=1) or (math.nan, math.nan)

    spread = values.std() / math.sqrt(len(values))
    assert low == pytest.approx(oracle.low, abs=0.15 * spread)
    assert high == pytest.approx(oracle.high, abs=0.15 * spread)


def test_the_bootstrap_repeats_with_its_seed() -> None:
    values = np.random.default_rng(3).standard_normal(50)

    assert bootstrap_interval(values, seed=5) == bootstrap_interval(values, seed=5)
    assert bootstrap_interval(values, seed=5) != bootstrap_interval(values, seed=6)
    assert bootstrap_interval(values[:1], seed=5) is None


def test_profit_and_equity_of_a_whole_run_agree() -> None:
    symbols = ("AAA", "BBB", "CCC")
    sessions = sessions_between("NYSE", date(2024, 3, 1), date(2024, 5, 31))
    panel = make_panel(simulated_rows(symbols, sessions, 5), make_grid(sessions, 5), symbols)
    plan = make_plan(symbols, {"commission_per_share": 0.01, "slippage_bps": 2.0})

    summary = summarise(run_backtest(panel, plan), panel.grid, plan.capital)

    assert summary.trades > 50
    assert summary.total_pnl == pytest.approx(summary.final_equity - plan.capital, abs=1e-6)
    grown = np.prod(1 + np.array(summary.session_returns)) - 1
    assert grown == pytest.approx(summary.total_return)
    counted = sum(summary.exit_reasons.values()) + summary.assumed_closes
    assert counted == summary.long.trades + summary.short.trades == summary.trades
