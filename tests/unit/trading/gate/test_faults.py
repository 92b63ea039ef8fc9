"""What it costs to believe a bar that cannot be true, and that the gate does not."""

from __future__ import annotations

from typing import Any

import pytest

from tests.oracle.comparison import run_openbell
from tests.unit.trading.scenarios.gate import CALM, gated, times
from tests.unit.trading.scenarios.scenario import DOWN, GATE_OFF, RANGE, UP, Bar, Scenario
from trading.backtest.run import Outcome

BOUGHT, SOLD = (102, 102.5, 101.5, 102), (98, 98.5, 97.5, 98)
# It meets the stop of a long, and breaks nothing.
BACK = (102, 102, 98.5, 100)
STILL = (102, 102, 102, 102)


def day(entered: Bar, then: Bar, *fault: Bar) -> list[Bar]:
    """Return a day on which one position is entered at bar 2, and something goes wrong at bar 3."""
    return [RANGE, entered, then, *fault, *[then] * (4 - len(fault))]


def ran(bars: Any, settings: dict[str, Any]) -> Outcome:
    days = bars if isinstance(bars[0], dict) else [{"AAA": bars}]
    return run_openbell(Scenario("", days, settings).case())


# Bars that are rejected while a position is open, which without them earns nothing.
REJECTED: dict[str, tuple[list[Bar], str]] = {
    "a bar at 1000 times the price": (day(DOWN, SOLD, (98000, 98500, 97500, 98000)), "jump"),
    "a bar at a tenth of the price": (day(UP, BOUGHT, (10.2, 10.3, 10.1, 10.2)), "jump"),
    "a bar at half the price": (day(UP, BOUGHT, (51, 51.5, 50.5, 51)), "jump"),
    "a close that lost a digit": (day(UP, BOUGHT, (102, 102, 12, 12)), "jump"),
    "a low of a cent": (day(UP, BOUGHT, (102, 103, 0.01, 102)), "spike"),
    "a high of ten times the price": (day(DOWN, SOLD, (98, 980, 97.5, 98)), "spike"),
    "a high of a half more": (day(DOWN, SOLD, (98, 147, 97.5, 98)), "spike"),
}


@pytest.mark.parametrize("name", REJECTED)
def test_a_fault_costs_nothing_that_the_gate_could_save(name: str) -> None:
    bars, check = REJECTED[name]
    before, after = ran(bars, {**GATE_OFF}), ran(bars, gated())
    lost, left = (float(outcome.equity[-1]) - 10_000 for outcome in (before, after))
    print(f"| {check} | {name} | {lost:+,.2f} USD | {left:+,.2f} USD |")
    assert lost < -40, "the fault is none"
    assert left == 0
    assert after.gate.counts[check] == 1


SPLITS = {"10:1": 0.1, "2:1": 0.5, "1:2": 2.0, "1:10": 10.0}
# Bars at which something was entered, and nothing may be.
ENTERED: dict[str, tuple[Any, str, dict[str, Any]]] = {
    **{
        f"a {name} split over night": (
            [{"AAA": CALM}, {"AAA": times(ratio, RANGE, UP, BACK)}], "gap", {},
        )
        for name, ratio in SPLITS.items()
    },
    **{
        f"a {name} split in the session": (
            [RANGE, *times(ratio, RANGE, RANGE, RANGE)], "new_level", {"risk_per_trade": 0.5},
        )
        for name, ratio in SPLITS.items()
    },
    "a break upwards without volume": ([RANGE, (*UP, 0), BACK], "zero_volume", {}),
    "a break downwards without volume": (
        [RANGE, (*DOWN, 0), (98, 101.5, 98, 100)], "zero_volume", {},
    ),
    "a feed that has lost its volumes": (
        [RANGE, *[(*bar, 0) for bar in (UP, BOUGHT, BACK)]], "zero_volume", {},
    ),
    "a break that stands still": (
        [RANGE, (102.5, 102.5, 102, 102), STILL, STILL, BACK], "stale",
        {"gate_stale": 1, "min_body": 0.0},
    ),
    "a price that stood still in the range and then above it": (
        [RANGE, *[(100, 100, 100, 100)] * 2, (102.5, 102.5, 102, 102), STILL, BACK], "stale",
        {"gate_stale": 1, "min_body": 0.0},
    ),
    "a feed that repeats its last price for hours": (
        [RANGE, (102.5, 102.5, 102, 102), (102.5, 102.5, 102, 102), STILL, BACK], "stale",
        {"gate_stale": 1, "min_body": 0.0},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", ENTERED)
def test_a_split_or_a_dead_feed_enters_nothing(name: str) -> None:
    bars, check, settings = ENTERED[name]
    off = {**settings, **GATE_OFF}
    before, after = ran(bars, off), ran(bars, {**gated(), **settings})
    earned = float(before.equity[-1]) - 10_000
    print(f"| {check} | {name} | {len(before.trades)} trade, {earned:+,.2f} USD | none |")
    assert len(before.trades) == 1, "the fault is none"
    assert len(after.trades) == 0
    assert after.gate.counts[check] >= 1


def test_every_check_has_its_faults() -> None:
    checks = [check for _, check in REJECTED.values()] + [c for _, c, _ in ENTERED.values()]
    assert {check for check in checks if checks.count(check) >= 3} == {
        "spike", "jump", "new_level", "gap", "stale", "zero_volume",
    }  # fmt: skip
