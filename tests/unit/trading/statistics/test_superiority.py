"""The reality check and the test of superior ability, on draws of their own."""

from __future__ import annotations

import numpy as np
import pytest

from trading.market.bars import Floats, Integers
from trading.statistics.resampling import counts_of, draw_sessions
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


def written_out(returns: Floats, drawn: Integers) -> tuple[float, float]:
    """Hansen (2005), sections 3 and 4, and White (2000), equation 11, resample by resample."""
    sessions = len(returns)
    mean, error = returns.mean(axis=0), returns.std(axis=0)
    threshold = -np.sqrt(2 * np.log(np.log(sessions)))
    earns = mean.max() > 0
    kept = np.where(np.sqrt(sessions) * mean / error >= threshold, mean, 0) if earns else mean
    spa = check = 1
    for days in drawn:
        again = returns[days]
        spa += ((again.mean(axis=0) - kept) / again.std(axis=0)).max() >= (mean / error).max()
        check += (again.mean(axis=0) - mean).max() >= mean.max()
    return spa / (1 + len(drawn)), check / (1 + len(drawn))


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_each_resample_is_weighed_as_the_papers_say(seed: int) -> None:
    returns = market(seed)
    # With the second seed no set earns.
    assert (returns.mean(axis=0).max() > 0) == (seed != 2)
    drawn = draw_sessions(len(returns), 300, np.random.default_rng(seed), 3)
    assert superiority_of(returns, counts_of(drawn)) == written_out(returns, drawn)


@pytest.mark.parametrize(("sessions", "sets"), [(60, 100), (250, 40)])
def test_few_sessions_and_many_sets_pass_no_oftener_than_they_should(
    sessions: int, sets: int
) -> None:
    passed = 0
    for seed in range(100):
        rng = np.random.default_rng(seed)
        returns = rng.normal(0, 0.01, (sessions, sets))
        counts = counts_of(draw_sessions(sessions, 200, rng, 3))
        passed += superiority_of(returns, counts).spa_p <= 0.05
    # Of 100 uniform ones 5 are below it, and more than 12 in 2 of 1,000 cases. By the error of
    # all sessions, about 25 of those with 60 sessions are.
    assert passed <= 12


def test_a_set_that_traded_once_does_not_pass() -> None:
    returns = np.zeros((100, 3))
    returns[20, 0] = 0.5
    returns[:, 1:] = market(1, 100, 2) - 0.01
    counts = counts_of(draw_sessions(100, 500, np.random.default_rng(1), 3))
    assert superiority_of(returns, counts).spa_p > 0.05


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
    whole = superiority_of(returns, counts)
    monkeypatch.setattr("trading.statistics.superiority._CHUNK_CELLS", 700)
    assert superiority_of(returns, counts) == whole


def test_a_sweep_that_only_loses_shows_nothing() -> None:
    returns = market(5) - 0.05
    counts = counts_of(draw_sessions(150, 300, np.random.default_rng(6), 5))
    assert superiority_of(returns, counts).spa_p == 1
