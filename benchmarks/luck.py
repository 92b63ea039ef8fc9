"""Markets in which nothing can be earned, or one thing can, and sweeps over them."""

from __future__ import annotations

from datetime import date
from itertools import product
from pathlib import Path
from typing import NamedTuple

import numpy as np

from trading.backtest.checks.noise_check import (
    FEWEST_STEPS_INSIDE_BAR,
    START_STEPS,
    Steps,
    walk_panel,
)
from trading.backtest.performance import Summary
from trading.market.bars import Floats
from trading.market.calendar import make_grid, sessions_between
from trading.market.panel import Panel
from trading.plan import RunPlan, make_plan
from trading.sweep.objective import Objective, worth_of
from trading.sweep.run_sets import run_sets

INTERVAL_MINUTES = 15
FIRST_DATE, LAST_DATE = date(2024, 1, 2), date(2024, 12, 31)
SYMBOLS = ("WALK1", "WALK2")
# Neither costs nor caps, and no target: whatever these do, they earn nothing on a walk. A target
# would lose a little there, for of a bar that met both levels the stop counts.
FIXED = {
    "target": "none",
    "slippage_bps": 0.0,
    "max_participation": 0.0,
    "max_daily_loss_pct": 1.0,
    "max_position_pct": 0.5,
}
GRID: dict[str, tuple[object, ...]] = {
    "range_minutes": (15, 30, 45, 60, 90, 120),
    "min_body": (-1.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6),
    "breakout_buffer": (0.0, 0.05, 0.1, 0.2),
    "entry_cutoff_minutes": (30, 90, 150),
    "max_entries": (1, 2),
    "flatten_minutes": (15, 60, 120),
    "allow_short": (True, False),
}
CAPITAL = 1_000_000.0
# Of a planted edge: the walk goes on as it began with so much more than one step of two.
EDGE_BEGINS_BAR = 4


class Swept(NamedTuple):
    """Returns of a sweep's sets, (sessions, sets), and the column of the best by Sharpe ratio."""

    returns: Floats
    best: int


def walk_market(seed: int, *, edge: float = 0.0, last_date: date = LAST_DATE) -> Panel:
    """Return a year of driftless walks in steps of a cent, or of walks that go on as they began.

    With an edge, a step after the first hour goes where the hour went with 0.5 + `edge`.
    """
    grid = make_grid(sessions_between("NYSE", FIRST_DATE, last_date), INTERVAL_MINUTES)
    rng = np.random.default_rng(seed)
    shape = (grid.rows, len(SYMBOLS), FEWEST_STEPS_INSIDE_BAR)
    moves = np.where(rng.random(shape, dtype=np.float32) < 0.5, -1, 1).astype(np.int32)
    if edge:
        for begin, end in zip(grid.first_row[:-1], grid.first_row[1:], strict=True):
            later = slice(begin + EDGE_BEGINS_BAR, end)
            way = np.sign(moves[begin : later.start].sum(axis=(0, 2)))[None, :, None]
            turned = rng.random(moves[later].shape, dtype=np.float32) < 2 * edge
            moves[later] = np.where(turned & (way != 0), way, moves[later])
    inside = np.cumsum(moves, axis=2, dtype=np.int32)
    closes = START_STEPS + np.cumsum(inside[:, :, -1], axis=0, dtype=np.int32)
    walk: Steps = np.empty((*shape[:2], 1 + shape[2]), dtype=np.int32)
    walk[0, :, 0] = START_STEPS
    walk[1:, :, 0] = closes[:-1]
    np.add(inside, walk[:, :, :1], out=walk[:, :, 1:])
    return walk_panel(walk, grid, SYMBOLS)


def plans_of(sets: int) -> list[RunPlan]:
    """Return so many plans of the grid, always the same ones."""
    combinations = list(product(*GRID.values()))
    chosen = np.random.default_rng(0).permutation(len(combinations))[:sets]
    return [
        make_plan(
            SYMBOLS,
            FIXED | dict(zip(GRID, combinations[number], strict=True)),
            interval_minutes=INTERVAL_MINUTES,
            capital=CAPITAL,
        )
        for number in sorted(chosen.tolist())
    ]


def sweep(
    panel: Panel,
    sets: int,
    cache_folder: Path | None = None,
    *,
    compiled: bool | None = None,
) -> Swept:
    """Run so many plans over a panel, one after the other; `compiled` is as in `run_sets`."""
    summaries: dict[int, Summary] = {}
    results = run_sets(panel, plans_of(sets), cache_folder=cache_folder, compiled=compiled)
    for place, summary in results:
        assert isinstance(summary, Summary), summary
        summaries[place] = summary
    ordered = [summaries[place] for place in sorted(summaries)]
    worths = [worth_of(summary, Objective.SHARPE) for summary in ordered]
    returns = np.array([summary.session_returns for summary in ordered]).T
    return Swept(returns, int(np.argmax(worths)))
