"""Entries that rest at a level: where and when they fill, what ends them, what they hold."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import pytest

from tests.unit.trading.engine.hand_played import Bar, Play, play, play_live
from trading.entries import LIMIT, STOP, USD, Entry, enter, enter_at
from trading.reasons import (
    DATA_GATE_GAP,
    DATA_GATE_LATE,
    DATA_GATE_NEW_LEVEL,
    DATA_GATE_STALE,
    DATA_GATE_ZERO_VOLUME,
    HALTED,
    MISSED,
    RECONCILIATION,
    Reason,
)

CALM: Bar = (100, 100.5, 99.5, 100)


def long_at(
    order: int, level: float, stop: float, bars: int = 0, target: float = math.nan
) -> Entry:
    """Return a long entry that rests; the target is in USD."""
    return enter_at(
        order, level, is_long=True, stop=stop, target=target, target_kind=USD, lifetime_bars=bars
    )


def short_at(
    order: int, level: float, stop: float, bars: int = 0, target: float = math.nan
) -> Entry:
    """Return a short entry that rests; the target is in USD."""
    return enter_at(
        order, level, is_long=False, stop=stop, target=target, target_kind=USD, lifetime_bars=bars
    )


# A fifth of 10,000 USD is 19 shares at 101 and 20 at 99 and 98.
BUY = long_at(STOP, 101, 99)
SELL = short_at(STOP, 99, 101)
DIP = long_at(LIMIT, 99, 97)
RALLY = short_at(LIMIT, 101, 103)


class Case(NamedTuple):
    """One entry, the bars after the one at which it is placed, and the fills that must come."""

    name: str
    entry: Entry
    bars: Sequence[Bar | None]
    fills: tuple[str, ...]
    settings: dict[str, Any] = {}  # noqa: RUF012


FILLS: tuple[Case, ...] = (
    Case(
        "a stop entry rests until a bar touches its level",
        BUY,
        [CALM, (100, 100.99, 99.5, 100), (100, 101, 99.5, 100.5)],
        ("3 entry +19 101", "5 exit -19 100.5"),
    ),
    Case(
        "a short stop entry rests until a bar touches its level",
        SELL,
        [(100, 100.5, 99.01, 100), (100, 100.5, 99, 99.5)],
        ("2 entry -20 99", "4 exit +20 99.5"),
    ),
    Case(
        "a stop entry that a bar opens beyond fills at the open",
        BUY,
        [(102, 103, 101.5, 102)],
        ("1 entry +19 102", "3 exit -19 102"),
    ),
    Case(
        "a short stop entry that a bar opens beyond fills at the open",
        SELL,
        [(98, 98.5, 97.5, 98)],
        ("1 entry -20 98", "3 exit +20 98"),
    ),
    Case(
        "an open at the level is an open beyond it, and the bar tests the stop as any other",
        BUY,
        [(101, 101.5, 98, 98.5)],
        ("1 entry +19 101", "1 stop -19 99"),
    ),
    Case(
        "of a bar that fills inside the low counts as if it came after",
        BUY,
        [(100, 102, 99, 101.5)],
        ("1 entry +19 101", "1 stop -19 99"),
    ),
    Case(
        "a stop inside the entry's bar fills at the stop though the bar opened beyond it",
        BUY,
        [(98, 102, 97, 101.5)],
        ("1 entry +19 101", "1 stop -19 99"),
    ),
    Case(
        "a short's stop inside the entry's bar fills at the stop",
        SELL,
        [(102, 103, 98, 98.5)],
        ("1 entry -20 99", "1 stop +20 101"),
    ),
    Case(
        "the target is not tested in a bar that fills inside",
        long_at(STOP, 101, 99, target=1),
        [(100, 105, 100, 101.5), (101.5, 102, 101, 101)],
        ("1 entry +19 101", "2 target -19 102"),
    ),
    Case(
        "the target is tested in a bar that fills at its open",
        long_at(STOP, 101, 99, target=1),
        [(101, 105, 100, 101.5)],
        ("1 entry +19 101", "1 target -19 102"),
    ),
    Case(
        "both fills inside a bar slip",
        BUY,
        [(100, 102, 99, 101.5)],
        ("1 entry +19 102.01", "1 stop -19 98.01"),
        {"slippage_bps": 100.0},
    ),
    Case(
        "the volume caps the entry, and its exit as much again",
        BUY,
        [(100, 102, 99, 101.5, 100), (102, 103, 98, 98)],
        ("1 entry +10 101", "1 stop -10 99"),
        {"max_participation": 0.1},
    ),
    Case(
        "a bar without volume fills nothing, and the entry is gone",
        BUY,
        [(100, 102, 99, 101.5, 0), (100, 102, 99, 101.5)],
        (),
        {"max_participation": 0.1},
    ),
    Case(
        "a missing bar fills nothing and ends nothing",
        BUY,
        [None, None, (100, 101, 100, 100.5)],
        ("3 entry +19 101", "5 exit -19 100.5"),
    ),
    Case(
        "a limit entry fills at its level when price comes down to it, without slippage",
        DIP,
        [CALM, (100, 100.5, 99, 99.5)],
        ("2 entry +20 99", "4 exit -20 98.505"),
        {"slippage_bps": 100.0},
    ),
    Case(
        "a short limit entry fills at its level when price comes up to it",
        RALLY,
        [CALM, (100, 101, 99.5, 100.5)],
        ("2 entry -19 101", "4 exit +19 100.5"),
    ),
    Case(
        "a limit entry that a bar opens beyond fills at the better open, without slippage",
        DIP,
        [(98, 99, 97.5, 98)],
        ("1 entry +20 98", "3 exit -20 97.02"),
        {"slippage_bps": 100.0},
    ),
    Case(
        "a limit entry's stop is tested in the bar that fills it",
        DIP,
        [(100, 100, 97, 99)],
        ("1 entry +20 99", "1 stop -20 97"),
    ),
    Case(
        "a short limit entry's stop is tested in the bar that fills it",
        RALLY,
        [(100, 103, 100, 101)],
        ("1 entry -19 101", "1 stop +19 103"),
    ),
    Case(
        "a limit entry's target is not tested in the bar that fills it inside",
        long_at(LIMIT, 99, 97, target=1),
        [(100, 101, 98.5, 99), (99, 100, 99, 100)],
        ("1 entry +20 99", "2 target -20 100"),
    ),
    Case(
        "a limit entry whose bar opens beyond the stop too leaves at that open",
        DIP,
        [(96, 97, 95, 96)],
        ("1 entry +20 96", "1 stop -20 96"),
    ),
    Case(
        "a lifetime of one bar is the next bar",
        long_at(STOP, 101, 99, bars=1),
        [CALM, (100, 102, 100, 101)],
        (),
    ),
    Case(
        "an entry of one bar's lifetime fills in that bar",
        long_at(LIMIT, 99, 97, bars=1),
        [(100, 100, 99, 99)],
        ("1 entry +20 99", "3 exit -20 99"),
    ),
    Case(
        "bars that are missing count in a lifetime",
        long_at(STOP, 101, 99, bars=2),
        [None, CALM, (100, 102, 100, 101)],
        (),
    ),
    Case(
        "an entry of two bars' lifetime fills in the second",
        long_at(STOP, 101, 99, bars=2),
        [None, (100, 101, 100, 101)],
        ("2 entry +19 101", "4 exit -19 101"),
    ),
    Case(
        "at the fill the quantity is cut to what equity affords",
        long_at(STOP, 101, 100.9),
        [(150, 150, 149, 149)],
        ("1 entry +66 150", "3 exit -66 149"),
        {"max_position_pct": 1.0, "risk_per_trade": 1.0},
    ),
)


def named(case: Case) -> str:
    """Return a case's sentence."""
    return case.name


def played(case: Case) -> Play:
    """Return a day: the entry placed at its first close, the bars, two more like the last."""
    last = [bar for bar in case.bars if bar is not None][-1][3]
    bars = [CALM, *case.bars, *[(last, last, last, last)] * 2]
    return Play([[bars]], {(0, 0): case.entry}, settings=case.settings)


@pytest.mark.parametrize("case", FILLS, ids=named)
def test_a_resting_entry_fills(case: Case) -> None:
    made = played(case)
    assert play(made).fills == list(case.fills)
    assert play_live(made).as_bytes() == play(made).as_bytes()


ENDED_BY = (
    HALTED,
    RECONCILIATION,
    MISSED,
    DATA_GATE_NEW_LEVEL,
    DATA_GATE_GAP,
    DATA_GATE_LATE,
)
FILLS_LATER = [CALM, CALM, CALM, (100, 101, 100, 101), *[(101, 101, 101, 101)] * 3]


@pytest.mark.parametrize("reason", ENDED_BY, ids=lambda reason: Reason(reason).word)
def test_a_reason_that_comes_first_ends_what_rests(reason: int) -> None:
    made = play(Play([[FILLS_LATER]], {(0, 0): BUY}, gates={(2, 0): reason}))
    assert made.fills == []
    assert made.reasons()[:4] == [
        "enter_long",
        "order_pending",
        Reason(reason).word,
        "no_breakout",
    ]


@pytest.mark.parametrize("reason", [DATA_GATE_STALE, DATA_GATE_ZERO_VOLUME])
def test_a_bar_that_only_places_no_order_leaves_one_that_rests(reason: int) -> None:
    made = play(Play([[FILLS_LATER]], {(0, 0): BUY}, gates={(2, 0): reason}))
    assert made.fills[0] == "3 entry +19 101"
    assert made.reasons()[1:4] == ["order_pending", Reason(reason).word, "position_open"]


def test_the_same_reason_leaves_a_market_entry_that_found_no_bar() -> None:
    bars = [CALM, None, (100, 101, 100, 101), *[(101, 101, 101, 101)] * 2]
    says = {(0, 0): enter(is_long=True, stop=99, target=math.nan, target_kind=USD)}
    made = play(Play([[bars]], says, gates={(1, 0): DATA_GATE_GAP}))
    assert made.fills[0] == "2 entry +20 100"


def test_what_rests_ends_at_the_cut_off_and_a_market_entry_does_not() -> None:
    # Bar 2 is the first at which nothing more is entered.
    day = [CALM, CALM, CALM, (100, 101, 100, 101), CALM, CALM]
    says = {(1, 0): BUY, (1, 1): enter(is_long=True, stop=99, target=math.nan, target_kind=USD)}
    made = play(Play([[day, [CALM, CALM, None, *day[3:]]]], says, cutoff=4))
    assert made.fills[0] == "S1 3 entry +20 100"
    assert len(made.fills) == 2
    assert made.reasons(0)[1:3] == ["enter_long", "no_breakout"]
    assert made.reasons(1)[1:3] == ["enter_long", "order_pending"]


def test_what_rests_fills_in_the_first_bar_after_the_cut_off() -> None:
    # Its close would have cancelled it; until then it stands.
    day = [CALM, CALM, (100, 101, 100, 101), CALM, CALM, CALM]
    assert play(Play([[day]], {(1, 0): BUY}, cutoff=4)).fills[0] == "2 entry +19 101"


def test_what_rests_ends_at_the_flatten_bar() -> None:
    day = [CALM, CALM, (100, 101, 100, 101)]
    assert play(Play([[day]], {(0, 0): BUY})).fills == []


def test_what_rests_ends_with_its_session() -> None:
    # It is placed at the last close, where a backtest never decides to enter.
    first, second = [CALM, CALM], [(102, 103, 102, 103)] * 4
    made = play(Play([[first], [second]], {(1, 0): BUY}, cutoff=0))
    assert made.reasons()[1:3] == ["enter_long", "no_breakout"]
    assert made.fills == []


def test_what_is_cancelled_frees_its_place_and_its_money_for_the_same_close() -> None:
    day = [CALM] * 6
    says = {(0, 1): BUY, (2, 0): BUY, (2, 2): BUY}
    chosen = {"max_positions": 1, "max_position_pct": 1.0, "risk_per_trade": 1.0}
    made = play(Play([[day] * 3], says, gates={(2, 1): DATA_GATE_GAP}, settings=chosen))
    assert [made.reasons(s)[2] for s in range(3)] == [
        "enter_long",
        "data_gate:gap",
        "max_positions",
    ]
    # A hundred per cent of 10,000 USD at 101, though that much was reserved a bar before.
    assert made.signals.shares[2, 0] == made.signals.shares[0, 1] == 99


def test_what_has_lived_out_frees_its_symbol_for_the_same_close() -> None:
    says = {(0, 0): long_at(STOP, 101, 99, bars=1), (1, 0): DIP}
    made = play(Play([[[CALM, CALM, (100, 100, 99, 99), *[(99, 99, 99, 99)] * 3]]], says))
    assert made.reasons()[:2] == ["enter_long", "enter_long"]
    assert made.fills[0] == "2 entry +20 99"


def test_what_rests_holds_a_place_and_reserves_its_level() -> None:
    day = [CALM] * 6
    chosen = {"max_positions": 2, "max_position_pct": 0.6, "risk_per_trade": 1.0}
    says = {(0, 0): BUY, (1, 1): BUY, (2, 2): BUY}
    made = play(Play([[day] * 3], says, settings=chosen))
    assert made.signals.shares[0, 0] == 59
    # 10,000 less 59 x 101 leaves 4,041 USD.
    assert made.signals.shares[1, 1] == 40
    assert made.reasons(2)[2] == "max_positions"


def test_a_position_keeps_its_place_and_its_pending_entry_none() -> None:
    day = [CALM, (100, 101, 100, 101), CALM, CALM, CALM]
    says = {(0, 0): BUY, (1, 1): BUY}
    made = play(Play([[day, day]], says, settings={"max_positions": 2}))
    assert made.reasons(1)[1] == "enter_long"


@pytest.mark.parametrize("level", [-0.01, 0.0, math.nan])
def test_a_level_that_is_no_price_places_nothing(level: float) -> None:
    made = play(
        Play([[[CALM, (100, 101, 0.01, 1), CALM, CALM]]], {(0, 0): short_at(STOP, level, 1)})
    )
    assert made.reasons()[:2] == ["size_below_one", "no_breakout"]
    assert made.signals.shares[0, 0] == 0
    assert made.fills == []


def test_every_entry_that_rests_counts_among_the_orders_of_a_session() -> None:
    says = {(0, 0): long_at(STOP, 101, 99, bars=1), (1, 0): BUY}
    made = play(Play([[[CALM] * 5]], says, settings={"max_orders_per_session": 1}))
    assert made.reasons()[1] == "order_rate"


def test_an_entry_that_fills_nothing_is_no_entry_and_may_come_again() -> None:
    bars = [CALM, (100, 101, 100, 101, 0), (100, 101, 100, 101), *[(101, 101, 101, 101)] * 3]
    says = {(0, 0): BUY, (1, 0): BUY}
    made = play(Play([[bars]], says, settings={"max_participation": 0.1}))
    assert made.reasons()[:3] == ["enter_long", "enter_long", "position_open"]
    assert made.fills[0] == "2 entry +19 101"


def test_a_symbol_that_was_stopped_inside_its_entry_may_enter_again_at_that_close() -> None:
    bars = [CALM, (100, 101, 99, 100), (100, 101, 100, 101), *[(101, 101, 101, 101)] * 3]
    says = {(0, 0): BUY, (1, 0): BUY}
    twice = play(Play([[bars]], says, settings={"max_entries": 2}))
    assert twice.fills[:3] == ["1 entry +19 101", "1 stop -19 99", "2 entry +19 101"]
    once = play(Play([[bars]], says))
    assert once.reasons()[1] == "max_entries"


def test_entries_fill_in_the_configured_order_those_inside_after_those_at_the_open() -> None:
    inside, at_open = (100, 101, 100, 101), (101, 101.5, 100.5, 101)
    chosen = {"risk_per_trade": 1.0}
    says = {(0, 0): BUY, (0, 1): BUY}
    rest: list[Bar | None] = [(101, 101, 101, 101)] * 3
    days = [[[CALM, inside, *rest], [CALM, at_open, *rest]]]
    made = play(Play(days, says, settings={**chosen, "max_position_pct": 0.5}))
    assert [fill for fill in made.fills if "entry" in fill] == [
        "S1 1 entry +49 101",
        "1 entry +49 101",
    ]


def test_stops_that_free_money_come_before_entries_inside_the_same_bar() -> None:
    # The first symbol's stop is hit in the bar in which the second is bought.
    chosen = {"max_position_pct": 1.0, "risk_per_trade": 1.0, "max_daily_loss_pct": 1.0}
    rest: list[Bar | None] = [(101, 101, 101, 101)] * 3
    one: list[Bar | None] = [CALM, (101, 101, 100.5, 101), (100, 100, 98, 98), *rest]
    other: list[Bar | None] = [CALM, CALM, (100, 101, 100, 101), *rest]
    held = long_at(STOP, 101, 99)
    says = {(0, 0): held, (0, 1): long_at(STOP, 101, 99)}
    made = play(Play([[one, other]], says, settings={**chosen, "leverage": 2.0}))
    assert made.fills[1] == "2 stop -99 99"
    assert made.fills[2].startswith("S1 2 entry")
