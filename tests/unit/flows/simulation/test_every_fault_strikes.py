"""A kind of fault that never strikes would be tried by no seed."""

from __future__ import annotations

import pytest

from flows.simulation.drawn import Style
from flows.simulation.world import simulate
from tasks.simulation.faults import Fault

MOST_SEEDS = 60
# News of Alpaca's style are answers to questions, and orders of ours fill by bars.
AT_ONE_BROKER = {
    Fault.REPEATED: Style.MOCK,
    Fault.MUTE: Style.MOCK,
    Fault.RESTARTED: Style.MOCK,
    Fault.RACE: Style.ALPACA,
}


@pytest.mark.parametrize("kind", Fault)
def test_it_strikes_and_nothing_else_does(kind: Fault) -> None:
    style = AT_ONE_BROKER.get(kind, Style.BOTH)
    for seed in range(MOST_SEEDS):
        outcome = simulate(seed, frozenset({kind}), style)
        assert outcome.broken is None, f"seed {seed} at {style}: {outcome.broken}"
        assert set(outcome.faults) <= {kind}
        if outcome.faults.get(kind):
            return
    pytest.fail(f"{kind} did not strike in {MOST_SEEDS} seeds")


@pytest.mark.parametrize("style", [Style.MOCK, Style.ALPACA])
def test_either_broker_tells_what_happened_in_another_order(style: Style) -> None:
    outcomes = (simulate(seed, frozenset({Fault.REORDERED}), style) for seed in range(MOST_SEEDS))
    assert any(outcome.faults.get(Fault.REORDERED) for outcome in outcomes)
