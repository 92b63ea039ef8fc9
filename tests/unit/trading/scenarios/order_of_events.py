"""Rules section 2: the order of events within one bar."""

from __future__ import annotations

from tests.unit.trading.scenarios.scenario import DOWN, RANGE, UP
from tests.unit.trading.scenarios.scenario import Scenario as S

STILL = (100, 100, 100, 100)
AT_102 = (102, 102, 102, 102)
AT_98 = (98, 98, 98, 98)

ORDER_OF_EVENTS: tuple[S, ...] = (
    S(
        "an order waits for the next bar's open",
        [RANGE, UP, (103, 104, 102, 103), (103, 103, 103, 103)],
        fills=("2 entry +19 103", "6 exit -19 103"),
        trades=("long 19 103 > 103 flatten 0 @2-6",),
        why=("0 none", "1 enter_long", "2 position_open", "6 max_entries"),
        equity=("1 10000", "2 10000"),
    ),
    S(
        "all exits fill before all entries",
        {
            "AAA": [RANGE, STILL, STILL, UP, (150, 150, 150, 150)],
            "BBB": [RANGE, UP, AT_102, (102, 102, 98, 102, 0), AT_102],
        },
        {"max_participation": 0.1, "max_position_pct": 0.9, "risk_per_trade": 1.0},
        fills=(
            "2 BBB entry +88 102",
            "4 BBB exit -88 102",
            "4 entry +10 150",
            "6 exit -10 150",
        ),
        why=("3 enter_long", "3 BBB position_open"),
    ),
    S(
        "the entry bar counts for the stop",
        [RANGE, UP, (102, 102, 98, 100)],
        fills=("2 entry +19 102", "2 stop -19 99"),
        trades=("long 19 102 > 99 stop -57 @2-2",),
    ),
    S(
        "the entry bar counts for the target",
        [RANGE, UP, (102, 106, 102, 105)],
        {"target": "range"},
        fills=("2 entry +19 102", "2 target -19 106"),
        trades=("long 19 102 > 106 target 76 @2-2",),
    ),
    S(
        "stop and target are not tested while an exit waits",
        [
            RANGE,
            UP,
            AT_102,
            (102, 102, 98, 100, 50),
            (100, 110, 100, 105, 50),
            (104, 120, 90, 100, 50),
            (103, 103, 103, 103),
        ],
        {"max_participation": 0.1, "target": "range"},
        fills=(
            "2 entry +19 102",
            "3 stop -5 99",
            "4 exit -5 100",
            "5 exit -5 104",
            "6 exit -4 103",
        ),
        trades=("long 19 102 > 101.4211 stop -11 @2-6",),
    ),
    S(
        "stop and target of a waiting exit rest whatever other symbols hold",
        {
            "AAA": [
                RANGE,
                UP,
                AT_102,
                (102, 102, 98, 100, 50),
                (100, 110, 90, 105, 50),
                (104, 104, 104, 104),
            ],
            "BBB": [RANGE, UP],
        },
        {"max_participation": 0.1, "target": "range"},
        fills=(
            "2 entry +19 102",
            "2 BBB entry +19 102",
            "3 stop -5 99",
            "4 exit -5 100",
            "5 exit -9 104",
            "6 BBB exit -19 102",
        ),
    ),
    S(
        "a symbol without this bar keeps its last mark",
        [RANGE, UP, (102, 104, 102, 104), None, (104, 104, 104, 104)],
        equity=("2 10038", "3 10038"),
        why=("3 position_open",),
    ),
    S(
        "a fill marks its symbol at the fill price until the close",
        {
            "AAA": [RANGE, DOWN, (120, 120, 120, 120)],
            "BBB": [RANGE, UP, AT_102],
        },
        {"max_position_pct": 0.6, "risk_per_trade": 1.0, "max_daily_loss_pct": 1.0},
        fills=(
            "2 entry -61 120",
            "2 BBB entry +26 102",
            "2 stop +61 120",
            "6 BBB exit -26 102",
        ),
    ),
    S(
        "a part of an exit marks its symbol too",
        {
            "AAA": [
                RANGE,
                DOWN,
                AT_98,
                (98, 101.5, 98, 101.5, 0),
                (120, 120, 120, 120, 100),
                (120, 120, 120, 120),
            ],
            "BBB": [RANGE, STILL, STILL, UP, AT_102],
        },
        {
            "max_position_pct": 0.6,
            "risk_per_trade": 1.0,
            "max_daily_loss_pct": 1.0,
            "max_participation": 0.1,
        },
        fills=(
            "2 entry -61 98",
            "4 exit +10 120",
            "4 BBB entry +24 102",
            "5 exit +51 120",
            "6 BBB exit -24 102",
        ),
    ),
    S(
        "a trailing stop moves by the entry bar's extreme and works from the next bar on",
        [RANGE, UP, (102, 105, 101, 104), (104, 104, 102, 103)],
        {"trailing": "breakeven"},
        fills=("2 entry +19 102", "3 stop -19 102"),
        trades=("long 19 102 > 102 stop 0 @2-3",),
    ),
    S(
        "the day-loss latch sees closes, not lows",
        [RANGE, UP, AT_102, (102, 102, 99.2, 102)],
        {"max_daily_loss_pct": 0.005},
        why=("3 position_open",),
        equity=("3 10000",),
    ),
    S(
        "pending entries are cancelled at the flatten bar",
        [RANGE, STILL, STILL, STILL, UP, None, AT_102],
        fills=(),
        why=("4 enter_long", "5 bar_missing", "6 after_cutoff"),
    ),
    S(
        "symbols decide in the configured order, whatever their names",
        {"BBB": [RANGE, UP], "AAA": [RANGE, UP]},
        {"max_positions": 1},
        why=("1 BBB enter_long", "1 AAA max_positions"),
    ),
    S(
        "entries fill in the configured order too",
        {"BBB": [RANGE, UP, (170, 170, 170, 170)], "AAA": [RANGE, UP, AT_102]},
        {"max_position_pct": 0.6, "risk_per_trade": 1.0},
        fills=(
            "2 BBB entry +58 170",
            "2 entry +1 102",
            "6 BBB exit -58 170",
            "6 exit -1 102",
        ),
    ),
    S(
        "an exit fills at the next bar that is present",
        [RANGE, DOWN, AT_98, (98, 100.5, 98, 100.5), None, (99, 99, 99, 99)],
        {"max_daily_loss_pct": 0.005},
        fills=("2 entry -20 98", "5 exit +20 99"),
        trades=("short 20 98 > 99 latch -20 @2-5",),
    ),
)
