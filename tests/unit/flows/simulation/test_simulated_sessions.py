"""Sessions in which everything goes wrong lose, double and forget nothing, and can be had again."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from flows.simulation.world import simulate
from tests.repository import REPOSITORY
from tests.terminal import flows


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


def test_the_command_says_what_it_did_and_repeats_itself(tmp_path: Path) -> None:
    traces = []
    for name in ("one", "two"):
        said = flows("simulate", "--seed", "7", "--trace", str(tmp_path / name))
        assert said.returncode == 0, said.stdout
        assert "sessions that broke an invariant" in said.stdout
        traces.append((tmp_path / name).read_bytes())
    assert traces[0] == traces[1] and traces[0].startswith(b"seed 7\n")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--faults", "deth"], "Did you mean death?"),
        (["--faults", ","], "names no kind"),
        (["--faults", "all,death"], "'all' is no kind of fault"),
        (["--seed", "-1"], "--seed -1 is no seed"),
        (["--seed", "x"], "invalid int value"),
        (["--sessions", "0"], "--sessions 0 is no number"),
        (["--sessions", "10000000"], "--sessions 10000000 is no number"),
        (["--broker", "ib"], "invalid choice"),
        (["--trace", "/nowhere/at/all"], "cannot be written"),
        (["--trace", "/"], "cannot be written"),
    ],
)
def test_what_cannot_be_simulated_is_refused_in_one_line(arguments: list[str], words: str) -> None:
    said = flows("simulate", *arguments)
    assert said.returncode == 2 and said.stderr.count("\n") == 1 and words in said.stderr
