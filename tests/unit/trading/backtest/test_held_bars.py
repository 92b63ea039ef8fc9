"""Bars in which something is held are counted alike by numpy and in a loop."""

from __future__ import annotations

import numpy as np

from trading.backtest.held_bars import count_held_by_numpy, count_held_in_a_loop

BARS_US = 1_750_000_000_000_000 + 300_000_000 * np.arange(60, dtype=np.int64)


def test_the_changes_add_up_to_the_positions_of_each_bar() -> None:
    rng = np.random.default_rng(1)
    for count in (0, 1, 40):
        entry = rng.integers(0, len(BARS_US), count)
        leave = np.minimum(entry + rng.integers(0, 9, count), len(BARS_US) - 1)
        held = [int(((entry <= bar) & (bar <= leave)).sum()) for bar in range(len(BARS_US))]
        for count_held in (count_held_by_numpy, count_held_in_a_loop):
            more = np.full(len(BARS_US) + 1, 7, dtype=np.int64)
            count_held(BARS_US[entry], BARS_US[leave], BARS_US, more)
            assert np.cumsum(more).tolist() == [*held, 0]
