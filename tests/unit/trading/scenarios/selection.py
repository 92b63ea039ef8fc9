"""The rules of sections 10 and 11: days, opening volumes and who may trade, by sentence."""

from __future__ import annotations

from typing import Any

from tests.oracle.reference.bars import DailyRow
from tests.unit.trading.scenarios.gate import CALM, GATE, times
from tests.unit.trading.scenarios.scenario import RANGE, UP, Bar, Day, Scenario, june_sessions

S = Scenario

DAY: Day = {"AAA": CALM}
# Fifteen days of true range 2 and seven million shares each.
PAST: list[Day] = [DAY] * 15
BY_DAY: dict[str, Any] = {"stop": "daily_atr", "stop_daily_atr": 0.5}
HOLDS: Bar = (102, 102.5, 101.5, 102)


def with_volume(volume: float, *bars: Bar | None) -> list[Bar | None]:
    """Return bars of a volume."""
    return [None if bar is None else (*bar[:4], volume) for bar in bars]


def file_of(days: dict[int, tuple[float, ...]], symbol: str = "AAA") -> tuple[DailyRow, ...]:
    """Return a file's rows by the number of the session; 1 million shares of 100 to 101 else."""
    return tuple(
        (symbol, june_sessions()[n][0], *(float(value) for value in values))  # type: ignore[misc]
        for n, values in days.items()
    )


PLAIN_DAY = (100, 101, 99, 100, 1_000_000)
FIFTEEN = dict.fromkeys(range(15), PLAIN_DAY)
NO_BARS: list[Day] = [{"AAA": [None] * 7}] * 15
AFTER_FIFTEEN: list[Day] = [*NO_BARS, {"AAA": [RANGE, UP, HOLDS]}]

DAYS: tuple[S, ...] = (
    S(
        "fifteen daily bars make a daily ATR",
        [*PAST, {"AAA": [RANGE, UP]}],
        BY_DAY,
        fills=("15/2 entry +19 102", "15/6 exit -19 102"),
        first_traded=15,
    ),
    S(
        "a session's own day counts from the next session on",
        [*PAST[1:], {"AAA": [RANGE, UP]}],
        BY_DAY,
        why=("14/1 indicator_warming_up",),
        first_traded=14,
    ),
    S(
        "a session without a bar has no daily bar",
        [*PAST[:7], {"AAA": [None] * 7}, *PAST[8:], {"AAA": [RANGE, UP]}],
        BY_DAY,
        why=("15/1 indicator_warming_up",),
        first_traded=15,
    ),
    S(
        "a session without a bar leaves no hole among the days",
        [*PAST[:7], {"AAA": [None] * 7}, *PAST[7:], {"AAA": [RANGE, UP]}],
        BY_DAY,
        why=("16/1 enter_long",),
        first_traded=16,
    ),
    S(
        "a daily bar has the highest high and the lowest low of its session",
        [
            *[{"AAA": [(100, 103, 100, 101), (101, 101, 99, 100), (100, 100.5, 99.5, 100)]}] * 15,
            {"AAA": [RANGE, UP, HOLDS, (102, 102, 100, 101)]},
        ],
        BY_DAY,
        fills=("15/2 entry +19 102", "15/3 stop -19 100"),
        first_traded=15,
    ),
    S(
        "a true range between days begins at the close of the day before",
        [
            *[{"AAA": times(1 + 0.1 * (n % 2), *CALM)} for n in range(15)],
            {"AAA": [RANGE, UP]},
        ],
        # From 100 up to 111.1 it is 11.1, from 110 down to 99 it is 11.
        {"min_daily_atr": 11.04},
        why=("15/1 enter_long",),
        first_traded=15,
    ),
    S(
        "a daily volume is the mean of the last fourteen days",
        [{"AAA": with_volume(9e9, *CALM)}, *PAST[1:], {"AAA": [RANGE, UP]}],
        {"min_daily_volume": 7_000_000},
        why=("15/1 enter_long",),
        first_traded=15,
    ),
    S(
        "a daily volume that is too small by one is not enough",
        [{"AAA": with_volume(9e9, *CALM)}, *PAST[1:], {"AAA": [RANGE, UP]}],
        {"min_daily_volume": 7_000_001},
        why=("15/1 not_eligible", "15/2 not_eligible"),
        first_traded=15,
    ),
    S(
        "thirteen days have no daily volume",
        [*PAST[:13], {"AAA": [RANGE, UP]}],
        {"min_daily_volume": 1},
        why=("13/1 not_eligible",),
        first_traded=13,
    ),
    S(
        "a gap forgets the daily bars of before",
        [*PAST, {"AAA": times(2, RANGE, UP)}],
        {**GATE, "gate_stale": 0, "min_daily_atr": 0.1},
        why=("15/1 data_gate:gap",),
        first_traded=15,
    ),
    S(
        "what a gap has made of the past is no daily ATR in the next session",
        [*PAST, {"AAA": times(2, *CALM)}, {"AAA": times(2, RANGE, UP)}],
        {**GATE, "gate_stale": 0, "min_daily_atr": 0.1},
        why=("16/1 not_eligible",),
        first_traded=15,
    ),
    S(
        "a gap that came back restores the daily bars",
        [*PAST, {"AAA": [*times(2, *[RANGE] * 2), *CALM[:5]]}, {"AAA": [RANGE, UP]}],
        {**GATE, "gate_stale": 0, "gate_jump": 0.0, "min_daily_atr": 0.1},
        why=("15/1 data_gate:gap", "16/1 enter_long"),
        first_traded=15,
    ),
)

FILES: tuple[S, ...] = (
    S(
        "a file of days replaces those made of bars",
        AFTER_FIFTEEN,
        BY_DAY,
        daily=file_of(FIFTEEN),
        fills=("15/2 entry +19 102", "15/6 exit -19 102"),
        first_traded=15,
    ),
    S(
        "days of bars count no longer where there is a file",
        [*PAST, {"AAA": [RANGE, UP]}],
        BY_DAY,
        daily=file_of(dict.fromkeys(range(1, 15), PLAIN_DAY)),
        why=("15/1 indicator_warming_up",),
        first_traded=15,
    ),
    S(
        "a symbol that the file lacks has no daily value",
        [*PAST, {"AAA": [RANGE, UP]}],
        BY_DAY,
        daily=file_of(FIFTEEN, "ZZZ"),
        why=("15/1 indicator_warming_up",),
        first_traded=15,
    ),
    S(
        "a session's own date and later ones of a file are never read",
        AFTER_FIFTEEN,
        BY_DAY,
        daily=file_of({**dict.fromkeys(range(1, 15), PLAIN_DAY), 15: PLAIN_DAY, 16: PLAIN_DAY}),
        why=("15/1 indicator_warming_up",),
        first_traded=15,
    ),
    S(
        "a date of a file that is no session is dropped",
        AFTER_FIFTEEN,
        BY_DAY,
        # Of the Monday after that Saturday the file has nothing.
        daily=(
            *file_of({n: day for n, day in FIFTEEN.items() if n != 8}),
            ("AAA", "2025-06-14", 100.0, 101.0, 99.0, 100.0, 1e6),
        ),
        why=("15/1 indicator_warming_up",),
        first_traded=15,
    ),
    S(
        "an invalid day of a file is none",
        AFTER_FIFTEEN,
        BY_DAY,
        daily=file_of({**FIFTEEN, 3: (100, 99, 99, 100, 1e6)}),
        why=("15/1 indicator_warming_up",),
        first_traded=15,
    ),
    S(
        "of the same date in a file the last row counts",
        AFTER_FIFTEEN,
        {"min_daily_volume": 1_000_000},
        daily=(*file_of({14: (100, 101, 99, 100, 5)}), *file_of(FIFTEEN)),
        why=("15/1 enter_long",),
        first_traded=15,
    ),
    S(
        "prices of a file pass r4",
        AFTER_FIFTEEN,
        {"min_daily_atr": 2.0},
        daily=file_of(dict.fromkeys(range(15), (100, 100.99996, 99, 100, 1e6))),
        why=("15/1 enter_long",),
        first_traded=15,
    ),
    S(
        "of a file a new level forgets the rows up to its session's own",
        [{"AAA": [RANGE, *times(2, *[RANGE] * 6)]}, *NO_BARS[1:14], {"AAA": [RANGE, UP]}],
        {**GATE, "gate_gap": 0.0, "gate_stale": 0, "min_daily_volume": 1},
        daily=file_of(dict.fromkeys(range(14), PLAIN_DAY)),
        why=("14/1 not_eligible",),
        first_traded=14,
    ),
    S(
        "of a file a gap forgets the rows before its session, and not its own",
        [DAY, {"AAA": times(2, *CALM)}, *NO_BARS[2:15], {"AAA": times(2, RANGE, UP)}],
        {**GATE, "gate_stale": 0, "min_daily_volume": 1},
        daily=file_of(FIFTEEN),
        why=("15/1 enter_long",),
        first_traded=15,
    ),
    S(
        "the rows of a file may come in any order",
        AFTER_FIFTEEN,
        BY_DAY,
        daily=tuple(reversed(file_of(FIFTEEN))),
        why=("15/1 enter_long",),
        first_traded=15,
    ),
)

RELATIVE: tuple[S, ...] = (
    S(
        "a relative opening volume is that of the range over the mean of fourteen earlier ones",
        [*PAST[:14], {"AAA": [(*RANGE, 2_000_000), UP]}],
        {"min_relative_opening_volume": 2.0},
        why=("14/1 enter_long",),
        numbers=("14/1 relative_opening_volume 2", "14/2 relative_opening_volume none"),
        first_traded=14,
    ),
    S(
        "a relative opening volume that is too small is not eligible",
        [*PAST[:14], {"AAA": [(*RANGE, 2_000_000), UP]}],
        {"min_relative_opening_volume": 2.01},
        why=("14/1 not_eligible",),
        numbers=("14/1 relative_opening_volume 2",),
        first_traded=14,
    ),
    S(
        "thirteen sessions have no relative opening volume",
        [*PAST[:13], {"AAA": [(*RANGE, 2_000_000), UP]}],
        {"min_relative_opening_volume": 0.1},
        why=("13/1 not_eligible",),
        first_traded=13,
    ),
    S(
        "a session whose range is incomplete has no opening volume",
        [*PAST[:13], {"AAA": [None, *CALM[1:]]}, {"AAA": [(*RANGE, 2_000_000), UP]}],
        {"min_relative_opening_volume": 0.1},
        why=("14/1 not_eligible",),
        first_traded=14,
    ),
    S(
        "a range of which a bar is missing has no opening volume, whatever came after it",
        [*PAST[:13], {"AAA": [None, *CALM[1:]]}, {"AAA": [RANGE, RANGE, UP]}],
        {"min_relative_opening_volume": 0.1, "range_minutes": 120},
        why=("14/2 not_eligible",),
        first_traded=14,
    ),
    S(
        "a session without an opening volume leaves no hole among them",
        [*PAST[:7], {"AAA": [None, *CALM[1:]]}, *PAST[7:14], {"AAA": [RANGE, UP]}],
        {"min_relative_opening_volume": 1.0},
        why=("15/1 enter_long",),
        first_traded=15,
    ),
    S(
        "an opening volume is that of all bars of the range",
        [*PAST[:14], {"AAA": [(*RANGE, 3_000_000), RANGE, UP]}],
        {"min_relative_opening_volume": 2.0, "range_minutes": 120},
        why=("14/2 enter_long",),
        first_traded=14,
    ),
    S(
        "only the last fourteen opening volumes count",
        [{"AAA": [(*RANGE, 9e9), *CALM[1:]]}, *PAST[:14], {"AAA": [(*RANGE, 2_000_000), UP]}],
        {"min_relative_opening_volume": 2.0},
        why=("15/1 enter_long",),
        first_traded=15,
    ),
    S(
        "a mean of no volume at all gives no relative opening volume",
        [*[{"AAA": [(*RANGE, 0), *CALM[1:]]}] * 14, {"AAA": [RANGE, UP]}],
        {"select_top": 1},
        why=("14/1 not_eligible",),
        first_traded=14,
    ),
    S(
        "a new level inside the range forgets what the range has traded",
        [*PAST[:14], {"AAA": [RANGE, *times(2, RANGE, RANGE), *times(2, UP, HOLDS)]}, *PAST[:1]],
        {**GATE, "gate_stale": 0, "gate_gap": 0.0, "range_minutes": 180, "select_top": 1},
        why=("14/3 data_gate:new_level", "15/3 not_eligible"),
        first_traded=14,
    ),
    S(
        "a new level that came back leaves the opening volume of its session",
        [
            *PAST[:13],
            {"AAA": [RANGE, *times(2, RANGE, RANGE), RANGE, RANGE, RANGE, RANGE]},
            {"AAA": [(*RANGE, 2_000_000), UP]},
        ],
        {**GATE, "gate_stale": 0, "min_relative_opening_volume": 2.0},
        why=("13/2 data_gate:new_level", "14/1 enter_long"),
        first_traded=13,
    ),
)

ELIGIBLE: tuple[S, ...] = (
    S(
        "an open of bar 0 at min_price is enough",
        [RANGE, UP],
        {"min_price": 100},
        why=("1 enter_long",),
    ),
    S(
        "an open of bar 0 below min_price is not, to the session's end",
        [RANGE, UP, HOLDS],
        {"min_price": 100.01},
        fills=(),
        why=("1 not_eligible", "2 not_eligible", "6 not_eligible"),
    ),
    S(
        "an entry that would rest is judged at the close that places it",
        [(100, 101, 99, 100.5), UP],
        {"min_price": 100.01, "entry": "stop", "direction": "first_bar"},
        fills=(),
        why=("0 not_eligible", "1 not_eligible"),
    ),
    S(
        "min_price is judged by the open and not by the close",
        [(100, 101, 99, 99), UP],
        {"min_price": 99.5},
        why=("1 enter_long",),
    ),
    S(
        "a daily ATR that is missing is not eligible",
        [RANGE, UP],
        {"min_daily_atr": 0.01},
        why=("1 not_eligible",),
    ),
    S(
        "a daily ATR at its threshold is enough",
        [*PAST, {"AAA": [RANGE, UP]}],
        {"min_daily_atr": 2.0},
        why=("15/1 enter_long",),
        first_traded=15,
    ),
    S(
        "a daily ATR below its threshold is not",
        [*PAST, {"AAA": [RANGE, UP]}],
        {"min_daily_atr": 2.0001},
        why=("15/1 not_eligible",),
        first_traded=15,
    ),
    S(
        "a threshold of 0 is not tested",
        [RANGE, UP],
        {"min_daily_atr": 0, "min_daily_volume": 0, "min_relative_opening_volume": 0},
        why=("1 enter_long",),
    ),
    S(
        "an incomplete range comes before what is not eligible, a flat one too",
        {"AAA": [None, UP], "BBB": [(100, 100, 100, 100), UP]},
        {"min_price": 200},
        why=("1 AAA range_incomplete", "1 BBB range_flat"),
    ),
    S(
        "what is not eligible comes before max_entries",
        [RANGE, UP],
        {"min_price": 200, "max_entries": 0},
        why=("1 not_eligible",),
    ),
)


def ranked(today: Day, **settings: Any) -> dict[str, Any]:
    """Return what a row of a ranking needs: fourteen days of before for all, then today."""
    before: Day = dict.fromkeys(today, CALM)
    return {
        "bars": [*[before] * 14, today],
        "settings": {"select_top": 1, **settings},
        "first_traded": 14,
    }


def opening(volume: float, *rest: Bar | None) -> list[Bar | None]:
    """Return a day whose opening range has a volume."""
    return [(*RANGE, volume), *rest]


RANKED: tuple[S, ...] = (
    S(
        "the highest relative opening volume is selected",
        **ranked({"AAA": opening(2e6, UP), "BBB": opening(3e6, UP)}),
        why=("14/1 AAA not_selected", "14/2 AAA not_selected", "14/1 BBB enter_long"),
    ),
    S(
        "equal relative opening volumes are ranked in the configured order",
        **ranked({"AAA": opening(2e6, UP), "BBB": opening(2e6, UP), "CCC": opening(1e6, UP)}),
        why=("14/1 AAA enter_long", "14/1 BBB not_selected", "14/1 CCC not_selected"),
    ),
    S(
        "the first two of three are selected",
        **ranked(
            {"AAA": opening(2e6, UP), "BBB": opening(1e6, UP), "CCC": opening(3e6, UP)},
            select_top=2,
        ),
        why=("14/1 AAA enter_long", "14/1 BBB not_selected", "14/1 CCC enter_long"),
    ),
    S(
        "a flat range takes no place in the ranking",
        **ranked({"AAA": [(100, 100, 100, 100, 9e6), UP], "BBB": opening(1e6, UP)}),
        why=("14/1 AAA range_flat", "14/1 BBB enter_long"),
    ),
    S(
        "an incomplete range takes no place in the ranking",
        **ranked({"AAA": [None, UP], "BBB": opening(1e6, UP)}),
        why=("14/1 AAA range_incomplete", "14/1 BBB enter_long"),
    ),
    S(
        "what is not eligible takes no place in the ranking",
        **ranked({"AAA": [(90, 101, 89, 100, 9e6), UP], "BBB": opening(1e6, UP)}, min_price=95),
        why=("14/1 AAA not_eligible", "14/1 BBB enter_long"),
    ),
    S(
        "a side that is disabled keeps its place in the ranking",
        **ranked(
            {"AAA": opening(3e6, (100, 100, 98, 98)), "BBB": opening(1e6, UP)}, allow_short=False
        ),
        why=("14/1 AAA short_disabled", "14/1 BBB not_selected"),
    ),
    S(
        "a block of the gate keeps its place in the ranking",
        **ranked(
            {"AAA": times(2, *opening(1, UP)), "BBB": opening(1e6, UP)},
            **{**GATE, "gate_stale": 0},
        ),
        # Its past is forgotten with the gap: it has no relative opening volume any more.
        why=("14/1 AAA data_gate:gap", "14/1 BBB enter_long"),
    ),
    S(
        "a bar without volume in the range keeps its place in the ranking",
        **ranked(
            {
                "AAA": [(*RANGE, 9e6), (*RANGE, 0), UP],
                "BBB": [(*RANGE, 1e6), (*RANGE, 1e6), UP],
            },
            range_minutes=120,
            **{**GATE, "gate_stale": 0},
        ),
        why=("14/2 AAA enter_long", "14/2 BBB not_selected"),
    ),
    S(
        "without a relative opening volume nothing is selected",
        [RANGE, UP],
        {"select_top": 3},
        why=("1 not_eligible",),
    ),
    S(
        "symbols decide in the configured order whatever their rank",
        **ranked({"AAA": opening(2e6, UP), "BBB": opening(3e6, UP)}, select_top=2, max_positions=1),
        why=("14/1 AAA enter_long", "14/1 BBB max_positions"),
    ),
    S(
        "what is not selected comes before max_entries",
        **ranked({"AAA": opening(2e6, UP), "BBB": opening(3e6, UP)}, max_entries=0),
        why=("14/1 AAA not_selected", "14/1 BBB max_entries"),
    ),
)

SELECTION: tuple[S, ...] = (*DAYS, *FILES, *RELATIVE, *ELIGIBLE, *RANKED)
