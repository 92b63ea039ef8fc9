"""What a live session says of a bar's feed and of when it came, and what old journals said."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import orjson
import pytest

from blocks.ledger.event_rows import read_event
from trading.market.calendar import sessions_between, to_microseconds
from trading.plan import make_plan
from trading.plan_record import plan_from, record_of
from trading.reasons import Reason
from trading.session.bar_gate import BarGate
from trading.session.events import BarClosed, SessionStarted
from trading.session.state import SessionState

SESSION = sessions_between("NYSE", date(2025, 6, 10), date(2025, 6, 10))[0]
PLAN = make_plan(("A", "B"), {"volume_filter": True})


def bar(number: int, price: float | None = 100.0, **more: Any) -> BarClosed:
    prices, volume = [price] * 2, [None if price is None else 1e5] * 2
    start = to_microseconds(SESSION.bar_start(number, 5))
    closed = BarClosed(
        str(SESSION.date), number, start, prices, prices, prices, prices, volume, ["", ""]
    )
    return replace(closed, **more)


def started() -> SessionState:
    state = SessionState(PLAN, SESSION)
    state.apply(SessionStarted(str(SESSION.date), 0, 0, state.inheritance()))
    return state


def reasons(state: SessionState) -> list[str]:
    return [Reason(int(row.reason)).word for row in state.decisions[-2:]]


@pytest.mark.parametrize(
    ("before", "feed", "is_another"),
    [
        ([], "alpaca:iex", False),
        (["alpaca:iex"], "alpaca:iex", False),
        (["alpaca:iex"], "alpaca:sip", True),
        (["alpaca:sip", "yahoo"], "yahoo", True),
        (["yahoo", "yahoo"], "finnhub", True),
        (["yahoo"], "", False),
        ([""], "yahoo", False),
    ],
)
def test_a_bar_of_another_feed_than_those_before_is_told_from_one_of_the_same(
    before: list[str], feed: str, is_another: bool
) -> None:
    gate = BarGate(PLAN.thresholds(), PLAN.symbols)
    for number, name in enumerate(before):
        gate.take(gate.judge(bar(number, feeds=[name, "other"])))
    assert gate.is_another_feed("A", feed) is is_another


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ({"feed_changed": [True, False]}, ["data_gate:feed_changed", "range_flat"]),
        ({"late": [False, True]}, ["range_flat", "data_gate:late"]),
        (
            {"feed_changed": [True, True], "late": [True, False]},
            ["data_gate:feed_changed"] * 2,
        ),
        ({"late": [True, True], "gates": ["halted", ""]}, ["halted", "data_gate:late"]),
        ({"late": [True, True], "gates": ["not_traded", ""]}, ["data_gate:late"] * 2),
        ({"late": [True, True], "volume": [0.0, 1e5]}, ["data_gate:zero_volume", "data_gate:late"]),
    ],
)
def test_feed_and_lateness_are_reasons_in_their_order(
    flags: dict[str, Any], expected: list[str]
) -> None:
    state = started()
    state.apply(bar(0))
    state.apply(bar(1, **flags))
    assert reasons(state) == expected


def test_what_a_session_leaves_is_what_the_next_one_measures_its_gap_by() -> None:
    state = started()
    state.apply(bar(0))
    state.apply(bar(1, 104.0))
    # Lower by half: rejected, and no close to go by.
    state.apply(bar(2, 50.0))
    assert state.inheritance()["gate"]["earlier_close"] == [104.0, 104.0]
    assert state.inheritance()["gate"]["counts"]["jump"] == 2

    later = SessionState(PLAN, SESSION)
    left = orjson.loads(orjson.dumps(state.inheritance()))
    later.apply(SessionStarted(str(SESSION.date), 0, 0, left))
    later.apply(bar(0, 60.0))
    later.apply(bar(1, 60.0))
    assert reasons(later) == ["data_gate:gap"] * 2
    assert later.gate.totals["jump"] == 2
    assert later.gate.totals["gap"] == 2


def test_a_session_of_an_earlier_version_goes_on_as_it_was_begun() -> None:
    record = record_of(PLAN, "a file")
    assert plan_from(record).gate == PLAN.gate
    old = {name: value for name, value in record.items() if name != "gate"}
    assert not plan_from(old).gate.is_on
    inherited = started().inheritance()
    del inherited["gate"]
    state = SessionState(PLAN, SESSION)
    state.apply(SessionStarted(str(SESSION.date), 0, 0, inherited))
    state.apply(bar(0))
    state.apply(bar(1))
    assert reasons(state) == ["range_flat"] * 2


@pytest.mark.parametrize(
    ("number", "word"),
    [(0, ""), (2, "halted"), (4, "reconciliation"), (5, "missed"), (7, "not_traded")],
)
def test_numbers_of_earlier_versions_mean_what_they_meant(number: int, word: str) -> None:
    row = {name: getattr(bar(0), name) for name in ("session", "bar", "start_us", "open", "high")}
    row |= {"low": [1.0], "close": [1.0], "volume": [1.0], "gates": [number, 0]}
    event = read_event("bar", orjson.dumps(row).decode())
    assert isinstance(event, BarClosed)
    assert event.gates == [word, ""]
