"""Many walks: on noise nothing is left of the choices, and an edge is left nearly whole.

What it measures stands in docs/walk-forward.md.
"""

from __future__ import annotations

from itertools import product
from typing import NamedTuple

import numpy as np
import pytest

from tests.unit.trading.walk_forward.markets import INTERVAL_MINUTES, market
from trading.plan import make_plan
from trading.sweep.objective import Objective
from trading.walk_forward.candidates import Candidates
from trading.walk_forward.verdict import judge_walk
from trading.walk_forward.walk import walk_forward
from trading.walk_forward.windows import WindowLengths

pytestmark = pytest.mark.soak
LENGTHS = WindowLengths(40, 20, 20, 0, is_anchored=False)
SESSIONS = 142


class Walked(NamedTuple):
    """Mean Sharpe ratio of the choices, that of what was traded, rates, and how likely luck is."""

    seen_sharpe: float
    traded_sharpe: float
    expected: float
    earned: float
    luck_p: float


def walked(seed: int, drift: float) -> Walked:
    panel = market(seed, SESSIONS, drift=drift)
    plans = tuple(
        make_plan(
            panel.symbols,
            {
                "range_minutes": minutes,
                "min_body": body,
                "target_multiple": multiple,
                "slippage_bps": 0.0,
            },
            interval_minutes=INTERVAL_MINUTES,
        )
        for minutes, body, multiple in product((60, 120, 180), (-1.0, 0.0, 0.4, 0.7), (1.0, 3.0))
    )
    numbers = tuple(range(len(plans)))
    walk = walk_forward(
        [Candidates(panel, 0, numbers, plans)], LENGTHS, Objective.SHARPE, capital=100_000.0
    )
    returns = [run.returns for run in walk.windows if run.returns is not None]
    sharpes = [run.in_sample_summary.sharpe for run in walk.windows if run.in_sample_summary]
    judged = judge_walk(walk, len(plans) * len(walk.windows), seed=1)
    return Walked(
        float(np.mean([each or 0.0 for each in sharpes])),
        walk.summary.sharpe or 0.0,
        float(sum(np.mean(seen) * len(traded) for seen, traded in returns)),
        float(sum(np.sum(traded) for _, traded in returns)),
        judged.luck_p if judged.luck_p is not None else 1.0,
    )


def test_on_noise_nothing_is_left_and_the_walks_say_so() -> None:
    found = np.array([walked(seed, 0.0) for seed in range(100, 116)])
    seen, traded, expected, earned, luck_p = found.T
    assert seen.mean() > 2
    assert abs(traded.mean()) < 3 * traded.std(ddof=1) / np.sqrt(len(traded))
    assert earned.sum() / expected.sum() < 0.5
    # One in twenty by luck: four of sixteen come once in a hundred such tests.
    assert np.count_nonzero(luck_p <= 0.05) <= 3


def test_of_an_edge_most_is_left_and_luck_does_not_explain_it() -> None:
    found = np.array([walked(seed, 0.3) for seed in range(100, 106)])
    _, _, expected, earned, luck_p = found.T
    assert 0.7 < earned.sum() / expected.sum() < 1.3
    assert (luck_p <= 0.05).all()
