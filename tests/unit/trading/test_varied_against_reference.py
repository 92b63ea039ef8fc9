"""Openbell's engine beside the reference where everything that may be set is set: markets long
enough for daily values, files of days, and a strategy that orders in every way.

More seeds than these run with `python -m tests.oracle.hunt varied 0 2000`.
"""

from __future__ import annotations

from collections import Counter

import pytest

from tests.oracle.comparison import beside_the_reference
from tests.oracle.probed_markets import probe_beside_its_double, probed_case
from tests.oracle.varied_markets import varied_case

LATER_REASONS = {
    "halted",
    "not_eligible",
    "not_selected",
    "against_direction",
    "validation_failed",
}
# Sixteen of them meet all that these markets are for, and cost little.
FIRST = 20
SEEDS = (16, pytest.param(2_000, marks=pytest.mark.soak))


@pytest.mark.parametrize("seeds", SEEDS)
def test_openbell_agrees_with_the_reference_on_varied_markets(seeds: int) -> None:
    reasons: Counter[str] = Counter()
    inside = 0
    for seed in range(FIRST, FIRST + seeds):
        case = varied_case(seed)
        found, result = beside_the_reference(case)
        assert found == [], f"seed {seed}"
        if result is not None:
            reasons.update(result.decisions.values())
            inside += len(result.trades) if case.settings.get("entry") == "stop" else 0
    assert reasons.keys() >= LATER_REASONS, "what these markets are for was not there"
    assert inside > seeds


@pytest.mark.parametrize("seeds", [12, pytest.param(600, marks=pytest.mark.soak)])
def test_orders_of_every_kind_and_exits_by_signal_agree_with_the_reference(seeds: int) -> None:
    exits: Counter[str] = Counter()
    for seed in range(seeds):
        found, result = probe_beside_its_double(probed_case(seed))
        assert found == [], f"seed {seed}"
        exits.update(trade["exit_reason"] for trade in (result.trades if result else ()))
    assert exits.keys() >= {"signal", "stop", "target", "flatten"}
