"""Rules section 1: which rows become which bars."""

from __future__ import annotations

import math

from tests.unit.trading.scenarios.scenario import LoadingScenario as Loading

NAN, INF = math.nan, math.inf
GOOD = (0, 100, 101, 99, 100, 500)
GOOD_BAR = (100, 101, 99, 100, 500)

LOADING: tuple[Loading, ...] = (
    Loading(
        "rows before the open are dropped",
        [(-5, 90, 91, 89, 90, 7), GOOD],
        {0: GOOD_BAR, 1: None},
        {"outside_session": 1, "missing": 6},
    ),
    Loading(
        "a row at the close is dropped",
        [GOOD, (390, 90, 91, 89, 90, 7)],
        {0: GOOD_BAR, 6: None},
        {"outside_session": 1},
    ),
    Loading(
        "everything after an early close is dropped",
        [
            GOOD,
            (60, 5, 5, 5, 5, 5),
            (180, 90, 91, 89, 90, 7),
            (210, 1, 2, 1, 1, 7),
            (300, 1, 2, 1, 1, 7),
        ],
        {0: GOOD_BAR, 3: (90, 91, 89, 90, 7)},
        {"outside_session": 2, "missing": 1},
        half_day=True,
    ),
    Loading(
        "the last of the same stamp in the order of the source is kept",
        [(0, 1, 1, 1, 1, 1), (60, 5, 5, 5, 5, 5), GOOD],
        {0: GOOD_BAR, 1: (5, 5, 5, 5, 5)},
        {"duplicate": 1},
    ),
    Loading(
        "duplicates are told by the row's own stamp, before aggregation",
        [(0, 100, 101, 99, 100, 1), (30, 102, 103, 98, 99, 1), (30, 90, 104, 90, 101, 2)],
        {0: (100, 104, 90, 101, 3)},
        {"duplicate": 1},
    ),
    Loading(
        "a last duplicate that is invalid does not bring the earlier row back",
        [GOOD, (0, 100, NAN, 99, 100, 500), (60, 5, 5, 5, 5, 5)],
        {0: None},
        {"duplicate": 1, "invalid": 1},
    ),
    Loading(
        "prices pass r4, which rounds half up",
        [(0, 100.00005, 100.12349, 99.00004, 100.00015, 1)],
        {0: (100.0001, 100.1235, 99.0, 100.0002, 1)},
    ),
    Loading(
        "r4 comes before the validity test",
        [(0, 100, 100.00004, 100, 100.000049, 1), (60, 0.00005, 0.0001, 0.00005, 0.0001, 1)],
        {0: (100, 100, 100, 100, 1), 1: (0.0001, 0.0001, 0.0001, 0.0001, 1)},
        {"invalid": 0},
    ),
    Loading(
        "a price that r4 makes zero is invalid",
        [(0, 0.0001, 0.0001, 0.00004, 0.0001, 1)],
        {0: None},
        {"invalid": 1},
    ),
    *(
        Loading(
            f"a row is invalid when {what}", [row, (60, 5, 5, 5, 5, 5)], {0: None}, {"invalid": 1}
        )
        for what, row in (
            ("a price is not a number", (0, NAN, 101, 99, 100, 1)),
            ("its high is not finite", (0, 100, INF, 99, 100, 1)),
            ("a price is zero", (0, 100, 101, 0, 100, 1)),
            ("a price is negative", (0, 100, 101, -1, 100, 1)),
            ("its high is below its close", (0, 100, 101, 99, 102, 1)),
            ("its high is below its open", (0, 102, 101, 99, 100, 1)),
            ("its low is above its open", (0, 100, 103, 101, 102, 1)),
            ("its low is above its close", (0, 102, 103, 101, 100, 1)),
            ("its volume is negative", (0, 100, 101, 99, 100, -1)),
            ("its volume is not finite", (0, 100, 101, 99, 100, INF)),
            ("its volume is not a number", (0, 100, 101, 99, 100, NAN)),
        )
    ),
    Loading(
        "zero volume is legal but counted",
        [(0, 100, 101, 99, 100, 0)],
        {0: (100, 101, 99, 100, 0)},
        {"zero_volume": 1, "invalid": 0},
    ),
    Loading(
        "finer rows aggregate to first, max, min, last and sum",
        [(60, 10, 12, 9, 11, 1), (75, 11, 11.5, 8, 9, 2), (90, 9, 13, 9, 12, 4)],
        {0: None, 1: (10, 13, 8, 12, 7), 2: None},
    ),
    Loading(
        "first and last are of time, not of the order of the source",
        [(90, 9, 13, 9, 12, 4), (60, 10, 12, 9, 11, 1), (75, 11, 11.5, 8, 9, 2)],
        {1: (10, 13, 8, 12, 7)},
    ),
    Loading(
        "only valid rows are aggregated",
        [(0, NAN, 12, 9, 11, 1), (15, 11, 11.5, 8, 9, 2), (30, 9, 130, 9, 0, 4)],
        {0: (11, 11.5, 8, 9, 2)},
        {"invalid": 2},
    ),
    Loading(
        "a bar exists when at least one valid row lies inside it",
        [(59.9, 5, 5, 5, 5, 1), (119.9, 6, 6, 6, 6, 1)],
        {0: (5, 5, 5, 5, 1), 1: (6, 6, 6, 6, 1), 2: None},
    ),
    Loading(
        "the last bar ends at the close, not at a whole interval",
        [(360, 5, 5, 5, 5, 1), (389, 6, 6, 6, 6, 1)],
        {6: (5, 6, 5, 6, 2)},
        {"missing": 6},
    ),
    Loading(
        "a half-day has only the bars up to its early close",
        [GOOD],
        {0: GOOD_BAR},
        {"missing": 3},
        half_day=True,
    ),
    Loading(
        "the source may be finer than the interval",
        [(0, 5, 5, 5, 5, 1), (5, 6, 6, 6, 6, 1)],
        {0: (5, 6, 5, 6, 2)},
        interval=15,
    ),
)
