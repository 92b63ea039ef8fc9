"""Sessions of seeds that nobody has seen: what breaks is printed with its seed."""

from __future__ import annotations

import multiprocessing
import random
from concurrent.futures import ProcessPoolExecutor

import pytest

from tests.unit.flows.simulation.seeds import broken_in, tally_of

SESSIONS = 3_000
PIECE = 50


def _broken(first: int) -> list[str]:
    return broken_in(tally_of(range(first, first + PIECE)))


@pytest.mark.soak
@pytest.mark.parametrize("part", range(3))
def test_fresh_seeds_break_nothing(part: int) -> None:
    first = random.SystemRandom().randrange(10**6, 10**9)
    print(f"part {part}: {SESSIONS} sessions from seed {first}")
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as processes:
        pieces = processes.map(_broken, range(first, first + SESSIONS, PIECE))
        assert [line for piece in pieces for line in piece] == []
