"""The null test: on driftless random walks without costs, an honest engine earns nothing.

A step of a walk is one cent up or down, so that every level of a strategy that rounds to cents
is met exactly: a walk that jumps over its levels would let the engine fill stops at prices that
were never there, and that alone shows as a profit. Where the rules take the worse of what a bar
may have been, they lose what the walk says that they gave away (`noise_pessimism`), and nothing
else: that is what noise must show.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trading.backtest.checks.noise_pessimism import given_away
from trading.backtest.run import Outcome, run_backtest
from trading.counted import counted
from trading.engine.tapes.trade_tape import TradeRow
from trading.errors import BadInput
from trading.indicators.indicator import Kind
from trading.market.bars import Floats
from trading.market.calendar import Grid, make_grid, sessions_between
from trading.market.panel import Defects, Panel
from trading.parameters import FillParameters, RiskParameters
from trading.plan import RunPlan
from trading.prices import r4_array

Steps = NDArray[np.int32]

# One alone has no deviation to be held against.
FEWEST_TRADES = 2
FEWEST_STEPS_INSIDE_BAR = 300
STEP_USD = 0.01
START_STEPS = 100_000  # 1,000 USD, far from zero for any number of steps that a run takes
# Of a gap over night, its deviation: 2 %.
NIGHT_STEPS = 2_000
VOLUME = 1_000_000.0
# Any two weeks do: what is random is the walk.
FIRST_DATE, LAST_DATE = date(2025, 6, 2), date(2025, 6, 13)
SYMBOLS = 60
# Daily values and opening volumes ask for three weeks before; as many bars in all.
FIRST_DATE_OF_DAYS, SYMBOLS_OF_DAYS = date(2025, 5, 12), 25
# After so many chunks in a row without a trade the strategy is taken to never trade.
MOST_IDLE_CHUNKS = 5
# R that is the same in all trades still differs by what floats lose.
_LEAST_ERROR = 1e-12


@dataclass(frozen=True, slots=True)
class NullResult:
    """Mean R of so many trades on noise, and the mean that the rules must show there.

    `expected_r` is 0 less what their pessimism gave away. `standard_error` is that of what a trade
    earned and gave away together, and `z` how many of those the mean is from the expected one: NaN
    where R has no spread.
    """

    trades: int
    mean_r: float
    expected_r: float
    standard_error: float
    z: float


@dataclass(frozen=True, slots=True)
class NullRun:
    """One chunk: the walk as whole steps of (bars, symbols, 1 + steps), and its run.

    Element 0 of a bar is where it opens, which is where the bar before it closed.
    """

    walk: Steps
    panel: Panel
    outcome: Outcome


def null_test(
    plan: RunPlan,
    trades_wanted: int,
    seed: int,
    *,
    steps_inside_bar: int = FEWEST_STEPS_INSIDE_BAR,
    cache_folder: Path | None = None,
    compiled: bool | None = None,
) -> NullResult:
    """Return the mean R of a plan's strategy over at least so many trades on noise.

    The plan's costs, caps and capital are replaced by none and plenty; its strategy and interval
    stay. The mean is held against what the rules' own pessimism must show.
    `compiled` is as in `run_backtest`, and changes nothing but the time that it takes.
    Raises BadInput for fewer than two trades, when the strategy does not trade, or for walks too
    coarse to be believed.
    """
    if trades_wanted < FEWEST_TRADES:
        raise BadInput(
            f"{trades_wanted} trades show nothing",
            f"Ask for {FEWEST_TRADES} at least, or thousands",
        )
    multiples: list[Floats] = []
    given: list[Floats] = []
    units = plan.rules().tick_units
    found = idle = 0
    for run in null_runs(plan, seed, steps_inside_bar, cache_folder, compiled):
        r = TradeRow(*run.outcome.trades.T).r_multiple
        known = np.isfinite(r)
        multiples.append(r[known])
        lost = given_away(run.outcome, run.panel.grid, run.walk, STEP_USD, units)
        given.append(lost[known])
        idle = 0 if len(multiples[-1]) else idle + 1
        found += len(multiples[-1])
        if found >= trades_wanted:
            break
        if idle >= MOST_IDLE_CHUNKS:
            raise BadInput(
                f"strategy {plan.strategy_name} makes no trades on random walks",
                "Loosen its filters for the null test",
            )
    return statistic(np.concatenate(multiples), np.concatenate(given))


def statistic(r_multiples: Floats, given: Floats) -> NullResult:
    """Return the mean of R multiples and how far it lies from what was given away of each."""
    trades = len(r_multiples)
    if trades < 2:
        raise BadInput(
            f"{counted(trades, 'trade')} cannot have a standard error", "Ask for at least 2 trades"
        )
    fair = r_multiples + given
    mean, expected = float(np.mean(r_multiples)), 0.0 - float(np.mean(given))
    error = float(np.std(fair, ddof=1)) / math.sqrt(trades)
    z = float(np.mean(fair)) / error if error > _LEAST_ERROR else math.nan
    return NullResult(trades, mean, expected, error, z)


def null_runs(
    plan: RunPlan,
    seed: int,
    steps_inside_bar: int,
    cache_folder: Path | None = None,
    compiled: bool | None = None,
) -> Iterator[NullRun]:
    """Yield runs of the plan's strategy over one chunk of random walks after another, endlessly."""
    if steps_inside_bar < FEWEST_STEPS_INSIDE_BAR:
        raise BadInput(
            f"{steps_inside_bar} steps inside a bar fail an honest engine",
            f"Use at least {FEWEST_STEPS_INSIDE_BAR}",
        )
    first_date = FIRST_DATE_OF_DAYS if reads_days(plan) else FIRST_DATE
    plan = without_costs(plan)
    sessions = sessions_between(plan.exchange, first_date, LAST_DATE)
    grid = make_grid(sessions, plan.interval_minutes)
    rng = np.random.default_rng(seed)
    # What reads the last session may wait for a gap, of which a walk by itself has none.
    read = plan.indicators().values()
    needs_gaps = any(one is not None and one.kind is Kind.DAILY for one in read)
    while True:
        walk = random_walk(rng, grid.rows, len(plan.symbols), steps_inside_bar)
        if needs_gaps:
            move_over_night(walk, grid, rng)
        panel = walk_panel(walk, grid, plan.symbols)
        outcome = run_backtest(
            panel, plan, keep="all", compiled=compiled, cache_folder=cache_folder
        )
        yield NullRun(walk, panel, outcome)


def reads_days(plan: RunPlan) -> bool:
    """Return whether a plan's entries wait for values of earlier days."""
    kinds = {each.kind for each in plan.indicators().values() if each is not None}
    return plan.rules().selection.opening_bars > 0 or bool(kinds & {Kind.DAILY, Kind.OPENING})


def without_costs(plan: RunPlan) -> RunPlan:
    """Return the plan with neither costs nor caps, and so much capital that none binds."""
    symbols = SYMBOLS_OF_DAYS if reads_days(plan) else SYMBOLS
    return replace(
        plan,
        symbols=tuple(f"WALK{number:02d}" for number in range(symbols)),
        capital=1e12,
        risk=RiskParameters(
            risk_per_trade=1e-6,
            max_position_pct=0.01,
            max_positions=SYMBOLS,
            max_orders_per_session=1_000_000,
            max_daily_loss_pct=1.0,
        ),
        fills=FillParameters.model_validate({"slippage_bps": 0.0, "max_participation": 0.0}),
    )


def random_walk(rng: np.random.Generator, bars: int, symbols: int, steps_inside_bar: int) -> Steps:
    """Return walks of whole steps as (bars, symbols, 1 + steps), each bar opening at the last."""
    each = bars * steps_inside_bar
    coins = np.unpackbits(rng.integers(0, 256, (symbols, -(-each // 8)), dtype=np.uint8), axis=1)
    # As narrow as a bar's steps allow: most of the time goes by moving them through memory.
    narrow = np.int16 if steps_inside_bar <= np.iinfo(np.int16).max else np.int32
    moves: NDArray[np.signedinteger[Any]] = (
        coins[:, :each].reshape(symbols, bars, steps_inside_bar).astype(narrow)
    )
    moves *= 2
    moves -= 1
    inside = np.cumsum(moves, axis=2, dtype=narrow)
    closes = START_STEPS + np.cumsum(inside[:, :, -1].T, axis=0, dtype=np.int32)
    walk = np.empty((bars, symbols, 1 + steps_inside_bar), dtype=np.int32)
    walk[0, :, 0] = START_STEPS
    walk[1:, :, 0] = closes[:-1]
    np.add(inside.transpose(1, 0, 2), walk[:, :, :1], out=walk[:, :, 1:])
    return walk


def move_over_night(walk: Steps, grid: Grid, rng: np.random.Generator) -> None:
    """Let each session open elsewhere than the last one closed, with no drift either."""
    for begin in grid.first_row[1:-1]:
        steps: Floats = rng.normal(0.0, NIGHT_STEPS, (walk.shape[1], 1))
        walk[begin:] += steps.astype(np.int32)


def walk_panel(walk: Steps, grid: Grid, symbols: tuple[str, ...]) -> Panel:
    """Return the bars of walks."""
    opened, high, low, close = (
        r4_array(steps.astype(np.float64) * STEP_USD)
        for steps in (walk[:, :, 0], walk.max(axis=2), walk.min(axis=2), walk[:, :, -1])
    )
    volume = np.full(close.shape, VOLUME)
    return Panel(grid, symbols, opened, high, low, close, volume, Defects(rows=close.size))
