"""Markets to choose on: pure noise, and one in which the first two hours' direction goes on."""

from __future__ import annotations

from datetime import date

import numpy as np

from trading.market.calendar import make_grid, sessions_between
from trading.market.panel import Defects, Panel
from trading.prices import r4_array

INTERVAL_MINUTES = 60
FIRST = date(2024, 1, 2)
# Coarser walks jump over stops that the engine fills at their level, which earns on noise.
_STEPS = 300
# Of a bar's move, as a share of the price.
_DEVIATION = 0.003


def market(
    seed: int, sessions: int, *, drift: float = 0.0, symbols: tuple[str, ...] = ("AAA", "BBB")
) -> Panel:
    """Return random walks; after the second bar each session drifts the way those bars went.

    `drift` is a bar's move, in deviations of a bar; without it nothing can be earned but by luck.
    """
    days = sessions_between("NYSE", FIRST, date(2026, 12, 31))[:sessions]
    grid = make_grid(days, INTERVAL_MINUTES)
    rng = np.random.default_rng(seed)
    deviation = _DEVIATION / np.sqrt(_STEPS)
    moves = rng.normal(0, deviation, (grid.rows, len(symbols), _STEPS))
    for begin, end in zip(grid.first_row[:-1], grid.first_row[1:], strict=True):
        way = np.sign(moves[begin : begin + 2].sum(axis=(0, 2)))
        moves[begin + 2 : end] += (way * drift * _DEVIATION / _STEPS)[:, np.newaxis]
    path = 100 * np.exp(np.cumsum(moves.transpose(1, 0, 2).reshape(len(symbols), -1), axis=1))
    path = r4_array(path.reshape(len(symbols), grid.rows, _STEPS).transpose(1, 0, 2))
    opened = np.concatenate([np.full((1, len(symbols)), 100.0), path[:-1, :, -1]])
    return Panel(
        grid,
        symbols,
        opened,
        np.maximum(path.max(axis=2), opened),
        np.minimum(path.min(axis=2), opened),
        path[:, :, -1],
        np.full(opened.shape, 1e6),
        Defects(rows=opened.size),
    )
