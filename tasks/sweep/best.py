"""The best of a sweep, and what stands beside it: how much of it is luck, and what costs take."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date

import numpy as np
import polars as pl

from blocks.process.files.cache_folder import with_engine_cache
from blocks.process.memory import give_back_heaps
from tasks.sweep.market import Market
from trading.backtest.performance import Json, Summary, session_returns, summarise, trade_columns
from trading.backtest.run import Outcome, linked_for, run_backtest
from trading.market.bars import Floats
from trading.plan import RunPlan
from trading.statistics.cost_sensitivity import cost_sensitivity
from trading.statistics.judge_sweep import judge_sweep
from trading.statistics.monte_carlo import monte_carlo
from trading.statistics.record import statistics_record
from trading.sweep.objective import Objective

# Every run has it, whatever the number of its sessions.
_ALWAYS_THERE = Objective.TOTAL_RETURN
# About so many backtests of the best there are: the break-even cost is searched for.
_RUNS_OF_COSTS = 20


def best_row(results: pl.DataFrame, objective: Objective) -> tuple[int, Objective]:
    """Return which row is the best, the first of equal ones, and by what.

    Where no set has the figure that is asked for, as below 20 sessions, it is the total return.
    """
    worth = worths_of(results, objective)
    if not np.isfinite(worth).any() and not (worth == math.inf).any():
        objective, worth = _ALWAYS_THERE, worths_of(results, _ALWAYS_THERE)
    return int(np.argmax(worth)), objective


def worths_of(results: pl.DataFrame, objective: Objective) -> Floats:
    """Return by what sets are ordered, a number a row: what `worth_of` says of their summaries."""
    worth = results[objective.value].fill_null(-math.inf).fill_nan(-math.inf)
    if objective is Objective.PROFIT_FACTOR:
        # Without a loss it is infinite, which the table, as a summary's JSON, has as null.
        all_won = results[objective.value].is_null() & (results["total_pnl"] > 0)
        worth = pl.select(pl.when(all_won).then(math.inf).otherwise(worth)).to_series()
    return worth.to_numpy().astype(np.float64)


def aligned_returns(results: pl.DataFrame, sessions: Sequence[Sequence[date]]) -> Floats:
    """Return (sessions, sets) returns over all sessions that any set has; a set rests in others.

    `sessions` are those of each row of the results.
    """
    days = all_sessions(sessions)
    returns = np.zeros((len(days), len(results)))
    place = {day: number for number, day in enumerate(days)}
    # Sets over the same bars share one list.
    columns: dict[int, list[int]] = {}
    for column, its in enumerate(sessions):
        columns.setdefault(id(its), []).append(column)
    for group in columns.values():
        its = sessions[group[0]]
        values = results["session_returns"].gather(group).explode().to_numpy()
        rows = [place[day] for day in its]
        returns[np.ix_(rows, group)] = values.reshape(len(group), len(its)).T
    return returns


def all_sessions(sessions: Sequence[Sequence[date]]) -> tuple[date, ...]:
    """Return every date that any of the lists has, in order."""
    different = {id(its): its for its in sessions}
    return tuple(sorted({day for its in different.values() for day in its}))


def judged(returns: Floats, best: int, market: Market, plan: RunPlan, seed: int) -> dict[str, Json]:
    """Return the statistics of a sweep and of its best set, which is run again for them."""
    again = _again(market, plan)
    outcome = again(plan)
    grid = market.panel.grid
    resampled = monte_carlo(
        trade_columns(outcome).pnl,
        session_returns(outcome, grid, plan.capital),
        plan.capital,
        seed,
    )

    def at_slippage(slippage_bps: float) -> Summary:
        fills = plan.fills.model_copy(update={"slippage_bps": slippage_bps})
        return summarise(again(replace(plan, fills=fills)), grid, plan.capital)

    costs = cost_sensitivity(at_slippage)
    # The statistics have matrices of their own, as the backtests had.
    give_back_heaps()
    return statistics_record(judge_sweep(returns, best, seed=seed), resampled, costs)


def _again(market: Market, plan: RunPlan) -> Callable[[RunPlan], Outcome]:
    """Return what runs plans that differ from this one in their costs, in machine code or not."""
    bars = market.panel.close.size * _RUNS_OF_COSTS
    linked, cache_folder = with_engine_cache(
        lambda folder: (linked_for(plan, bars, None, folder), folder)
    )

    def run(other: RunPlan) -> Outcome:
        return run_backtest(
            market.panel,
            other,
            first_traded=market.first_traded,
            keep="none",
            compiled=linked.compiled,
            cache_folder=cache_folder,
        )

    return run
