"""A thousand sessions with every kind of fault, at both kinds of broker, break nothing.

`make test` says at its end what all of them came to: how often each fault struck, and the worst
values. Each part is shared out by itself.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from flows.simulation.world import simulate
from tests.conftest import SIMULATED
from tests.unit.flows.simulation.seeds import BROKE_ONCE, broken_in, tally_of

PART = 50
SEEDS = 1_000


@pytest.mark.parametrize("first", range(0, SEEDS, PART))
def test_nothing_breaks_in(first: int, record_property: Callable[[str, object], None]) -> None:
    tally = tally_of(range(first, first + PART))
    record_property(SIMULATED, tally.to_json())
    assert broken_in(tally) == []


@pytest.mark.parametrize("seed", sorted(set(BROKE_ONCE) - set(range(SEEDS))) or [min(BROKE_ONCE)])
def test_what_broke_once_is_whole(seed: int) -> None:
    broken = simulate(seed).broken
    assert broken is None, broken
