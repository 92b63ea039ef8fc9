"""Rules section 4: when orders fill, at which price, how much of them, at which commission."""

from __future__ import annotations

from tests.unit.trading.scenarios.scenario import DOWN, RANGE, UP
from tests.unit.trading.scenarios.scenario import Scenario as S

STILL = (100, 100, 100, 100)
AT_102 = (102, 102, 102, 102)
AT_98 = (98, 98, 98, 98)
HOLE = None

ORDERS: tuple[S, ...] = (
    S(
        "a market order fills at the open of the symbol's next bar present",
        [RANGE, UP, HOLE, HOLE, (103, 103, 103, 103)],
        fills=("4 entry +19 103", "6 exit -19 103"),
    ),
    S(
        "no order outlives its session",
        [{"AAA": [RANGE, STILL, STILL, STILL, UP, HOLE, HOLE]}, {"AAA": [RANGE, STILL]}],
        fills=(),
        why=("4 enter_long", "1/1 no_breakout"),
    ),
)

STOPS_AND_TARGETS: tuple[S, ...] = (
    S(
        "a stop fires when the low equals it",
        [RANGE, UP, AT_102, (102, 102, 99, 100)],
        fills=("2 entry +19 102", "3 stop -19 99"),
    ),
    S(
        "a stop does not fire when the low is above it",
        [RANGE, UP, AT_102, (102, 102, 99.0001, 102)],
        fills=("2 entry +19 102", "6 exit -19 102"),
    ),
    S(
        "a short's stop fires when the high equals it",
        [RANGE, DOWN, AT_98, (98, 101, 98, 100)],
        fills=("2 entry -20 98", "3 stop +20 101"),
    ),
    S(
        "a gap through the stop fills at the open",
        [RANGE, UP, AT_102, (97, 98, 96, 97)],
        fills=("2 entry +19 102", "3 stop -19 97"),
        trades=("long 19 102 > 97 stop -95 @2-3",),
    ),
    S(
        "a gap through a short's stop fills at the open",
        [RANGE, DOWN, AT_98, (104, 104, 103, 103)],
        fills=("2 entry -20 98", "3 stop +20 104"),
        trades=("short 20 98 > 104 stop -120 @2-3",),
    ),
    S(
        "an entry that gaps through its own stop leaves at the same open",
        [RANGE, UP, (97, 98, 96, 97)],
        fills=("2 entry +19 97", "2 stop -19 97"),
    ),
    S(
        "a target fills on a touch",
        [RANGE, UP, AT_102, (102, 106, 102, 103)],
        {"target": "range"},
        fills=("2 entry +19 102", "3 target -19 106"),
    ),
    S(
        "a target does not fill below its level",
        [RANGE, UP, AT_102, (102, 105.9999, 102, 103)],
        {"target": "range"},
        fills=("2 entry +19 102", "6 exit -19 103"),
    ),
    S(
        "a gap beyond the target fills at the open",
        [RANGE, UP, AT_102, (108, 109, 107, 108)],
        {"target": "range"},
        fills=("2 entry +19 102", "3 target -19 108"),
    ),
    S(
        "a gap beyond a short's target fills at the open",
        [RANGE, DOWN, AT_98, (92, 93, 91, 92)],
        {"target": "range"},
        fills=("2 entry -20 98", "3 target +20 92"),
    ),
    S(
        "stop wins when both are touched",
        [RANGE, UP, AT_102, (102, 107, 98, 103)],
        {"target": "range"},
        fills=("2 entry +19 102", "3 stop -19 99"),
    ),
    S(
        "a short's stop wins when both are touched",
        [RANGE, DOWN, AT_98, (98, 102, 93, 97)],
        {"target": "range"},
        fills=("2 entry -20 98", "3 stop +20 101"),
    ),
    S(
        "stop wins even when the bar opens beyond the target",
        [RANGE, UP, AT_102, (108, 109, 98, 100)],
        {"target": "range"},
        fills=("2 entry +19 102", "3 stop -19 99"),
    ),
)

ONE_PERCENT = {"slippage_bps": 100.0}
SLIPPAGE: tuple[S, ...] = (
    S(
        "slippage makes bought entries dearer and sold exits cheaper",
        [RANGE, UP],
        ONE_PERCENT,
        fills=("2 entry +19 103.02", "6 exit -19 100.98"),
    ),
    S(
        "slippage makes shorts cheaper and covering dearer",
        [RANGE, DOWN],
        ONE_PERCENT,
        fills=("2 entry -20 97.02", "6 exit +20 98.98"),
    ),
    S(
        "slippage makes stop fills worse",
        [RANGE, UP, AT_102, (102, 102, 98, 100)],
        ONE_PERCENT,
        fills=("2 entry +19 103.02", "3 stop -19 98.01"),
    ),
    S(
        "slippage makes a short's stop fill worse",
        [RANGE, DOWN, AT_98, (98, 101, 98, 100)],
        ONE_PERCENT,
        fills=("2 entry -20 97.02", "3 stop +20 102.01"),
    ),
    S(
        "slippage leaves target fills alone",
        [RANGE, UP, AT_102, (102, 107.02, 102, 103)],
        {**ONE_PERCENT, "target": "range"},
        fills=("2 entry +19 103.02", "3 target -19 107.02"),
    ),
    S(
        "volatility is of the symbol's previous bar",
        [RANGE, UP],
        {"volatility_factor": 0.5},
        fills=("2 entry +19 103", "6 exit -19 102"),
    ),
    S(
        "volatility is of the previous bar that is present",
        [RANGE, UP, HOLE],
        {"volatility_factor": 0.5},
        fills=("3 entry +19 103", "6 exit -19 102"),
    ),
    S(
        "impact is of the quantity over the fill bar's volume",
        [RANGE, UP, (102, 102, 102, 102, 1900)],
        {"impact_factor": 0.1},
        fills=("2 entry +19 103.02", "6 exit -19 101.9555"),
    ),
    S(
        "impact is 0 when the volume is 0",
        [RANGE, UP, (102, 102, 102, 102, 0)],
        {"impact_factor": 0.1},
        fills=("2 entry +19 102", "6 exit -19 101.9555"),
    ),
    S(
        "impact takes the quantity after the participation cap",
        [RANGE, UP, (102, 102, 102, 102, 400)],
        {"impact_factor": 0.1, "max_participation": 0.01},
        fills=("2 entry +4 103.02", "6 exit -4 101.9796"),
    ),
    S(
        "impact takes the quantity before the test of funds",
        [RANGE, UP, (200, 200, 200, 200, 9800)],
        {"impact_factor": 0.1, "max_position_pct": 1.0, "risk_per_trade": 1.0},
        fills=("2 entry +49 202", "6 exit -49 199.86"),
    ),
    S(
        "slippage terms add up",
        [RANGE, UP, (102, 102, 102, 102, 1900)],
        {"slippage_bps": 100.0, "volatility_factor": 0.5, "impact_factor": 0.1},
        fills=("2 entry +19 105.04", "6 exit -19 100.9355"),
    ),
    S(
        "a fill price is never below 0.0001",
        [(0.1, 0.11, 0.09, 0.1), (0.1, 0.1, 0.08, 0.08)],
        {"slippage_bps": 9999.0},
        fills=("2 entry -3333 0.0001", "6 exit +3333 0.16"),
    ),
)

TENTH = {"max_participation": 0.1}
PARTICIPATION: tuple[S, ...] = (
    S(
        "an entry takes at most its share of the bar's volume and the rest is cancelled",
        [RANGE, UP, (102, 102, 102, 102, 59), AT_102],
        TENTH,
        fills=("2 entry +5 102", "6 exit -5 102"),
    ),
    S(
        "an entry that finds no volume is dropped",
        [RANGE, UP, (102, 102, 101, 101, 9), (101, 101, 101, 101)],
        TENTH,
        fills=(),
        why=("1 enter_long", "2 no_breakout"),
    ),
    S(
        "exits may take as much again as the entry in one bar",
        [RANGE, UP, (102, 102, 98, 99, 190)],
        TENTH,
        fills=("2 entry +19 102", "2 stop -19 99"),
    ),
    S(
        "what is left of a stop goes on at the next opens with the reason it began with",
        [RANGE, UP, AT_102, (102, 102, 98, 100, 50), (97, 98, 97, 98, 90), (96, 96, 96, 96)],
        TENTH,
        fills=("2 entry +19 102", "3 stop -5 99", "4 exit -9 97", "5 exit -5 96"),
        trades=("long 19 102 > 97.2632 stop -90 @2-5",),
    ),
    S(
        "participation: fired stop with zero cap still cancels the target",
        [RANGE, UP, AT_102, (102, 102, 98, 100, 0), (100, 107, 100, 106)],
        {**TENTH, "target": "range"},
        fills=("2 entry +19 102", "4 exit -19 100"),
        trades=("long 19 102 > 100 stop -38 @2-4",),
    ),
    S(
        "participation: touched target with zero cap becomes a slipping market exit",
        [RANGE, UP, AT_102, (102, 108, 102, 105, 0), (104, 104, 95, 104)],
        {**TENTH, **ONE_PERCENT, "target": "range"},
        fills=("2 entry +19 103.02", "4 exit -19 102.96"),
        trades=("long 19 103.02 > 102.96 target -1.14 @2-4",),
    ),
    S(
        "what is left of a target slips at the next open",
        [RANGE, UP, AT_102, (102, 108, 102, 105, 50), (104, 104, 95, 104)],
        {**TENTH, **ONE_PERCENT, "target": "range"},
        fills=("2 entry +19 103.02", "3 target -5 107.02", "4 exit -14 102.96"),
        trades=("long 19 103.02 > 104.0284 target 19.16 @2-4",),
    ),
    S(
        "a waiting exit stands still in a bar without volume",
        [RANGE, DOWN, AT_98, (98, 100.5, 98, 100.5), (99, 99, 99, 99, 9), (97, 97, 97, 97)],
        {**TENTH, "max_daily_loss_pct": 0.005},
        fills=("2 entry -20 98", "5 exit +20 97"),
        trades=("short 20 98 > 97 latch 20 @2-5",),
    ),
    S(
        "participation 0 turns the cap off",
        [RANGE, UP, (102, 102, 102, 102, 1)],
        {"max_participation": 0.0},
        fills=("2 entry +19 102", "6 exit -19 102"),
    ),
    S(
        "participation 1 takes the whole volume of the bar and no more",
        [RANGE, UP, (102, 102, 102, 102, 7)],
        {"max_participation": 1.0},
        fills=("2 entry +7 102", "6 exit -7 102"),
    ),
)

COMMISSIONS: tuple[S, ...] = (
    S(
        "commission is the minimum when the shares cost less, and equity includes it at once",
        [RANGE, UP, AT_102],
        {"commission_per_share": 0.01, "commission_minimum": 1.0},
        equity=("1 10000", "2 9999", "6 9998"),
        trades=("long 19 102 > 102 flatten -2 @2-6",),
    ),
    S(
        "commission is by the share above the minimum",
        [RANGE, UP, AT_102],
        {"commission_per_share": 0.1, "commission_minimum": 1.0},
        equity=("2 9998.1", "6 9996.2"),
    ),
    S(
        "every filled part pays commission",
        [RANGE, UP, AT_102, (102, 102, 98, 100, 50), (100, 100, 100, 100)],
        {**TENTH, "commission_minimum": 1.0},
        fills=("2 entry +19 102", "3 stop -5 99", "4 exit -14 100"),
        trades=("long 19 102 > 99.7368 stop -46 @2-4",),
    ),
)

ASSUMED: tuple[S, ...] = (
    S(
        "assumed_close books an exit without a further bar at the last close and its START",
        [{"AAA": [RANGE, UP, AT_102, (102, 103, 101, 103), HOLE, HOLE, HOLE]}, {"AAA": [RANGE]}],
        fills=("2 entry +19 102", "3 assumed_close -19 103"),
        trades=("long 19 102 > 103 assumed_close 19 @2-3",),
        equity=("6 10019", "1/0 10019"),
    ),
    S(
        "assumed_close is whole and slips and pays commission once",
        [RANGE, UP, AT_102, (102, 103, 101, 103, 10), HOLE, HOLE, HOLE],
        {**TENTH, **ONE_PERCENT, "commission_minimum": 1.0},
        fills=("2 entry +19 103.02", "3 assumed_close -19 101.97"),
        trades=("long 19 103.02 > 101.97 assumed_close -21.95 @2-3",),
    ),
    S(
        "the session's last equity point is taken after assumed_close",
        [RANGE, UP, AT_102, (102, 103, 101, 103, 10), HOLE, HOLE, HOLE],
        {**TENTH, **ONE_PERCENT, "commission_minimum": 1.0},
        equity=("5 9998.62", "6 9978.05"),
    ),
    S(
        "a trade is assumed_close if any part was",
        [RANGE, UP, AT_102, (102, 102, 98, 100, 50), HOLE, HOLE, HOLE],
        TENTH,
        fills=("2 entry +19 102", "3 stop -5 99", "3 assumed_close -14 100"),
        trades=("long 19 102 > 99.7368 assumed_close -43 @2-3",),
    ),
    S(
        "an exit that the last bar has no volume for is assumed_close",
        [RANGE, UP, AT_102, AT_102, AT_102, AT_102, (102, 102, 98, 101, 0)],
        TENTH,
        fills=("2 entry +19 102", "6 assumed_close -19 101"),
        trades=("long 19 102 > 101 assumed_close -19 @2-6",),
    ),
    S(
        "assumed_close: the last bar is the fill bar, and the one before it gives the volatility",
        [RANGE, UP, (102, 104, 102, 102), (102, 103, 102, 103), HOLE, HOLE, HOLE],
        {"volatility_factor": 0.5},
        fills=("2 entry +19 103", "3 assumed_close -19 101.9902"),
    ),
    S(
        "an assumed close of one session says nothing of the next",
        [
            {"AAA": [RANGE, UP, AT_102, AT_102, HOLE, HOLE, HOLE]},
            {"AAA": [RANGE, UP, (102, 102, 98, 100)]},
        ],
        trades=(
            "long 19 102 > 102 assumed_close 0 @2-3",
            "long 19 102 > 99 stop -57 @1/2-1/2",
        ),
    ),
)

FILLS: tuple[S, ...] = (
    *ORDERS,
    *STOPS_AND_TARGETS,
    *SLIPPAGE,
    *PARTICIPATION,
    *COMMISSIONS,
    *ASSUMED,
)
