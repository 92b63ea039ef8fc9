"""The rules of section 12 for directions, stops, targets and trailing, sentence by sentence."""

from __future__ import annotations

from tests.unit.trading.scenarios.gate import CALM
from tests.unit.trading.scenarios.resting_entries import FALLING, RISING
from tests.unit.trading.scenarios.scenario import DOWN, RANGE, UP, Scenario

S = Scenario

FIRST_BAR = {"direction": "first_bar"}

DIRECTIONS: tuple[S, ...] = (
    S(
        "a first bar that rose leaves longs only",
        [RISING, DOWN, UP],
        FIRST_BAR,
        fills=("3 entry +19 102", "6 exit -19 102"),
        why=("1 against_direction", "2 enter_long"),
    ),
    S(
        "a first bar that fell leaves shorts only",
        [FALLING, UP, DOWN],
        FIRST_BAR,
        fills=("3 entry -20 98", "6 exit +20 98"),
        why=("1 against_direction", "2 enter_short"),
    ),
    S(
        "a first bar that closed where it opened leaves neither side",
        [RANGE, UP, DOWN],
        FIRST_BAR,
        fills=(),
        why=("1 against_direction", "2 against_direction"),
    ),
    S(
        "the direction is from the open of bar 0 to the close of the range's last bar",
        [(100, 101, 99, 100.5), (99, 101, 99, 99.5), UP, DOWN],
        {**FIRST_BAR, "range_minutes": 120},
        why=("2 against_direction", "3 enter_short"),
    ),
    S(
        "a short that is disabled comes before one against the direction, and no break before both",
        [RISING, DOWN, RANGE],
        {**FIRST_BAR, "allow_short": False},
        why=("1 short_disabled", "2 no_breakout"),
    ),
    S(
        "a side against the direction comes before a weak body",
        [RISING, (98.5, 98.6, 97.9, 98.5)],
        {**FIRST_BAR, "min_body": 0.9},
        why=("1 against_direction",),
    ),
    S(
        "of wicks on both sides the direction judges the one that section 3 chooses",
        [RISING, (100.1, 102, 98, 100)],
        {**FIRST_BAR, "breakout_on": "wick"},
        why=("1 against_direction",),
    ),
)

STOPS: tuple[S, ...] = (
    S(
        "a stop in percent is that much below the reference price",
        [RANGE, UP, (102, 102, 101, 101.5), (101.5, 101.5, 100.9, 101)],
        {"stop": "percent"},
        fills=("2 entry +19 102", "3 stop -19 100.98"),
    ),
    S(
        "a short's stop in percent is that much above",
        [RANGE, DOWN, (98, 98.9, 98, 98.5), (98.5, 99, 98.5, 98.9)],
        {"stop": "percent"},
        fills=("2 entry -20 98", "3 stop +20 98.98"),
    ),
    S(
        "a stop in percent is rounded away from the position",
        [RANGE, UP, (102, 102, 100.5, 101.5), (101.5, 101.5, 100.4, 101)],
        {"stop": "percent", "stop_pct": 0.0148},
        fills=("2 entry +19 102", "3 stop -19 100.49"),
    ),
    S(
        "a short's stop in percent is rounded up",
        [RANGE, DOWN, (98, 99.4, 98, 98.5), (98.5, 99.5, 98.5, 98.9)],
        {"stop": "percent", "stop_pct": 0.0148},
        fills=("2 entry -20 98", "3 stop +20 99.46"),
    ),
    S(
        "a stop by the daily ATR is that much below the reference price",
        [*[{"AAA": CALM}] * 15, {"AAA": [RANGE, UP, (102, 102, 101.1, 102), (102, 102, 101, 102)]}],
        {"stop": "daily_atr", "stop_daily_atr": 0.5},
        fills=("15/2 entry +19 102", "15/3 stop -19 101"),
        first_traded=15,
    ),
    S(
        "a short's stop by the daily ATR is that much above",
        [*[{"AAA": CALM}] * 15, {"AAA": [RANGE, DOWN, (98, 98.9, 98, 98), (98, 99, 98, 98)]}],
        {"stop": "daily_atr", "stop_daily_atr": 0.5},
        fills=("15/2 entry -20 98", "15/3 stop +20 99"),
        first_traded=15,
    ),
)

TARGETS: tuple[S, ...] = (
    S(
        "a target of R is counted from the entry fill and its stop",
        [RANGE, UP, (103, 103.5, 102, 103), (103, 107, 102, 106)],
        {"target": "r", "target_multiple": 1.0},
        fills=("2 entry +19 103", "3 target -19 107"),
    ),
    S(
        "a short's target of R mirrors it",
        [RANGE, DOWN, (97, 97.5, 96, 97), (97, 97.5, 93, 94)],
        {"target": "r", "target_multiple": 1.0},
        fills=("2 entry -20 97", "3 target +20 93"),
    ),
    S(
        "a target in percent is counted from the entry fill",
        [RANGE, UP, (103, 103.5, 102, 103), (103, 105.06, 102, 104)],
        {"target": "percent"},
        fills=("2 entry +19 103", "3 target -19 105.06"),
    ),
    S(
        "a target in percent is rounded towards the position",
        [RANGE, UP, (102, 102.5, 101, 102), (102, 103.325, 102, 103)],
        {"target": "percent", "target_pct": 0.013},
        fills=("2 entry +19 102", "3 target -19 103.32"),
    ),
    S(
        "a short's target in percent is rounded up",
        [RANGE, DOWN, (98, 98.5, 97, 98), (98, 98.5, 96.727, 97)],
        {"target": "percent", "target_pct": 0.013},
        fills=("2 entry -20 98", "3 target +20 96.73"),
    ),
    S(
        "a target of R is rounded towards the position",
        [RANGE, UP, (102, 102.5, 101, 102), (102, 103.006, 102, 103)],
        {"target": "r", "target_multiple": 0.335},
        fills=("2 entry +19 102", "3 target -19 103"),
    ),
    S(
        "a target by the daily ATR is that much above the entry fill",
        [*[{"AAA": CALM}] * 15, {"AAA": [RANGE, UP, (103, 104, 102, 103), (103, 105, 102, 104)]}],
        {"target": "daily_atr", "target_multiple": 1.0},
        fills=("15/2 entry +19 103", "15/3 target -19 105"),
        first_traded=15,
    ),
    S(
        "a needed daily ATR that has no value yet is an indicator that warms up",
        [*[{"AAA": CALM}] * 14, {"AAA": [RANGE, UP]}],
        {"target": "daily_atr"},
        fills=(),
        why=("14/1 indicator_warming_up",),
        first_traded=14,
    ),
)

TRAILING: tuple[S, ...] = (
    S(
        "a stop trails the highest high since the entry bar by dollars, from the next bar on",
        [RANGE, UP, (102, 105, 101, 104.5), (104.5, 104.6, 104.1, 104.2), (104.2, 104.3, 104, 104)],
        {"trailing": "dollars"},
        fills=("2 entry +19 102", "4 stop -19 104"),
    ),
    S(
        "a short's stop trails the lowest low by dollars",
        [RANGE, DOWN, (98, 99, 95, 95.5), (95.5, 95.9, 95.4, 95.8), (95.8, 96, 95.7, 96)],
        {"trailing": "dollars"},
        fills=("2 entry -20 98", "4 stop +20 96"),
    ),
    S(
        "best is kept when later bars fall back",
        [RANGE, UP, (102, 105, 101, 104.5), (104.5, 104.5, 104.2, 104.3), (104.3, 104.3, 103, 103)],
        {"trailing": "dollars", "trail_dollars": 1.0},
        fills=("2 entry +19 102", "4 stop -19 104"),
    ),
    S(
        "a stop trails the highest high in percent",
        [RANGE, UP, (102, 105, 101, 104.5), (104.5, 104.5, 104, 104.2), (104, 104, 103.9, 103.9)],
        {"trailing": "percent"},
        fills=("2 entry +19 102", "4 stop -19 103.95"),
    ),
    S(
        "a short's stop trails the lowest low in percent",
        [RANGE, DOWN, (98, 99, 95, 95.5), (95.5, 95.9, 95.4, 95.8), (95.8, 96, 95.7, 96)],
        {"trailing": "percent"},
        fills=("2 entry -20 98", "4 stop +20 95.95"),
    ),
    S(
        "a trailing stop is rounded away from the position",
        [RANGE, UP, (102, 104.999, 101, 104.5), (104.5, 104.5, 103.99, 104)],
        {"trailing": "dollars"},
        fills=("2 entry +19 102", "3 stop -19 103.99"),
    ),
    S(
        "a short's trailing stop is rounded up",
        [RANGE, DOWN, (98, 99, 95.001, 95.5), (95.5, 96.01, 95.5, 96)],
        {"trailing": "dollars"},
        fills=("2 entry -20 98", "3 stop +20 96.01"),
    ),
    S(
        "a stop that trails by dollars never moves against the position",
        [RANGE, UP, (102, 102.5, 101, 102), (102, 102, 99, 100)],
        {"trailing": "dollars", "trail_dollars": 4.0},
        fills=("2 entry +19 102", "3 stop -19 99"),
    ),
    S(
        "a stop trails by the ATR of this very close",
        [
            {"AAA": CALM},
            {"AAA": CALM},
            {"AAA": [RANGE, UP, (104, 118, 102, 115), (115, 115.5, 113.4, 114)]},
        ],
        {"trailing": "atr", "trail_atr": 1.5},
        # Every true range is 2 but that of the entry bar, 16, which makes the ATR 3.
        fills=("2/2 entry +19 104", "2/3 stop -19 113.5"),
        first_traded=2,
    ),
    S(
        "best is the highest high of all bars since the entry, of whatever size the ATR is since",
        [
            {"AAA": CALM},
            {"AAA": CALM},
            {
                "AAA": [
                    RANGE,
                    UP,
                    (104, 118, 102, 115),
                    (115, 115.5, 114.6, 115),
                    (115, 115, 113.6, 114),
                ]
            },
        ],
        {"trailing": "atr", "trail_atr": 1.5},
        # The ATR is 3, then 2.85: 118 less 4.275, rounded down.
        fills=("2/2 entry +19 104", "2/4 stop -19 113.72"),
        first_traded=2,
    ),
    S(
        "a short's best is the lowest low of all bars since the entry",
        [
            {"AAA": CALM},
            {"AAA": CALM},
            {"AAA": [RANGE, DOWN, (96, 98, 82, 85), (85, 85.4, 84.5, 85), (85, 86.4, 85, 86)]},
        ],
        {"trailing": "atr", "trail_atr": 1.5},
        fills=("2/2 entry -20 96", "2/4 stop +20 86.28"),
        first_traded=2,
    ),
    S(
        "an ATR without a value moves no stop",
        [RANGE, UP, (102, 110, 101, 103), (103, 103, 99.5, 100), (100, 100, 100, 100)],
        {"trailing": "atr", "trail_atr": 0.1},
        fills=("2 entry +19 102", "6 exit -19 100"),
    ),
    S(
        "trailing by the ATR needs none to enter",
        [RANGE, UP],
        {"trailing": "atr"},
        why=("1 enter_long",),
    ),
    S(
        "of several steps that are reached the one furthest in favour counts",
        [RANGE, UP, (102, 109, 101, 108), (108, 108, 106, 106.5)],
        {"trailing": "stepped", "trail_steps": [[1.0, 0.0], [1.5, 1.5], [2.0, 0.5]]},
        fills=("2 entry +19 102", "3 stop -19 106.5"),
    ),
)

EXITS: tuple[S, ...] = (*DIRECTIONS, *STOPS, *TARGETS, *TRAILING)
