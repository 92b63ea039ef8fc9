"""Sessions in which everything goes wrong lose, double and forget nothing, and can be had again."""

from __future__ import annotations

import os
import subprocess
import sys

from flows.simulation.world import simulate
from tests.repository import REPOSITORY


def test_equal_seeds_have_equal_stories_in_processes_that_hash_differently() -> None:
    """A seed that breaks something would be no use if it broke it only once."""
    code = (
        "from flows.simulation.world import simulate\n"
        "print(*(simulate(seed).story.digest() for seed in (3, 4, 5)))"
    )
    said = [
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": hashing, "PYTHONPATH": str(REPOSITORY)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for hashing in ("1", "2")
    ]
    assert len(said[0].split()) == 3 and said[0] == said[1]
    assert said[0].split() == [simulate(seed).story.digest() for seed in (3, 4, 5)]


def test_a_session_without_faults_trades_and_ends_in_one_life() -> None:
    for seed in range(3):
        outcome = simulate(seed, frozenset())
        assert outcome.broken is None, outcome.broken
        assert outcome.counts["requests"] > 0 and outcome.counts["lives"] == 1


def test_sessions_in_which_everything_goes_wrong_break_nothing() -> None:
    for seed in range(100, 140):
        outcome = simulate(seed)
        assert outcome.broken is None, f"seed {seed}: {outcome.broken}"
