"""On noise an honest engine earns nothing, and the test of that can fail."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from itertools import starmap
from pathlib import Path

import numpy as np
import pytest

from tests.unit.trading import limit_side
from trading.backtest.checks.noise_check import (
    FEWEST_STEPS_INSIDE_BAR,
    START_STEPS,
    STEP_USD,
    NullResult,
    NullRun,
    null_runs,
    null_test,
    random_walk,
    statistic,
)
from trading.backtest.checks.noise_pessimism import given_away
from trading.engine.tapes.trade_tape import DecisionRow, TradeRow
from trading.errors import BadInput
from trading.market.bars import Floats
from trading.plan import make_plan
from trading.reasons import ENTER_LONG, EXIT_STOP

SEED = 7
TRADES = 20_000
MOST_Z = 3.5
INTERVAL_US = 5 * 60_000_000
CENT = 100  # as the engine counts a tick


def runs_of(plan_settings: dict[str, object], trades: int, seed: int, cache: Path) -> list[NullRun]:
    """Return runs on noise, without their walks, until there are so many trades."""
    plan = make_plan(["ANY"], plan_settings)
    kept: list[NullRun] = []
    for run in null_runs(plan, seed, FEWEST_STEPS_INSIDE_BAR, cache, compiled=True):
        kept.append(NullRun(run.walk[:0], run.panel, run.outcome))
        if sum(len(each.outcome.trades) for each in kept) >= trades:
            return kept
    raise AssertionError("null_runs is endless")


def unexplained(r_multiples: Floats) -> NullResult:
    """Return the statistic of R multiples of which nothing was given away."""
    return statistic(r_multiples, np.zeros(len(r_multiples)))


def given_of(run: NullRun) -> Floats:
    """Return what the rules gave away of each trade of a run."""
    return given_away(run.outcome, run.panel.grid, run.walk, STEP_USD, CENT)


def trades_of(run: NullRun) -> Iterator[TradeRow[float]]:
    """Yield the trades of a run."""
    return starmap(TradeRow, run.outcome.trades.tolist())


def entries_of(run: NullRun) -> dict[tuple[int, int], DecisionRow[float]]:
    """Return the entry decisions of a run by symbol and START of their bar."""
    decisions = run.outcome.decisions
    entered = decisions[DecisionRow(*decisions.T).reason >= ENTER_LONG]
    rows = starmap(DecisionRow, entered.tolist())
    return {(int(row.symbol), int(row.us)): row for row in rows}


def back_dated_r(run: NullRun) -> Floats:
    """Return what the same trades had earned, entered at the level inside the breakout bar."""
    entries = entries_of(run)
    multiples = []
    for trade in trades_of(run):
        decision = entries[int(trade.symbol), int(trade.entry_us) - INTERVAL_US]
        level, stop = decision.range_high, decision.range_low
        if trade.side < 0:
            level, stop = stop, level
        multiples.append(trade.side * (trade.exit_price - level) / abs(level - stop))
    return np.array(multiples)


def test_without_a_target_the_mean_r_of_noise_is_zero_and_a_back_dated_entry_shows(
    engine_cache: Path,
) -> None:
    runs = runs_of({"target": "none", "min_body": 0.5}, TRADES, SEED, engine_cache)

    honest = unexplained(
        np.concatenate([TradeRow(*run.outcome.trades.T).r_multiple for run in runs])
    )
    assert honest.trades >= TRADES
    assert abs(honest.z) < MOST_Z
    # The error is small enough that a bias of a tenth of R would be six of it.
    assert honest.standard_error < 0.1 / 6

    control = unexplained(np.concatenate([back_dated_r(run) for run in runs]))
    assert control.trades == honest.trades
    assert control.z > 5


@pytest.mark.parametrize(
    "settings",
    [
        {"stop": "atr", "min_body": -1.0, "breakout_on": "wick"},
        {"trailing": "stepped", "trail_steps": [[1, 0], [2, 1], [3, 2]], "max_entries": 4},
        {"range_minutes": 30, "volume_filter": True, "volume_threshold": 0.5},
    ],
    ids=["atr stops of wick breaks", "stepped trailing and re-entries", "volume filter"],
)
def test_no_strategy_setting_earns_on_noise(
    settings: dict[str, object], engine_cache: Path
) -> None:
    plan = make_plan(["ANY"], {"target": "none", **settings})
    result = null_test(plan, 4_000, SEED, cache_folder=engine_cache, compiled=True)
    assert result.trades >= 4_000
    assert abs(result.z) < MOST_Z


def test_with_targets_the_deficit_is_the_bars_that_touch_both_levels(engine_cache: Path) -> None:
    settings = {"stop": "atr", "stop_atr": 0.4, "target": "atr", "target_multiple": 0.4}
    plan = make_plan(["ANY"], settings)
    counted = 0
    booked: list[float] = []
    true: list[float] = []
    runs = null_runs(plan, SEED, FEWEST_STEPS_INSIDE_BAR, engine_cache, compiled=True)
    for run in itertools.islice(runs, 12):
        decisions = entries_of(run)
        rows = {int(us): row for row, us in enumerate(run.panel.grid.start_us)}
        for trade in trades_of(run):
            symbol, side, entry = int(trade.symbol), trade.side, trade.entry_price
            decision = decisions[symbol, int(trade.entry_us) - INTERVAL_US]
            # Towards the position, in whole cents, as the rules round a target.
            cents = math.floor(round(decision.target_offset * 10000) / 100)
            target = entry + side * cents / 100
            path = run.walk[rows[int(trade.exit_us)], symbol] * STEP_USD
            touched_stop = side * (path - decision.stop) <= 1e-6
            touched_target = side * (path - target) >= -1e-6
            booked.append(trade.r_multiple)
            true.append(trade.r_multiple)
            if touched_stop.any() and touched_target.any():
                counted += 1
                assert trade.exit_reason == EXIT_STOP
                if np.argmax(touched_target) < np.argmax(touched_stop):
                    true[-1] = side * (target - entry) / abs(entry - decision.stop)
        mine = slice(len(true) - len(run.outcome.trades), None)
        np.testing.assert_allclose(np.array(booked[mine]) + given_of(run), true[mine], atol=1e-9)
    assert counted > 500
    assert unexplained(np.array(booked)).z < -5
    assert abs(unexplained(np.array(true)).z) < MOST_Z


@pytest.mark.parametrize(
    "settings",
    [
        {"stop": "atr", "stop_atr": 0.5, "max_entries": 5, "target": "none"},
        {"stop": "daily_atr", "stop_daily_atr": 0.01, "target": "r", "target_multiple": 1.0},
    ],
    ids=["stops by the bars' ATR and re-entries", "stops by the daily ATR, and a target"],
)
def test_a_stop_entry_loses_on_noise_what_its_bar_hid_and_nothing_else(
    settings: dict[str, object], engine_cache: Path
) -> None:
    plan = make_plan(["ANY"], {"entry": "stop", "direction": "first_bar", **settings})
    runs = null_runs(plan, SEED, FEWEST_STEPS_INSIDE_BAR, engine_cache, compiled=True)
    booked: list[Floats] = []
    given: list[Floats] = []
    back_dated: list[Floats] = []
    while sum(map(len, booked)) < 8_000:
        run = next(runs)
        trade: TradeRow[Floats] = TradeRow(*run.outcome.trades.T)
        booked.append(trade.r_multiple)
        given.append(given_of(run))
        row = np.searchsorted(run.panel.grid.start_us, trade.entry_us)
        opened = run.panel.open[row, trade.symbol.astype(int)]
        early = trade.side * (trade.entry_price - opened)
        back_dated.append(trade.r_multiple + early / abs(trade.entry_price - trade.initial_stop))
    r, hidden = np.concatenate(booked), np.concatenate(given)

    result = statistic(r, hidden)
    assert abs(result.z) < MOST_Z
    assert result.expected_r < -0.05
    assert unexplained(r).z < -MOST_Z
    # Both are seen: entries at the open of the bar that reaches the level later, and an engine that
    # gives less away than the rules say.
    assert statistic(np.concatenate(back_dated), hidden).z > 5
    assert statistic(r + hidden, hidden).z > MOST_Z


def test_a_users_limit_entry_gives_nothing_away_in_its_own_bar() -> None:
    plan = make_plan(["ANY"], {"max_entries": 100}, strategy_module=limit_side)
    # To compile a strategy of ones own takes longer than to interpret it so often.
    result = null_test(plan, 6_000, SEED, compiled=False)
    assert result.trades >= 6_000
    assert result.expected_r == 0
    assert abs(result.z) < MOST_Z


def test_a_seed_gives_the_same_result_again_and_another_seed_another(engine_cache: Path) -> None:
    plan = make_plan(["ANY"], {"target": "none"})
    first, again, other = (
        null_test(plan, 500, seed, cache_folder=engine_cache, compiled=True) for seed in (1, 1, 2)
    )
    assert first == again
    assert first == null_test(plan, 500, 1, compiled=False)
    assert first.mean_r != other.mean_r


def test_the_walk_is_driftless_unbroken_and_of_single_steps() -> None:
    walk = random_walk(np.random.default_rng(SEED), 200, 30, 300)
    assert walk.shape == (200, 30, 301)
    assert (walk[0, :, 0] == START_STEPS).all()
    assert (walk[1:, :, 0] == walk[:-1, :, -1]).all()
    moves = np.diff(walk, axis=2)
    assert set(np.unique(moves)) == {-1, 1}
    assert abs(moves.mean()) < 3.5 / math.sqrt(moves.size)


def test_walks_that_are_too_coarse_are_refused() -> None:
    with pytest.raises(BadInput, match="299 steps"):
        null_test(make_plan(["ANY"], {}), 10, 1, steps_inside_bar=299)


def test_a_strategy_that_never_trades_is_refused_instead_of_run_for_ever(
    engine_cache: Path,
) -> None:
    plan = make_plan(["ANY"], {"max_entries": 0})
    with pytest.raises(BadInput, match="makes no trades"):
        null_test(plan, 10, 1, cache_folder=engine_cache, compiled=True)


def test_the_statistic_is_the_mean_over_its_standard_error() -> None:
    result = unexplained(np.array([1.0, -1.0, 2.0, 0.0]))
    assert result.trades == 4
    assert result.mean_r == 0.5
    assert result.standard_error == pytest.approx(math.sqrt(5 / 3) / 2)
    assert result.z == pytest.approx(result.mean_r / result.standard_error)


def test_one_trade_has_no_statistic() -> None:
    with pytest.raises(BadInput, match="1 trade cannot"):
        unexplained(np.array([1.0]))


def test_what_was_given_away_is_what_noise_must_show() -> None:
    result = statistic(np.array([-1.0, -1.0, 2.0, -1.0]), np.array([0.5, 0.0, 0.0, 0.5]))
    assert (result.mean_r, result.expected_r) == (-0.25, -0.25)
    assert result.z == 0
