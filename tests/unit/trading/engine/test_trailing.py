"""Stops that follow the best price, targets of every kind, and exits by the strategy's word."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import pytest

from tests.unit.trading.engine.hand_played import Bar, Play, Played, play, play_live
from trading.engine.workspace import LEAVES_LONG, LEAVES_SHORT
from trading.entries import FRACTION, LIMIT, MARKET, STOP, USD, Entry, R
from trading.reasons import ENTER_LONG, ENTER_SHORT

CALM: Bar = (100, 100.5, 99.5, 100)
DOLLARS = {"trailing": "dollars", "trail_dollars": 2.0}
PERCENT = {"trailing": "percent", "trail_pct": 0.02}
ATR = {"trailing": "atr", "trail_atr": 2.0}


def long(
    order: int = MARKET, level: float = math.nan, stop: float = 95, target: float = math.nan,
    kind: int = USD,
) -> Entry:  # fmt: skip
    """Return a long entry."""
    return Entry(ENTER_LONG, stop, target, kind, order, level, 0)


def short(
    order: int = MARKET, level: float = math.nan, stop: float = 105, target: float = math.nan,
    kind: int = USD,
) -> Entry:  # fmt: skip
    """Return a short entry."""
    return Entry(ENTER_SHORT, stop, target, kind, order, level, 0)


class Case(NamedTuple):
    """An entry at the first close, the bars after it, and how the position is left."""

    name: str
    entry: Entry
    bars: Sequence[Bar | None]
    left: str
    settings: dict[str, Any]
    atr: float | Sequence[float] = math.nan


TRAILS: tuple[Case, ...] = (
    Case(
        "dollars behind the highest high, the entry bar's included",
        long(),
        [(100, 103, 99, 102), (102, 102, 101, 101)],
        "2 stop -20 101",
        DOLLARS,
    ),
    Case(
        "dollars above the lowest low",
        short(),
        [(100, 101, 97, 98), (98, 99, 98, 99)],
        "2 stop +20 99",
        DOLLARS,
    ),
    Case(
        "the level of a bar works from the next bar on",
        long(),
        [(100, 103, 96, 102), (102, 102, 101.01, 102)],
        "4 exit -20 102",
        DOLLARS,
    ),
    Case(
        "a lower high after the best moves nothing",
        long(),
        [(100, 103, 102, 102.5), (102.5, 102.6, 101.5, 102), (102, 102, 101, 101)],
        "3 stop -20 101",
        DOLLARS,
    ),
    Case(
        "a fraction behind the best is rounded away from a long",
        long(),
        # 0.98 x 103.33 is 101.2634.
        [(100, 103.33, 102, 103), (103, 103, 101.26, 102)],
        "2 stop -20 101.26",
        PERCENT,
    ),
    Case(
        "a fraction behind the best is rounded away from a short",
        short(),
        # 1.02 x 96.67 is 98.6034.
        [(100, 100, 96.67, 97), (97, 98.61, 97, 98)],
        "2 stop +20 98.61",
        PERCENT,
    ),
    Case(
        "multiples of the ATR at each close",
        long(),
        [(100, 103, 102, 102.5), (102.5, 102.5, 101, 101)],
        "2 stop -20 101",
        {"trailing": "atr", "trail_atr": 2.5},
        0.8,
    ),
    Case(
        "an ATR that shrinks brings the stop nearer to the best of before",
        long(),
        [(100, 103, 99, 102.5), (102.5, 102.6, 101, 102), (102, 102.2, 101, 102)],
        "3 stop -20 102",
        ATR,
        [2, 2, 0.5, 0.5, 0.5, 0.5],
    ),
    Case(
        "an ATR that shrinks brings a short's stop nearer to the best of before",
        short(),
        [(100, 101, 97, 97.5), (97.5, 99, 97.4, 98), (98, 99, 97.8, 98)],
        "3 stop +20 98",
        ATR,
        [2, 2, 0.5, 0.5, 0.5, 0.5],
    ),
    Case(
        "steps that were left in the settings move no other kind of stop",
        long(),
        [(100, 103, 99, 102), (102, 102, 101.01, 102)],
        "4 exit -20 102",
        {**DOLLARS, "trail_steps": [[0.1, 0.5]]},
    ),
    Case(
        "a short's break-even stop lies below its entry",
        short(stop=102),
        [(100, 100, 97.99, 98.5), (98.5, 99.5, 98, 99)],
        "2 stop +20 99.5",
        {"trailing": "breakeven", "trail_plus": 0.5},
    ),
    Case(
        "a move that reaches the trigger moves the stop",
        long(stop=98),
        [(100, 103, 100, 102), (102, 102, 100, 101)],
        "2 stop -20 100",
        {"trailing": "breakeven", "trail_trigger_r": 1.5},
    ),
    Case(
        "a move short of the trigger moves nothing",
        long(stop=98),
        [(100, 102.99, 100, 102), (102, 102, 98.5, 101)],
        "4 exit -20 101",
        {"trailing": "breakeven", "trail_trigger_r": 1.5},
    ),
    Case(
        "a step that is reached moves the stop, and the next does not",
        long(stop=98),
        [(100, 104, 100, 103), (103, 103, 102, 102)],
        "2 stop -20 102",
        {"trailing": "stepped", "trail_steps": [[2, 1], [2.01, 1.2]]},
    ),
    Case(
        "an ATR without a value moves nothing",
        long(),
        [(100, 103, 99, 102.5), (102.5, 102.5, 95.5, 101)],
        "4 exit -20 101",
        ATR,
    ),
    Case(
        "a wide distance never loosens the stop",
        long(stop=99),
        [(100, 101, 99.5, 100), (100, 100, 99, 99)],
        "2 stop -20 99",
        {"trailing": "dollars", "trail_dollars": 50.0},
    ),
    Case(
        "a missing bar keeps the best",
        long(),
        [(100, 103, 99, 102), None, (102, 102, 101, 101)],
        "3 stop -20 101",
        DOLLARS,
    ),
    Case(
        "a bar that fills inside trails nothing",
        long(STOP, 101),
        [(100, 104, 100, 103), (103, 103, 100.5, 101), (101, 101, 101, 101)],
        # The best is 103, of the bar after: its level would have been 102 had 104 counted.
        "3 stop -16 101",
        DOLLARS,
    ),
    Case(
        "a bar that fills a short inside trails nothing",
        short(STOP, 99),
        [(100, 100, 96, 97), (97, 99, 97, 99), (99, 99.5, 99, 99)],
        "3 stop +16 99",
        DOLLARS,
    ),
    Case(
        "a bar that fills a limit entry inside trails nothing",
        long(LIMIT, 99),
        [(100, 104, 99, 103), (103, 103, 100.5, 101), (101, 101, 101, 101)],
        "3 stop -20 101",
        DOLLARS,
    ),
    Case(
        "a stop entry that fills at the open trails by its bar",
        long(STOP, 101),
        [(101, 104, 101, 103), (103, 103, 102, 102)],
        "2 stop -16 102",
        DOLLARS,
    ),
    Case(
        "a limit entry that fills at the open trails by its bar",
        long(LIMIT, 99),
        [(99, 102, 99, 101), (101, 101, 100, 100)],
        "2 stop -20 100",
        DOLLARS,
    ),
    Case(
        "a break-even stop is not moved by a bar that fills inside",
        long(STOP, 101, stop=99),
        [(100, 104, 100, 103), (102, 102, 100.5, 102)],
        "4 exit -19 102",
        {"trailing": "breakeven"},
    ),
    Case(
        "of several steps that are reached the one furthest in favour counts",
        long(stop=98),
        [(100, 106, 99, 105), (105, 105, 103, 104)],
        "2 stop -20 103",
        {"trailing": "stepped", "trail_steps": [[1, 1.5], [2, 0], [9, 8]]},
    ),
    Case(
        "a target in dollars",
        long(target=1.234),
        [(100, 102, 100, 101)],
        "1 target -20 101.23",
        {},
    ),
    Case(
        "a target as a fraction of the fill is rounded towards a long",
        long(target=0.01239, kind=FRACTION),
        [(100, 102, 100, 101)],
        "1 target -20 101.23",
        {},
    ),
    Case(
        "a target as a fraction of the fill is rounded towards a short",
        short(target=0.01239, kind=FRACTION),
        [(100, 100, 98, 99)],
        "1 target +20 98.77",
        {},
    ),
    Case(
        "a target in R counts from the fill",
        long(stop=98, target=1.5, kind=R),
        # Bought at 101, so that R is 3 and not 2.
        [(101, 105.5, 101, 105), (105, 106, 105, 106)],
        "1 target -20 105.5",
        {},
    ),
    Case(
        "a short's target in R",
        short(stop=102, target=2, kind=R),
        [(100, 100, 96, 97)],
        "1 target +20 96",
        {},
    ),
    Case(
        "no target of any kind",
        long(target=math.nan, kind=R),
        [(100, 150, 100, 150)],
        "3 exit -20 150",
        {},
    ),
)


def named(case: Case) -> str:
    """Return a case's sentence."""
    return case.name


@pytest.mark.parametrize("case", TRAILS, ids=named)
def test_a_position_is_left(case: Case) -> None:
    last = [bar for bar in case.bars if bar is not None][-1][3]
    day = [CALM, *case.bars, *[(last, last, last, last)] * 2]
    made = Play([[day]], {(0, 0): case.entry}, settings=case.settings, atr=case.atr)
    assert play(made).fills[1] == case.left
    assert play_live(made).as_bytes() == play(made).as_bytes()


def test_the_best_begins_anew_with_each_position() -> None:
    # Of the first position it is 110, and it was never left by its trailing stop.
    up, back = (100, 110, 100, 109), (109, 109, 100, 100)
    day = [CALM, up, back, CALM, (100, 100.5, 99, 100), CALM, CALM]
    says = {(0, 0): long(), (2, 0): long()}
    made = play(Play([[day]], says, settings={**DOLLARS, "trail_dollars": 4.0, "max_entries": 2}))
    assert made.fills == ["1 entry +20 100", "2 stop -20 106", "3 entry +20 100", "6 exit -20 100"]


def test_a_position_that_leaves_trails_no_more() -> None:
    day = [CALM, (100, 103, 100, 102), (102, 106, 102, 105), None, CALM, CALM, CALM]
    made = play(Play([[day]], {(0, 0): long()}, {(1, 0): LEAVES_LONG}, settings=DOLLARS))
    assert made.book.best[0] == 103
    assert made.left_by == ["signal"]


def left(day: Sequence[Bar | None], entry: Entry, bar: int, bits: int, **chosen: Any) -> Played:
    """Return what came of a day on which the strategy leaves at a bar."""
    made = Play([[list(day)]], {(0, 0): entry}, {(bar, 0): bits}, settings=chosen)
    assert play_live(made).as_bytes() == play(made).as_bytes()
    return play(made)


def test_a_strategy_leaves_a_position_at_the_next_open() -> None:
    made = left([CALM, CALM, CALM, (101, 101, 101, 101), CALM, CALM], long(), 2, LEAVES_LONG)
    assert made.fills == ["1 entry +20 100", "3 exit -20 101"]
    assert made.left_by == ["signal"]


@pytest.mark.parametrize(
    ("entry", "bits", "word"),
    [
        (long(), LEAVES_LONG | LEAVES_SHORT, "signal"),
        (long(), LEAVES_SHORT, "flatten"),
        (short(), LEAVES_SHORT, "signal"),
        (short(), LEAVES_LONG, "flatten"),
    ],
)
def test_a_strategy_leaves_the_side_that_it_names(entry: Entry, bits: int, word: str) -> None:
    assert left([CALM] * 6, entry, 2, bits).left_by == [word]


def test_a_strategy_leaves_a_position_at_the_close_of_its_entry_bar() -> None:
    made = left([CALM] * 6, long(STOP, 100.5), 1, LEAVES_LONG)
    assert made.fills[1] == "2 exit -18 100"


def test_a_position_whose_bar_is_missing_is_not_left_by_signal() -> None:
    assert left([CALM, CALM, None, CALM, CALM, CALM], long(), 2, LEAVES_LONG).left_by == ["flatten"]


def test_the_stop_that_fired_keeps_its_reason_when_the_strategy_leaves_too() -> None:
    day = [CALM, CALM, (98, 98, 94, 95, 50), CALM, CALM, CALM]
    made = left(day, long(), 2, LEAVES_LONG, max_participation=0.1)
    assert made.fills == ["1 entry +20 100", "2 stop -5 95", "3 exit -15 100"]
    assert made.left_by == ["stop"]


def test_the_flatten_bar_leaves_before_the_strategy_does() -> None:
    assert left([CALM] * 6, long(), 4, LEAVES_LONG).left_by == ["flatten"]


def test_a_signal_that_nobody_waited_for_leaves_nothing_later() -> None:
    day = [CALM, CALM, CALM, CALM, CALM]
    made = left(day, long(), 0, LEAVES_LONG | LEAVES_SHORT)
    assert made.left_by == ["flatten"]
