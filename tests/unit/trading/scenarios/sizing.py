"""The rules of section 14: sizes, leverage, fees and the drawdown halt, sentence by sentence.

With UP at 102 and the stop at 99 three dollars a share are at risk; a fifth of 10,000 USD is 19
shares.
"""

from __future__ import annotations

from typing import Any

from tests.unit.trading.scenarios.resting_entries import HELD, RISING, THROUGH, resting
from tests.unit.trading.scenarios.scenario import DOWN, RANGE, UP, Bar, Scenario

S = Scenario

SIZES: tuple[S, ...] = (
    S(
        "a fixed risk in dollars is divided by the risk of a share",
        [RANGE, UP],
        {"sizing": "fixed_risk", "risk_usd": 32},
        fills=("2 entry +10 102", "6 exit -10 102"),
    ),
    S(
        "a fixed risk heeds the largest position",
        [RANGE, UP],
        {"sizing": "fixed_risk", "risk_usd": 500},
        fills=("2 entry +19 102", "6 exit -19 102"),
    ),
    S(
        "a fixed number of shares is bought whatever the risk",
        [RANGE, UP],
        {"sizing": "fixed_shares", "shares": 7, "risk_per_trade": 0.0001},
        fills=("2 entry +7 102", "6 exit -7 102"),
    ),
    S(
        "a fixed number of shares heeds the largest position",
        [RANGE, UP],
        {"sizing": "fixed_shares", "shares": 1000},
        fills=("2 entry +19 102", "6 exit -19 102"),
    ),
    S(
        "a fixed number of shares needs a protective stop all the same",
        [RANGE, (100, 102, 98.99, 98.995)],
        {"sizing": "fixed_shares", "breakout_on": "wick"},
        why=("1 stop_not_protective",),
    ),
    S(
        "max_shares is one more limit",
        [RANGE, UP],
        {"max_shares": 6},
        fills=("2 entry +6 102", "6 exit -6 102"),
    ),
    S(
        "max_shares limits a fixed number of shares",
        [RANGE, UP],
        {"sizing": "fixed_shares", "shares": 7, "max_shares": 6},
        fills=("2 entry +6 102", "6 exit -6 102"),
    ),
    S(
        "max_shares limits a fixed risk",
        [RANGE, UP],
        {"sizing": "fixed_risk", "risk_usd": 32, "max_shares": 6},
        fills=("2 entry +6 102", "6 exit -6 102"),
    ),
)

ALL_IN: dict[str, Any] = {"risk_per_trade": 1.0, "max_position_pct": 2.0, "leverage": 2.0}

LEVERAGE: tuple[S, ...] = (
    S(
        "buying power is equity times the leverage",
        [RANGE, UP],
        ALL_IN,
        fills=("2 entry +196 102", "6 exit -196 102"),
    ),
    S(
        "what is held is subtracted from the buying power, and what is reserved",
        {"AAA": [RANGE, UP], "BBB": [RANGE, UP], "CCC": [RANGE, RANGE, UP]},
        {**ALL_IN, "max_position_pct": 1.0},
        fills=(
            "2 AAA entry +98 102",
            "2 BBB entry +98 102",
            "6 AAA exit -98 102",
            "6 BBB exit -98 102",
        ),
        # 20,000 less 98 shares of 102 twice leaves 8 dollars.
        why=("1 AAA enter_long", "1 BBB enter_long", "2 CCC size_below_one"),
    ),
    S(
        "at the fill the leverage counts too",
        [RANGE, UP, (104, 104, 103, 104)],
        ALL_IN,
        fills=("2 entry +192 104", "6 exit -192 104"),
    ),
    S(
        "at the fill what is held is subtracted",
        {
            "AAA": [RANGE, UP, (104, 104, 103, 104)],
            "BBB": [RANGE, UP, (104, 104, 103, 104)],
        },
        {**ALL_IN, "max_position_pct": 1.0},
        fills=(
            "2 AAA entry +98 104",
            "2 BBB entry +94 104",
            "6 AAA exit -98 104",
            "6 BBB exit -94 104",
        ),
    ),
    S(
        "a resting entry fills within the leverage",
        [RISING, THROUGH, HELD],
        resting(**ALL_IN),
        fills=("1 entry +198 101", "6 exit -198 101.5"),
    ),
)

FEES: tuple[S, ...] = (
    S(
        "a long pays the fees of a sale when it leaves",
        [RANGE, UP],
        {"sec_fee_per_million": 1000.0, "taf_per_share": 0.01},
        # 0.001 of 19 x 102 and a cent a share.
        trades=("long 19 102 > 102 flatten -2.128 @2-6",),
        equity=("2 10000", "6 9997.872"),
    ),
    S(
        "a short pays the fees of a sale when it enters",
        [RANGE, DOWN],
        {"sec_fee_per_million": 1000.0, "taf_per_share": 0.01},
        trades=("short 20 98 > 98 flatten -2.16 @2-6",),
        equity=("2 9997.84", "6 9997.84"),
    ),
    S(
        "the activity fee has a most for each filled part",
        [RANGE, UP],
        {"taf_per_share": 0.01, "taf_maximum": 0.05},
        trades=("long 19 102 > 102 flatten -0.05 @2-6",),
    ),
    S(
        "each part of an exit pays its own fees",
        [RANGE, UP, (102, 102, 101, 102), (102, 102, 98, 98, 100), (98, 98, 98, 98, 1000)],
        {"taf_per_share": 0.01, "taf_maximum": 0.05, "max_participation": 0.1},
        # Ten shares, then nine: 5 cents for each part.
        trades=("long 19 102 > 98.5263 stop -66.1 @2-4",),
    ),
    S(
        "fees come on top of the commission",
        [RANGE, UP],
        {"taf_per_share": 0.01, "commission_minimum": 1.0},
        trades=("long 19 102 > 102 flatten -2.19 @2-6",),
    ),
)

LOST: Bar = (102, 102, 100, 100)
NO_LATCH: dict[str, Any] = {"max_daily_loss_pct": 1.0}

DRAWDOWN: tuple[S, ...] = (
    S(
        "a drawdown from the capital halts the account and leaves every position",
        [RANGE, UP, LOST, (99.5, 100, 99.4, 99.5)],
        {**NO_LATCH, "max_drawdown_pct": 0.0038},
        trades=("long 19 102 > 99.5 latch -47.5 @2-3",),
        why=("1 enter_long", "2 halted", "3 halted", "6 halted"),
    ),
    S(
        "an equity just above the drawdown does not halt",
        [RANGE, UP, LOST, (100, 100, 99.4, 100)],
        {**NO_LATCH, "max_drawdown_pct": 0.00381},
        why=("2 position_open",),
    ),
    S(
        "a halt by drawdown outlasts the session",
        [{"AAA": [RANGE, UP, LOST]}, {"AAA": [RANGE, UP]}],
        {**NO_LATCH, "max_drawdown_pct": 0.0038},
        trades=("long 19 102 > 100 latch -38 @2-3",),
        why=("0/2 halted", "1/1 halted"),
    ),
    S(
        "the peak is the last equity of an earlier session",
        [
            {"AAA": [RANGE, UP, (102, 106, 102, 106)]},
            {"AAA": [RANGE, UP, (102, 102, 100, 100)]},
        ],
        # 76 won: 10,076 x (1 - 0.0037) is above 10,038, 10,000 x (1 - 0.0037) is not.
        {**NO_LATCH, "max_drawdown_pct": 0.0037},
        why=("0/2 position_open", "1/2 halted"),
    ),
    S(
        "the peak is the highest end of all earlier sessions, not of the last",
        [
            {"AAA": [RANGE, UP, (102, 106, 102, 106)]},
            {"AAA": [RANGE, UP, LOST]},
            {"AAA": [RANGE, UP, LOST]},
        ],
        # 10,076, then 10,038: 0.6 % below the first is 10,015.5, below the second 9,977.8.
        {**NO_LATCH, "max_drawdown_pct": 0.006},
        why=("1/2 position_open", "2/2 halted"),
    ),
    S(
        "what was highest within a session is no peak",
        [RANGE, UP, (102, 106, 102, 106), (106, 106, 104, 104), (104, 104, 104, 104)],
        {**NO_LATCH, "max_drawdown_pct": 0.0037},
        why=("2 position_open", "3 position_open"),
    ),
    S(
        "a halt by drawdown cancels an entry that rests",
        {
            "AAA": [RISING, (100, 100.5, 99.5, 100), THROUGH],
            "BBB": [RISING, (100.5, 101, 100, 100)],
        },
        resting(**NO_LATCH, max_drawdown_pct=0.0005),
        fills=("1 BBB entry +19 101", "2 BBB exit -19 100"),
        why=("1 AAA halted", "2 AAA halted"),
    ),
    S(
        "when latch and halt meet at one bar both hold, and the reason is halted",
        [{"AAA": [RANGE, UP, LOST]}, {"AAA": [RANGE, UP]}],
        {"max_daily_loss_pct": 0.0038, "max_drawdown_pct": 0.0038},
        trades=("long 19 102 > 100 latch -38 @2-3",),
        why=("0/2 halted", "0/3 halted", "1/1 halted"),
    ),
)

SIZING: tuple[S, ...] = (*SIZES, *LEVERAGE, *FEES, *DRAWDOWN)
