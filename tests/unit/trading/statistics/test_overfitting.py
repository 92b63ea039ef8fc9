"""The probability of overfitting, held to the paper's steps written out."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from trading.market.bars import Floats
from trading.statistics.overfitting import blocks_for, overfitting_probability


def written_out(returns: Floats, blocks: int) -> float:
    """Bailey, Borwein, Lopez de Prado and Zhu (2017), section 2.2, step by step."""
    parts = np.array_split(returns, blocks)
    overfit = []
    for chosen in combinations(range(blocks), blocks // 2):
        one = np.concatenate([parts[k] for k in range(blocks) if k in chosen])
        other = np.concatenate([parts[k] for k in range(blocks) if k not in chosen])
        best = max(range(returns.shape[1]), key=lambda n: sharpe(one[:, n]))
        values = [sharpe(column) for column in other.T]
        below = sum(value < values[best] for value in values)
        equal = sum(value == values[best] for value in values)
        rank = below + (equal + 1) / 2
        relative = rank / (len(values) + 1)
        overfit.append(np.log(relative / (1 - relative)) <= 0)
    return float(np.mean(overfit))


def sharpe(returns: Floats) -> float:
    # Sets that traded once in these sessions are equal.
    return float(np.float32(returns.mean() / returns.std())) if np.ptp(returns) else 0.0


def sparse(rng: np.random.Generator, sessions: int, sets: int) -> Floats:
    """Return returns of sets that trade in one session of three; some never in a half."""
    returns = rng.normal(0.001, 0.01, (sessions, sets)) * (rng.random((sessions, sets)) < 0.3)
    returns[: sessions // 2, :2] = 0
    return returns


@pytest.mark.parametrize(
    ("sessions", "sets", "blocks"), [(48, 7, 6), (61, 12, 8), (43, 2, 10), (40, 30, 4)]
)
def test_it_is_what_the_papers_steps_come_to(sessions: int, sets: int, blocks: int) -> None:
    for seed in range(5):
        rng = np.random.default_rng(seed)
        for returns in (rng.normal(0, 0.01, (sessions, sets)), sparse(rng, sessions, sets)):
            assert overfitting_probability(returns, blocks) == written_out(returns, blocks)


def test_chunks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    returns = np.random.default_rng(5).normal(0, 0.01, (80, 9))
    whole = overfitting_probability(returns, 10)
    monkeypatch.setattr("trading.statistics.overfitting._CHUNK_CELLS", 50)
    assert overfitting_probability(returns, 10) == whole


def test_a_set_that_is_better_in_every_session_is_never_overfit() -> None:
    returns = np.random.default_rng(6).normal(0, 0.01, (160, 50))
    returns[:, 7] += 0.02
    assert overfitting_probability(returns, 16) == 0


def test_what_was_best_and_is_worst_afterwards_is_always_overfit() -> None:
    # Each set earns in one block of sessions and loses in every other one.
    blocks = 6
    returns = np.repeat(np.where(np.eye(blocks) > 0, 0.05, -0.001), 8, axis=0)
    returns += np.random.default_rng(7).normal(0, 1e-5, returns.shape)
    assert overfitting_probability(returns, blocks) == 1


@pytest.mark.parametrize(
    ("sessions", "blocks"), [(40, 10), (47, 10), (48, 12), (63, 14), (64, 16), (5000, 16)]
)
def test_few_sessions_are_cut_into_fewer_blocks(sessions: int, blocks: int) -> None:
    assert blocks_for(sessions) == blocks
