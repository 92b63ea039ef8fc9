"""Markets of many symbols with all that the gate knows of."""

from __future__ import annotations

from datetime import date

import numpy as np

from trading.market.calendar import make_grid, sessions_between
from trading.market.panel import Defects, Panel

# A half-day among them, and enough for fourteen days before the first that is traded.
SESSIONS = tuple(sessions_between("NYSE", date(2025, 11, 7), date(2025, 12, 19)))
INTERVAL = 30
FIRST_TRADED = 16


def market(seed: int, count: int) -> Panel:
    """Return a market with holes, wicks, levels that hold and that do not, and gaps over night."""
    rng = np.random.default_rng(seed)
    grid = make_grid(SESSIONS, INTERVAL)
    symbols = tuple(f"S{number:03d}" for number in range(count))
    shape = (grid.rows, count)
    steps = 0.006 * rng.standard_normal(shape)
    steps[rng.random(shape) < 0.004] += 0.6
    steps[rng.random(shape) < 0.004] -= 0.6
    opening = np.isin(np.arange(grid.rows), grid.first_row[:-1])
    steps[opening] += 0.5 * (rng.random((opening.sum(), count)) < 0.03)
    close = np.round(np.exp(3 + 0.8 * np.tanh(np.cumsum(steps, axis=0))), 2)
    opened = np.round(close * np.exp(-0.7 * np.where(abs(steps) < 0.1, steps, 0)), 2)
    # A level that is the error of one bar, or of a few.
    for _ in range(30):
        row, s = rng.integers(grid.rows), rng.integers(count)
        for values in (opened, close):
            values[row : row + rng.integers(1, 4), s] *= 2
    high = np.round(np.maximum(opened, close) * np.exp(0.004 * rng.random(shape)), 2)
    low = np.round(np.minimum(opened, close) * np.exp(-0.004 * rng.random(shape)), 2)
    high[rng.random(shape) < 0.002] *= 1.5
    volume = np.floor(np.exp(9 + rng.standard_normal(shape)))
    volume[rng.random(shape) < 0.01] = 0
    columns = [opened, high, low, close, volume]
    gone = rng.random(shape) < 0.04
    for s in (3, 4):
        first = grid.first_row[rng.integers(1, 30)]
        gone[first : first + 40, s] = True
    for values in columns:
        values[gone] = np.nan
    return Panel(grid, symbols, *columns, defects=Defects())
