"""A kind of fault that never strikes would be tried by no seed."""

from __future__ import annotations

import pytest

from flows.simulation.world import Style, simulate
from tasks.simulation.faults import Fault

MOST_SEEDS = 100
# What a broker of Alpaca's style has not: its news are answers to questions.
OF_A_STREAM = {Fault.REPEATED, Fault.MUTE, Fault.RESTARTED}


@pytest.mark.parametrize("kind", Fault)
def test_it_strikes_and_nothing_else_does(kind: Fault) -> None:
    missing = {Style.MOCK, Style.ALPACA} - ({Style.ALPACA} if kind in OF_A_STREAM else set())
    for seed in range(MOST_SEEDS):
        for style in sorted(missing):
            outcome = simulate(seed, frozenset({kind}), style)
            assert outcome.broken is None, f"seed {seed} at {style}: {outcome.broken}"
            assert set(outcome.faults) <= {kind}
            if outcome.faults.get(kind):
                missing.discard(style)
        if not missing:
            return
    pytest.fail(f"{kind} did not strike at {missing} in {MOST_SEEDS} seeds")
