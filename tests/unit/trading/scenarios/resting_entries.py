"""The rules of section 12 for entries that rest at a level, sentence by sentence.

With RISING the level of a long is 101 and its stop 99: a fifth of 10,000 USD is 19 shares. With
FALLING that of a short is 99 and its stop 101: 20 shares.
"""

from __future__ import annotations

from typing import Any

from tests.unit.trading.scenarios.gate import GATE
from tests.unit.trading.scenarios.scenario import Bar, Scenario

S = Scenario

RISING: Bar = (100, 101, 99, 100.5)
FALLING: Bar = (100, 101, 99, 99.5)
QUIET: Bar = (100, 100.5, 99.5, 100)
THROUGH: Bar = (100.5, 102, 100, 101.5)
HELD: Bar = (101.5, 102, 101, 101.5)
THROUGH_DOWN: Bar = (99.5, 100, 98.5, 98.8)


def resting(**settings: Any) -> dict[str, Any]:
    """Return the settings of an entry that rests, with some others."""
    return {"entry": "stop", "direction": "first_bar", **settings}


def gated(**settings: Any) -> dict[str, Any]:
    """Return the settings of an entry that rests, with the gate on."""
    return resting(**{**GATE, "gate_stale": 0, **settings})


PLACED: tuple[S, ...] = (
    S(
        "a resting entry is placed at the close of the range's last bar and waits",
        [RISING, QUIET, THROUGH, HELD],
        resting(),
        fills=("2 entry +19 101", "6 exit -19 101.5"),
        why=("0 enter_long", "1 order_pending", "2 position_open"),
        numbers=("0 level 101", "1 level none", "2 level none"),
    ),
    S(
        "a resting entry of a longer range is placed at its last bar and not before",
        [(100, 100.5, 99.5, 100), RISING, THROUGH],
        resting(range_minutes=120),
        fills=("2 entry +19 101", "6 exit -19 101.5"),
        why=("0 none", "1 enter_long"),
    ),
    S(
        "a first bar without a direction places no order",
        [(100, 101, 99, 100), THROUGH],
        resting(),
        fills=(),
        why=("0 against_direction", "1 against_direction"),
    ),
    S(
        "a short that is disabled places no order",
        [FALLING, THROUGH_DOWN],
        resting(allow_short=False),
        fills=(),
        why=("0 short_disabled",),
    ),
    S(
        "neither no_breakout nor weak_body apply to a resting entry",
        [RISING, THROUGH],
        resting(min_body=0.9),
        why=("0 enter_long",),
    ),
    S(
        "an order that would rest is too extended by the close",
        [RISING, (100.5, 101.5, 98, 101.5), QUIET],
        resting(max_extension=0.2, max_entries=2),
        why=("0 enter_long", "1 too_extended", "2 enter_long"),
    ),
    S(
        "a short that would rest is too extended by the close",
        [FALLING, (99.5, 102, 98.5, 98.5), QUIET],
        resting(max_extension=0.2, max_entries=2),
        why=("0 enter_short", "1 too_extended", "2 enter_short"),
    ),
    S(
        "the level of a long is rounded up to the tick",
        [RISING, (100.5, 101.04, 100, 100.5), THROUGH],
        resting(breakout_buffer=0.02, tick=0.05),
        fills=("2 entry +19 101.05", "6 exit -19 101.5"),
        numbers=("0 level 101.05",),
    ),
    S(
        "the level of a short is rounded down to the tick",
        [FALLING, (99.5, 100, 98.96, 99), THROUGH_DOWN],
        resting(breakout_buffer=0.02, tick=0.05),
        fills=("2 entry -20 98.95", "6 exit +20 98.8"),
    ),
    S(
        "a level that is not above zero gives size_below_one",
        [(0.06, 0.08, 0.03, 0.05), (0.05, 0.06, 0.04, 0.05)],
        resting(breakout_buffer=0.05),
        fills=(),
        why=("0 size_below_one", "1 size_below_one"),
    ),
    S(
        "a level of nothing at all gives size_below_one",
        [(0.06, 0.08, 0.03, 0.05), (0.05, 0.06, 0.04, 0.05)],
        resting(breakout_buffer=0.03),
        fills=(),
        why=("0 size_below_one", "1 size_below_one"),
    ),
    S(
        "the level and not the close is what the size divides by",
        [RISING, THROUGH],
        resting(),
        fills=("1 entry +19 101", "6 exit -19 101.5"),
        capital=10_050.0,
    ),
    S(
        "the risk of a resting entry is from its level to its stop",
        [RISING, THROUGH],
        resting(risk_per_trade=0.003),
        fills=("1 entry +15 101", "6 exit -15 101.5"),
    ),
    S(
        "a stop in percent is counted from the level",
        [RISING, (100.5, 101.5, 100, 101), (101, 101, 99.9, 100)],
        resting(stop="percent"),
        fills=("1 entry +19 101", "2 stop -19 99.99"),
    ),
    S(
        "what a resting entry reserves is its level times its quantity",
        {
            "AAA": [(100, 110, 99, 100.5), QUIET],
            "BBB": [(100, 110, 99, 100.5), (105, 111, 104, 110)],
        },
        resting(risk_per_trade=0.2, max_position_pct=0.8),
        fills=("1 BBB entry +18 110", "6 BBB exit -18 110"),
        why=("1 AAA order_pending",),
    ),
    S(
        "a resting entry holds one of max_positions",
        {"AAA": [RISING, QUIET], "BBB": [RISING, THROUGH]},
        resting(max_positions=1),
        fills=(),
        why=("0 BBB max_positions", "1 BBB max_positions"),
    ),
    S(
        "a resting entry keeps its stop and quantity while it waits",
        {
            "AAA": [RISING, QUIET, QUIET, THROUGH],
            "BBB": [RISING, (100.5, 101, 98, 100), QUIET, QUIET],
        },
        resting(),
        fills=(
            "1 BBB entry +19 101",
            "1 BBB stop -19 99",
            "3 AAA entry +19 101",
            "6 AAA exit -19 101.5",
        ),
        why=("2 AAA order_pending",),
    ),
    S(
        "each order that rests counts for order_rate",
        [RISING, (100, 300, 100, 100), QUIET, QUIET],
        gated(max_orders_per_session=1),
        fills=(),
        why=("0 enter_long", "1 data_gate:spike", "2 order_rate"),
    ),
)

FILLED: tuple[S, ...] = (
    S(
        "a touch of the level fills",
        [RISING, (100.5, 101, 100.2, 100.6)],
        resting(),
        fills=("1 entry +19 101", "6 exit -19 100.6"),
    ),
    S(
        "a bar that opens at or beyond the level fills at its open, and its target counts",
        [RISING, (101.2, 103.5, 101.1, 103), (103, 103.1, 102.9, 103)],
        resting(target="r", target_multiple=1.0),
        fills=("1 entry +19 101.2", "1 target -19 103.4"),
        why=("1 max_entries",),
    ),
    S(
        "an open at the level itself is an ordinary entry",
        [RISING, (101, 103.5, 100.9, 103)],
        resting(target="r", target_multiple=1.0),
        fills=("1 entry +19 101", "1 target -19 103"),
    ),
    S(
        "the target is not tested in a bar that fills inside",
        [RISING, (100.5, 103.5, 100.4, 103), (102, 102.5, 101.5, 102), (102, 103.1, 101.9, 103)],
        resting(target="r", target_multiple=1.0),
        fills=("1 entry +19 101", "3 target -19 103"),
    ),
    S(
        "a stop that the bar reaches fills in the bar that fills the entry, at the stop",
        [RISING, (100.5, 101.5, 98, 98.5), QUIET],
        resting(),
        trades=("long 19 101 > 99 stop -38 @1-1",),
        why=("1 max_entries",),
    ),
    S(
        "a low that equals the stop fires it inside the bar",
        [RISING, (100.5, 101.5, 99, 100), QUIET],
        resting(),
        trades=("long 19 101 > 99 stop -38 @1-1",),
    ),
    S(
        "a bar that opens beyond the stop and turns fills the stop at the stop",
        [RISING, (98.5, 101.5, 98, 100), QUIET],
        resting(),
        trades=("long 19 101 > 99 stop -38 @1-1",),
    ),
    S(
        "both fills inside a bar slip",
        [RISING, (100.5, 101.5, 98, 98.5), QUIET],
        resting(slippage_bps=100.0),
        fills=("1 entry +19 102.01", "1 stop -19 98.01"),
    ),
    S(
        "a stop that no bar reaches is not tested against the bars before the entry",
        [RISING, (100, 100.5, 99, 100), THROUGH],
        resting(),
        fills=("2 entry +19 101", "6 exit -19 101.5"),
    ),
    S(
        "a bar that fills inside moves no trailing stop",
        [RISING, (100.5, 105, 100.4, 104), (104, 104.2, 103.1, 103.5), (103.5, 103.9, 103, 103.1)],
        resting(trailing="dollars"),
        fills=("1 entry +19 101", "3 stop -19 103.2"),
    ),
    S(
        "best begins with the bar after one that fills inside",
        [
            RISING,
            (100.5, 105, 100.4, 101.5),
            (101.5, 102, 101.2, 101.8),
            (101.8, 101.9, 100.9, 101),
        ],
        resting(trailing="dollars"),
        fills=("1 entry +19 101", "3 stop -19 101"),
    ),
    S(
        "a bar that fills inside reaches no break-even",
        [RISING, (100.5, 104, 100.4, 101.5), (101.5, 102, 100.5, 101), QUIET],
        resting(trailing="breakeven"),
        fills=("1 entry +19 101", "6 exit -19 100"),
    ),
    S(
        "a bar that opens beyond the level trails like any other",
        [RISING, (101.2, 105, 101.1, 104.5), (104.5, 104.6, 103.9, 104)],
        resting(trailing="dollars"),
        fills=("1 entry +19 101.2", "2 stop -19 104"),
    ),
    S(
        "a short that rests fills at its level inside the bar",
        [FALLING, THROUGH_DOWN, (98.8, 99, 98.5, 98.8)],
        resting(),
        fills=("1 entry -20 99", "6 exit +20 98.8"),
        why=("0 enter_short",),
        numbers=("0 level 99",),
    ),
    S(
        "a short's level is filled by a touch",
        [FALLING, (99.5, 100, 99, 99.4)],
        resting(),
        fills=("1 entry -20 99", "6 exit +20 99.4"),
    ),
    S(
        "a short that opens beyond its level fills at its open, and its target counts",
        [FALLING, (98.8, 98.9, 96.5, 97), (97, 97.1, 96.9, 97)],
        resting(target="r", target_multiple=1.0),
        fills=("1 entry -20 98.8", "1 target +20 96.6"),
    ),
    S(
        "a short is stopped in the bar that fills it, at the stop",
        [FALLING, (99.5, 101.5, 98.5, 99), QUIET],
        resting(),
        trades=("short 20 99 > 101 stop -40 @1-1",),
    ),
    S(
        "a symbol that was stopped in the bar may decide again at its close",
        [RISING, (100.5, 101.5, 98, 100), QUIET, THROUGH],
        resting(max_entries=2),
        fills=(
            "1 entry +19 101",
            "1 stop -19 99",
            "3 entry +19 101",
            "6 exit -19 101.5",
        ),
        why=("1 enter_long", "2 order_pending", "3 position_open"),
    ),
    S(
        "entry and exit of one bar have the participation cap each",
        [RISING, (100.5, 101.5, 98, 98.5, 1000), QUIET],
        resting(max_participation=0.01),
        fills=("1 entry +10 101", "1 stop -10 99"),
    ),
    S(
        "what is left of a resting entry is cancelled at once",
        [RISING, (100.5, 102, 100.4, 101.5, 1000), HELD],
        resting(max_participation=0.01),
        fills=("1 entry +10 101", "6 exit -10 101.5"),
        why=("1 position_open", "6 max_entries"),
    ),
    S(
        "a resting entry of which nothing fills is dropped, and decides again at that close",
        [RISING, (100.5, 102, 100.4, 101.5, 50), HELD],
        resting(max_participation=0.01),
        fills=("2 entry +19 101.5", "6 exit -19 101.5"),
        why=("1 enter_long", "2 position_open"),
    ),
    S(
        "funds are tested again where a resting entry fills",
        [RISING, THROUGH],
        resting(
            risk_per_trade=1.0,
            max_position_pct=1.0,
            slippage_bps=500.0,
            max_daily_loss_pct=1.0,
        ),
        fills=("1 entry +94 106.05", "6 exit -94 96.425"),
    ),
    S(
        "what fills at the open is filled before what the bar reaches later",
        {"AAA": [RISING, THROUGH, HELD], "BBB": [RISING, (101.2, 102, 101, 101.5), HELD]},
        resting(),
        fills=(
            "1 BBB entry +19 101.2",
            "1 AAA entry +19 101",
            "6 AAA exit -19 101.5",
            "6 BBB exit -19 101.5",
        ),
    ),
    S(
        "stops and targets of a bar come before what it fills inside",
        {
            "AAA": [RISING, QUIET, THROUGH, HELD],
            "BBB": [RISING, THROUGH, (101, 101.5, 98, 99), (99, 99.5, 98.5, 99)],
        },
        resting(),
        fills=(
            "1 BBB entry +19 101",
            "2 BBB stop -19 99",
            "2 AAA entry +19 101",
            "6 AAA exit -19 101.5",
        ),
    ),
    S(
        "inside a bar symbols fill in the configured order, each with the test of its stop at once",
        {
            "AAA": [RISING, (100.5, 101.5, 98, 98.5), QUIET],
            "BBB": [RISING, (100.5, 101.5, 98, 98.5), QUIET],
        },
        resting(),
        fills=(
            "1 AAA entry +19 101",
            "1 AAA stop -19 99",
            "1 BBB entry +19 101",
            "1 BBB stop -19 99",
        ),
    ),
)

CANCELLED: tuple[S, ...] = (
    S(
        "a bar that is rejected cancels a resting entry",
        [RISING, (100, 300, 100, 100), THROUGH, HELD],
        gated(),
        fills=("3 entry +19 101.5", "6 exit -19 101.5"),
        why=("0 enter_long", "1 data_gate:spike", "2 enter_long", "3 position_open"),
    ),
    S(
        "a new level cancels a resting entry",
        [RISING, (200, 201, 199, 200), (200, 201, 199, 200), (200, 201, 199, 200)],
        gated(),
        fills=(),
        why=("0 enter_long", "1 data_gate:jump", "2 data_gate:new_level"),
    ),
    S(
        "a stale bar leaves a resting entry where it is",
        [RISING, (100.5, 100.5, 100.5, 100.5), THROUGH, HELD],
        gated(gate_stale=1),
        fills=("2 entry +19 101", "6 exit -19 101.5"),
        why=("0 enter_long", "1 data_gate:stale", "2 position_open"),
    ),
    S(
        "a bar without volume leaves a resting entry where it is",
        [RISING, (*QUIET, 0), THROUGH, HELD],
        gated(),
        fills=("2 entry +19 101", "6 exit -19 101.5"),
        why=("1 data_gate:zero_volume", "2 position_open"),
    ),
    S(
        "a bar without volume places no resting entry",
        [(*RISING, 0), QUIET, THROUGH, HELD],
        gated(),
        fills=("2 entry +19 101", "6 exit -19 101.5"),
        why=("0 data_gate:zero_volume", "1 enter_long"),
    ),
    S(
        "a missing bar cancels no resting entry",
        [RISING, QUIET, None, THROUGH, HELD],
        resting(),
        fills=("3 entry +19 101", "6 exit -19 101.5"),
        why=("1 order_pending", "2 order_pending", "3 position_open"),
    ),
    S(
        "a resting entry is cancelled at the first close beyond the cut-off",
        [RISING, QUIET, QUIET, QUIET, THROUGH, HELD],
        resting(entry_cutoff_minutes=180),
        fills=(),
        why=("2 order_pending", "3 after_cutoff", "4 after_cutoff"),
    ),
    S(
        "the bar that ends beyond the cut-off can still fill",
        [RISING, QUIET, QUIET, THROUGH, HELD],
        resting(entry_cutoff_minutes=180),
        fills=("3 entry +19 101", "6 exit -19 101.5"),
    ),
    S(
        "a resting entry may be placed until the last close that may enter",
        [(*RISING, 0), (*QUIET, 0), QUIET, THROUGH],
        gated(entry_cutoff_minutes=180),
        fills=("3 entry +19 101", "6 exit -19 101.5"),
        why=("1 data_gate:zero_volume", "2 enter_long", "3 position_open"),
    ),
    S(
        "a resting entry is cancelled at the flatten bar",
        [RISING, QUIET, QUIET, QUIET, QUIET, QUIET, THROUGH],
        resting(entry_cutoff_minutes=0),
        fills=(),
        why=("4 order_pending", "5 after_cutoff", "6 after_cutoff"),
    ),
    S(
        "the latch cancels resting entries of every symbol",
        {"AAA": [RISING, QUIET, THROUGH], "BBB": [RISING, (100.5, 101, 100, 100.5), QUIET]},
        resting(max_daily_loss_pct=0.0005),
        fills=("1 BBB entry +19 101", "2 BBB exit -19 100"),
        why=("0 AAA enter_long", "1 AAA latched", "2 AAA latched"),
    ),
    S(
        "cancellations come before all decisions: an earlier symbol gets a later one's place",
        {
            "AAA": [(*RISING, 0), QUIET, THROUGH, HELD],
            "BBB": [RISING, (100, 300, 100, 100), QUIET],
        },
        gated(max_positions=1),
        fills=("2 AAA entry +19 101", "6 AAA exit -19 101.5"),
        why=(
            "0 AAA data_gate:zero_volume",
            "0 BBB enter_long",
            "1 AAA enter_long",
            "1 BBB data_gate:spike",
            "2 BBB max_positions",
        ),
    ),
    S(
        "cancellations come before all decisions: an earlier symbol gets a later one's money",
        {
            "AAA": [(*RISING, 0), QUIET, THROUGH, HELD],
            "BBB": [RISING, (100, 300, 100, 100), QUIET],
        },
        gated(max_position_pct=1.0, risk_per_trade=1.0),
        fills=("2 AAA entry +99 101", "6 AAA exit -99 101.5"),
    ),
    S(
        "an order that was cancelled frees what it reserved, at that close and once",
        {
            "AAA": [(*RISING, 0), QUIET, THROUGH, HELD],
            "BBB": [RISING, (100, 300, 100, 100), THROUGH, HELD],
        },
        gated(max_position_pct=1.0, risk_per_trade=0.8),
        fills=("2 AAA entry +99 101", "6 AAA exit -99 101.5"),
        why=("2 BBB size_below_one",),
    ),
)

RESTING_ENTRIES: tuple[S, ...] = (*PLACED, *FILLED, *CANCELLED)
