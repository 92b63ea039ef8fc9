"""The rules of section 9, the data gate, sentence by sentence."""

from __future__ import annotations

from typing import Any

from tests.unit.trading.scenarios.scenario import DOWN, RANGE, UP, Bar, Scenario

S = Scenario

GATE: dict[str, float | bool] = {
    "gate_spike": 0.2,
    "gate_jump": 0.3,
    "gate_gap": 0.4,
    "gate_stale": 3,
    "gate_zero_volume": True,
}
HELD: Bar = (102, 102.5, 101.5, 102)
CALM: list[Bar | None] = [(100, 101, 99, 100)] * 7
LONG_TO_THE_END = ("2 entry +19 102", "6 exit -19 102")


def times(factor: float, *bars: Bar) -> list[Bar | None]:
    """Return bars at a multiple of their prices."""
    return [tuple(round(price * factor, 4) for price in bar[:4]) for bar in bars]


def gated(**settings: float | bool) -> dict[str, Any]:
    """Return the gate's settings with some others."""
    return {**GATE, "gate_stale": 0, **settings}


GATE_SCENARIOS: tuple[S, ...] = (
    S(
        "a spike is missing for the venue: its low meets no stop",
        [RANGE, UP, HELD, (102, 103, 50, 102), HELD, HELD, HELD],
        gated(),
        fills=LONG_TO_THE_END,
        why=("2 position_open", "3 data_gate:spike", "4 position_open"),
    ),
    S(
        "a jump is missing for the venue, and the bar after it goes on from before",
        [RANGE, UP, HELD, (50, 51, 49, 50), HELD, HELD, HELD],
        gated(),
        fills=LONG_TO_THE_END,
        why=("3 data_gate:jump", "4 position_open"),
    ),
    S(
        "a wick of just the share that is allowed is no spike",
        [RANGE, UP, (102, 127.5, 101.5, 102), HELD],
        gated(gate_spike=0.25),
        why=("2 position_open",),
    ),
    S(
        "a close just as far as is allowed is no jump",
        [RANGE, UP, (102, 127.5, 102, 127.5), (127.5, 128, 127, 127.5)],
        gated(gate_jump=0.25),
        why=("2 position_open",),
    ),
    S(
        "a jump that holds is a new level, and an exit is never forbidden",
        [RANGE, UP, HELD, (50, 51, 49, 50), (50, 51, 49, 50), (50, 51, 49, 50)],
        gated(max_daily_loss_pct=1.0),
        fills=("2 entry +19 102", "4 stop -19 50"),
        why=("3 data_gate:jump", "4 data_gate:new_level", "5 data_gate:new_level"),
    ),
    S(
        "a new level needs the bar before it to have jumped",
        [RANGE, UP, HELD, (50, 51, 49, 50), (50, 80, 49, 50), (50, 51, 49, 50)],
        gated(),
        why=("3 data_gate:jump", "4 data_gate:spike", "5 data_gate:jump"),
    ),
    S(
        "missing bars between a jump and its level do not matter",
        [RANGE, RANGE, (50, 51, 49, 50), None, (50, 51, 49, 50), (50, 51, 49, 50)],
        gated(),
        why=("2 data_gate:jump", "3 bar_missing", "4 data_gate:new_level"),
    ),
    S(
        "an entry that waits is cancelled at the close where its symbol's bar is rejected",
        [RANGE, UP, (102, 160, 101.5, 102), HELD, HELD, HELD, HELD],
        gated(min_body=0.1),
        fills=(),
        why=("1 enter_long", "2 data_gate:spike", "3 weak_body"),
    ),
    S(
        "a cancelled entry frees its place and its cash at that close",
        {
            "AAA": [RANGE, RANGE, UP, HELD, HELD, HELD, HELD],
            "BBB": [RANGE, UP, (102, 160, 101.5, 102), HELD, HELD, HELD, HELD],
        },
        gated(max_positions=1, min_body=0.1),
        fills=("3 AAA entry +19 102", "6 AAA exit -19 102"),
        why=("2 AAA enter_long", "2 BBB data_gate:spike"),
    ),
    S(
        "an exit that waits passes a rejected bar over and goes on at the next",
        [RANGE, UP, HELD, (102, 102.5, 98, 99, 50), (102, 160, 102, 102), HELD, HELD],
        gated(max_participation=0.1),
        fills=("2 entry +19 102", "3 stop -5 99", "5 exit -14 102"),
    ),
    S(
        "a gap forbids entries to the session's end, its bar and missing ones included",
        [{"AAA": CALM}, {"AAA": [*times(0.5, RANGE, UP), None, *times(0.5, HELD, HELD)]}],
        gated(),
        fills=(),
        why=("1/1 data_gate:gap", "1/2 data_gate:gap", "1/3 data_gate:gap"),
    ),
    S(
        "the session after a gap is tested against the gap's own last close",
        [
            {"AAA": CALM},
            {"AAA": times(0.5, *[RANGE] * 7)},
            {"AAA": times(0.5, RANGE, UP, HELD, HELD)},
        ],
        gated(),
        why=("1/1 data_gate:gap", "2/1 enter_long"),
    ),
    S(
        "an open just as far as is allowed is no gap",
        [{"AAA": CALM}, {"AAA": times(1.5, RANGE, UP, HELD)}],
        gated(gate_gap=0.5),
        why=("1/1 enter_long",),
    ),
    S(
        "a price that stands still is stale from the g-th bar on, and until it moves",
        [RANGE, *[(100, 100, 100, 100)] * 3, (100, 101, 100, 100), (100, 100, 100, 100)],
        gated(gate_stale=3),
        why=("2 no_breakout", "3 data_gate:stale", "4 no_breakout", "5 after_cutoff"),
    ),
    S(
        "missing and rejected bars do not end a row of stale ones",
        [RANGE, *[(100, 100, 100, 100)] * 2, None, (100, 150, 100, 100), (100, 100, 100, 100)],
        gated(gate_stale=3),
        why=("3 bar_missing", "4 data_gate:spike", "5 data_gate:stale"),
    ),
    S(
        "a bar without volume enters nothing, and the next one may",
        [RANGE, (*UP, 0), HELD, HELD, HELD],
        gated(),
        fills=("3 entry +19 102", "6 exit -19 102"),
        why=("1 data_gate:zero_volume", "2 enter_long"),
    ),
    S(
        "what waits fills in a bar at which entries are forbidden",
        [RANGE, UP, (*HELD, 0), HELD, HELD],
        gated(),
        fills=LONG_TO_THE_END,
        why=("1 enter_long", "2 data_gate:zero_volume", "3 position_open"),
    ),
    S(
        "the gate comes before the position, and after the latch",
        [RANGE, DOWN, (98, 99, 97, 98), (98, 101.5, 98, 101.5, 0), (101.5, 102, 101, 101.5, 0)],
        gated(max_daily_loss_pct=0.005),
        why=("1 enter_short", "3 latched", "4 latched"),
    ),
    S(
        "a rejected bar of the opening range leaves it incomplete",
        [(100, 160, 99, 100), UP, HELD],
        gated(),
        why=("1 range_incomplete",),
    ),
    S(
        "an exit that finds none but rejected bars is booked at the last accepted close",
        [RANGE, UP, HELD, HELD, HELD, HELD, (102, 160, 102, 102)],
        gated(),
        fills=("2 entry +19 102", "5 assumed_close -19 102"),
    ),
    S(
        "a check of 0 is off",
        [RANGE, UP, HELD, (102, 103, 50, 102), HELD],
        gated(gate_spike=0.0),
        fills=("2 entry +19 102", "3 stop -19 99"),
    ),
)
