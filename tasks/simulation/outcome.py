"""What one simulated session came to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tasks.simulation.story import InvariantBroken, Story
from tasks.simulation.watch import Worst


@dataclass(frozen=True)
class Outcome:
    """A seed's session: which invariant broke, None where none did, and how it went."""

    seed: int
    broken: InvariantBroken | None
    story: Story
    faults: Mapping[str, int]
    worst: Worst
    counts: Mapping[str, int]
