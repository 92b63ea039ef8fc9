"""Many seeds one after another, and what they came to."""

from __future__ import annotations

from collections.abc import Iterable

from flows.simulation.world import simulate
from tasks.simulation.tally import Tally


def tally_of(seeds: Iterable[int]) -> Tally:
    """Simulate each seed and print counts and worst values."""
    tally = Tally()
    for seed in seeds:
        tally.take(simulate(seed))
    print("\n".join(tally.lines()))
    return tally


def broken_in(tally: Tally) -> list[str]:
    """Return how each session that broke something can be had again."""
    return [
        f"{outcome.broken}: openbell simulate --seed {outcome.seed}" for outcome in tally.broken
    ]
