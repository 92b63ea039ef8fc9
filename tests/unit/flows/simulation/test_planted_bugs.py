"""A mistake in desk, planner or ledger is found by a seed, and told by its invariant."""

from __future__ import annotations

import re

import pytest

from flows.simulation.world import simulate
from tasks.simulation.faults import faults_named
from tests.repository import REPOSITORY
from tests.unit.flows.simulation.planted_bugs import ALL_BUGS, PlantedBug

# A mistake that takes more seeds than that would not be found before it costs money.
MOST_SEEDS = 2_000


@pytest.mark.parametrize("bug", ALL_BUGS, ids=lambda bug: bug.name)
def test_a_planted_bug_is_found_by_its_seed(
    bug: PlantedBug, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A change of the product gives a seed another story: then one of the next ones finds it."""
    bug.plant(monkeypatch)
    broken = (
        simulate(seed % MOST_SEEDS, faults_named(bug.faults), bug.style).broken
        for seed in range(bug.seed, bug.seed + MOST_SEEDS)
    )
    assert bug.invariant in (each.invariant for each in broken if each is not None)


def test_every_invariant_has_its_mistake() -> None:
    told = (REPOSITORY / "docs" / "determinism.md").read_text()
    table = told.partition("## The invariants")[2].partition("## ")[0]
    names = set(re.findall(r"^\| `([a-z-]+)` \|", table, re.MULTILINE))
    assert len(names) >= 10 and {bug.invariant for bug in ALL_BUGS} == names


@pytest.mark.soak
@pytest.mark.parametrize("bug", ALL_BUGS, ids=lambda bug: bug.name)
def test_a_planted_bug_is_found_among_all_faults(
    bug: PlantedBug, monkeypatch: pytest.MonkeyPatch
) -> None:
    bug.plant(monkeypatch)
    found: set[str] = set()
    for seed in range(MOST_SEEDS):
        broken = simulate(seed, style=bug.style).broken
        if broken is not None:
            found.add(broken.invariant)
        if bug.invariant in found:
            print(f"{bug.name}: seed {seed}")
            return
    pytest.fail(f"{bug.name} broke only {found or 'nothing'} in {MOST_SEEDS} seeds")
