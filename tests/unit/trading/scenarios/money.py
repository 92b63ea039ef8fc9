"""Rules sections 5 to 7: how many shares, when the day is over, what a trade earned."""

from __future__ import annotations

from tests.unit.trading.scenarios.scenario import DOWN, RANGE, UP
from tests.unit.trading.scenarios.scenario import Scenario as S

STILL = (100, 100, 100, 100)
AT_102 = (102, 102, 102, 102)
AT_98 = (98, 98, 98, 98)
HOLE = None
ALL_IN = {"max_position_pct": 1.0, "risk_per_trade": 1.0}
SIXTY = {"max_position_pct": 0.6, "risk_per_trade": 1.0}

SIZES: tuple[S, ...] = (
    S(
        "quantity: risk_per_trade of equity over the risk per share",
        [RANGE, UP],
        {"risk_per_trade": 0.003},
        fills=("2 entry +10 102", "6 exit -10 102"),
    ),
    S(
        "quantity: max_position_pct of equity over the reference price",
        [RANGE, UP],
        {"max_position_pct": 0.255},
        fills=("2 entry +25 102", "6 exit -25 102"),
    ),
    S(
        "quantity: buying power over the reference price, in whole shares",
        [RANGE, UP],
        ALL_IN,
        fills=("2 entry +98 102", "6 exit -98 102"),
    ),
    S(
        "below one share is size_below_one",
        [RANGE, UP],
        capital=509.0,
        why=("1 size_below_one",),
        fills=(),
    ),
    S("one share is enough", [RANGE, UP], capital=511.0, why=("1 enter_long",)),
    S(
        "pending entries reserve buying power at their reference price",
        {"AAA": [RANGE, UP], "BBB": [RANGE, UP]},
        SIXTY,
        fills=(
            "2 entry +58 102",
            "2 BBB entry +40 102",
            "6 exit -58 102",
            "6 BBB exit -40 102",
        ),
    ),
    S(
        "what is reserved can leave nothing",
        {"AAA": [RANGE, UP], "BBB": [RANGE, UP]},
        ALL_IN,
        why=("1 enter_long", "1 BBB size_below_one"),
    ),
    S(
        "short proceeds are not reused",
        {"AAA": [RANGE, DOWN, AT_98], "BBB": [RANGE, STILL, UP]},
        SIXTY,
        fills=(
            "2 entry -61 98",
            "3 BBB entry +39 102",
            "6 exit +61 98",
            "6 BBB exit -39 102",
        ),
    ),
    S(
        "sizes use equity with open profits",
        {"AAA": [RANGE, UP, (102, 154, 102, 154)], "BBB": [RANGE, STILL, STILL, UP]},
        fills=(
            "2 entry +19 102",
            "4 BBB entry +21 102",
            "6 exit -19 154",
            "6 BBB exit -21 102",
        ),
    ),
    S(
        "buying power is what positions leave, never below zero",
        {"AAA": [RANGE, DOWN, (98, 100.9, 98, 100.9)], "BBB": [RANGE, STILL, UP]},
        {**ALL_IN, "max_daily_loss_pct": 1.0},
        fills=("2 entry -102 98", "6 exit +102 100.9"),
        why=("2 BBB size_below_one",),
    ),
)

FUNDS: tuple[S, ...] = (
    S(
        "at the fill the quantity is cut to what equity affords",
        [RANGE, UP, (110, 110, 110, 110)],
        ALL_IN,
        fills=("2 entry +90 110", "6 exit -90 110"),
    ),
    S(
        "an order of which no share is affordable is dropped",
        [RANGE, UP, (151, 151, 151, 151)],
        ALL_IN,
        capital=150.0,
        fills=(),
        why=("1 enter_long", "2 size_below_one"),
    ),
    S(
        "a share that costs all there is is affordable",
        [RANGE, UP, (150, 150, 150, 150)],
        ALL_IN,
        capital=150.0,
        fills=("2 entry +1 150", "6 exit -1 150"),
    ),
    S(
        "at the fill other pending entries are not reserved",
        {"AAA": [RANGE, UP, (170, 170, 170, 170)], "BBB": [RANGE, UP, AT_102]},
        SIXTY,
        fills=(
            "2 entry +58 170",
            "2 BBB entry +1 102",
            "6 exit -58 170",
            "6 BBB exit -1 102",
        ),
    ),
)

CLAIMS: tuple[S, ...] = (
    S(
        "max_positions counts pending entries",
        {"AAA": [RANGE, UP], "BBB": [RANGE, UP]},
        {"max_positions": 1},
        why=("1 enter_long", "1 BBB max_positions"),
    ),
    S(
        "max_positions counts open positions",
        {"AAA": [RANGE, UP], "BBB": [RANGE, STILL, STILL, UP]},
        {"max_positions": 1},
        why=("3 BBB max_positions",),
    ),
    S(
        "a position that closed in this bar frees its place",
        {"AAA": [RANGE, UP, AT_102, (102, 102, 98, 98.5)], "BBB": [RANGE, STILL, STILL, UP]},
        {"max_positions": 1},
        why=("3 BBB enter_long",),
    ),
    S(
        "max_orders_per_session counts orders created, dropped ones too",
        [RANGE, UP, (102, 102, 102, 102, 0)],
        {"max_orders_per_session": 1, "max_participation": 0.1},
        why=("1 enter_long", "2 order_rate"),
        fills=(),
    ),
    S(
        "max_orders_per_session is of the account, not of the symbol",
        {"AAA": [RANGE, UP], "BBB": [RANGE, UP]},
        {"max_orders_per_session": 1},
        why=("1 BBB order_rate",),
    ),
    S(
        "max_orders_per_session begins anew with the session",
        [{"AAA": [RANGE, UP]}, {"AAA": [RANGE, UP]}],
        {"max_orders_per_session": 1},
        why=("1 enter_long", "1/1 enter_long"),
    ),
)

# A short of 20 at 98 that closes at 100.5 has lost 50 USD: half a percent of the capital.
LOST_50 = (98, 100.5, 98, 100.5)
HALF_PERCENT = {"max_daily_loss_pct": 0.005}
LATCHES: tuple[S, ...] = (
    S(
        "equity at the limit latches and every position leaves",
        [RANGE, DOWN, AT_98, LOST_50],
        HALF_PERCENT,
        fills=("2 entry -20 98", "4 exit +20 100.5"),
        trades=("short 20 98 > 100.5 latch -50 @2-4",),
        why=("2 position_open", "3 latched", "4 latched", "6 latched"),
    ),
    S(
        "equity above the limit does not latch",
        [RANGE, DOWN, AT_98, (98, 100.5, 98, 100.4999)],
        HALF_PERCENT,
        why=("3 position_open", "4 position_open"),
    ),
    S(
        "a latch stays when equity recovers",
        [RANGE, DOWN, AT_98, LOST_50, (90, 90, 90, 90)],
        {**HALF_PERCENT, "max_entries": 5},
        fills=("2 entry -20 98", "4 exit +20 90"),
        equity=("4 10160",),
        why=("4 latched", "5 latched", "6 latched"),
    ),
    S(
        "a latch ends with its session",
        [{"AAA": [RANGE, DOWN, AT_98, LOST_50]}, {"AAA": [RANGE, UP]}],
        HALF_PERCENT,
        why=("6 latched", "1/1 enter_long"),
    ),
    S(
        "a latch cancels pending entries",
        {"AAA": [RANGE, DOWN, AT_98, LOST_50], "BBB": [RANGE, STILL, UP, HOLE, UP]},
        HALF_PERCENT,
        fills=("2 entry -20 98", "4 exit +20 100.5"),
        why=("2 BBB enter_long", "3 BBB latched"),
    ),
    S(
        "a latch leaves the reason of a waiting exit",
        [RANGE, UP, AT_102, (102, 102, 98, 100, 50), (100, 100, 100, 100)],
        {"max_daily_loss_pct": 0.001, "max_participation": 0.1},
        trades=("long 19 102 > 99.7368 stop -43 @2-4",),
        why=("3 latched",),
    ),
    S(
        "a latch gives its reason only to positions that do not wait already",
        {
            "AAA": [RANGE, UP, AT_102, (102, 102, 98, 100, 50), (100, 100, 100, 100)],
            "BBB": [RANGE, UP, AT_102, AT_102, (101, 101, 101, 101)],
        },
        {"max_daily_loss_pct": 0.001, "max_participation": 0.1},
        trades=(
            "long 19 102 > 99.7368 stop -43 @2-4",
            "BBB long 19 102 > 101 latch -19 @2-4",
        ),
    ),
    S(
        "a latch at the flatten bar leaves with the reason latch",
        [RANGE, DOWN, AT_98, AT_98, AT_98, LOST_50],
        HALF_PERCENT,
        trades=("short 20 98 > 100.5 latch -50 @2-6",),
    ),
    S(
        "the baseline is the equity at the session's start",
        [
            {"AAA": [RANGE, UP, AT_102, (102, 102, 98, 100)]},
            {"AAA": [RANGE, UP, AT_102, (102, 102, 98, 100)]},
        ],
        {"max_daily_loss_pct": 0.01},
        equity=("6 9943", "1/6 9886"),
        why=("1/3 max_entries", "1/4 max_entries"),
    ),
    S(
        "the next baseline comes after assumed_close",
        [
            {"AAA": [RANGE, UP, AT_102, (102, 110, 101, 110, 10), HOLE, HOLE, HOLE]},
            {"AAA": [RANGE, STILL]},
        ],
        {
            "max_participation": 0.1,
            "slippage_bps": 100.0,
            "commission_minimum": 1.0,
            "max_daily_loss_pct": 0.0021,
        },
        equity=("5 10131.62", "6 10109.72"),
        why=("1/1 no_breakout",),
    ),
    S(
        "an equity far below nothing latches",
        [RANGE, UP, AT_102],
        {"commission_per_share": 1e6},
        fills=("2 entry +19 102", "3 exit -19 102"),
        why=("2 latched", "6 latched"),
    ),
)

RESULTS: tuple[S, ...] = (
    S(
        "pnl is after the commissions of all parts and the exit price weighted by quantity",
        [RANGE, UP, AT_102, (102, 102, 98, 100, 50), (100, 100, 100, 100)],
        {"max_participation": 0.1, "commission_per_share": 0.1},
        trades=("long 19 102 > 99.7368 stop -46.8 @2-4",),
    ),
    S(
        "warm-up sessions trade nothing and keep no equity",
        [{"AAA": [RANGE, UP]}, {"AAA": [RANGE, UP]}],
        first_traded=1,
        fills=("1/2 entry +19 102", "1/6 exit -19 102"),
        why=("1 none", "1/1 enter_long"),
    ),
)

MONEY: tuple[S, ...] = (*SIZES, *FUNDS, *CLAIMS, *LATCHES, *RESULTS)
