"""The reality check and the test of superior ability, on draws of their own."""

from __future__ import annotations

import numpy as np
import pytest

from trading.market.bars import Floats
from trading.statistics.resampling import counts_of, draw_sessions, variances_of_mean
from trading.statistics.superiority import superiority_of


def market(seed: int, sessions: int = 150, sets: int = 12) -> Floats:
    """Return returns with a part in common and one edge, some sets far below nothing."""
    rng = np.random.default_rng(seed)
    scale = rng.uniform(0.002, 0.02, sets)
    returns = rng.normal(0, 1, (sessions, sets)) + 0.8 * rng.normal(0, 1, (sessions, 1))
    returns *= scale
    returns[:, 0] += 0.15 * scale[0]
    returns[:, 1:4] -= 0.4 * scale[1:4]
    return returns


@pytest.mark.parametrize("run", [1, 4, 9])
def test_the_error_of_a_mean_is_that_of_its_resamples(run: int) -> None:
    returns = market(3, sessions=90, sets=4)
    drawn = draw_sessions(90, 20_000, np.random.default_rng(2), run)
    means = counts_of(drawn) @ returns / 90
    assert variances_of_mean(returns, run) == pytest.approx(90 * means.var(axis=0), rel=0.05)


def test_runs_are_as_long_as_asked_and_go_round() -> None:
    drawn = draw_sessions(200, 500, np.random.default_rng(3), 8)
    goes_on = (drawn[:, 1:] - drawn[:, :-1]) % 200 == 1
    # A new run begins beside the last one's end once in 200.
    assert goes_on.mean() == pytest.approx(7 / 8 + 1 / 8 / 200, abs=0.01)
    assert np.bincount(drawn.ravel()).min() > 0
    assert (counts_of(drawn).sum(axis=1) == 200).all()


def test_chunks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    returns = market(4)
    counts = counts_of(draw_sessions(150, 300, np.random.default_rng(5), 5))
    whole = superiority_of(returns, counts, 5)
    monkeypatch.setattr("trading.statistics.superiority._CHUNK_CELLS", 700)
    assert superiority_of(returns, counts, 5) == whole


def test_a_sweep_that_only_loses_shows_nothing() -> None:
    returns = market(5) - 0.05
    counts = counts_of(draw_sessions(150, 300, np.random.default_rng(6), 5))
    assert superiority_of(returns, counts, 5).spa_p == 1
