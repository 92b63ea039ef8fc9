"""A journal follows from the bars that it holds, whatever the exchange did; a lie is found."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from tests.oracle.comparison import panel_of, plan_of
from tests.oracle.random_markets import random_case
from tests.unit.replay.faulty_exchange import FaultyExchange
from tests.unit.replay.in_memory import ACCOUNT, run_live
from tests.unit.replay.test_fold import run_with_checks
from trading.errors import BadInput
from trading.market.calendar import Session
from trading.parity.as_consumed import KeptDecision, decisions_of, replay_as_consumed
from trading.parity.findings import AsConsumed, Kind
from trading.plan import RunPlan
from trading.session.events import (
    BarClosed,
    Event,
    ExchangeView,
    Fill,
    Intent,
    SessionClosed,
    SessionStarted,
)
from trading.session.state import SessionState

Journal = list[Event]


def sessions_in(
    events: Journal, sessions: tuple[Session, ...]
) -> Iterator[tuple[Session, Journal]]:
    by_name = {session.date.isoformat(): session for session in sessions}
    begin = 0
    for n, event in enumerate(events, start=1):
        if isinstance(event, SessionClosed):
            first = events[begin]
            assert isinstance(first, SessionStarted)
            yield by_name[first.session], events[begin:n]
            begin = n


def decided(plan: RunPlan, session: Session, events: Journal) -> list[KeptDecision]:
    state = SessionState(plan, session)
    for event in events:
        state.apply(event)
    return list(decisions_of(state))


def replayed(plan: RunPlan, session: Session, events: Journal, kept: Journal) -> AsConsumed:
    decisions = decided(plan, session, kept)
    return replay_as_consumed(SessionState(plan, session), ACCOUNT, events, decisions)


def test_random_markets_are_replayed_without_a_difference() -> None:
    decisions = intents = 0
    for seed in (0, 1, 2, 6, 7, 9, 11, 17, 21):
        case = random_case(seed)
        try:
            plan, panel = plan_of(case), panel_of(case)
        except BadInput:
            continue
        run = run_live(panel, plan, case.first_traded)
        for session, events in sessions_in(run.ledger.events, tuple(panel.grid.sessions)):
            found = replayed(plan, session, events, events)
            assert found.differences == ()
            decisions += found.decisions
            intents += found.intents
    assert decisions > 500
    assert intents > 25


def test_an_exchange_full_of_faults_makes_no_difference() -> None:
    """Lost requests, lost answers, refusals, foreign fills, an operator who leaves and resumes."""
    views = intents = 0
    # Short markets of which some are traded much, and one in which exits are refused.
    for market, seed in [(6, 6), (7, 7), (24, 24), *((21, n) for n in range(20, 40))]:
        case = random_case(market)
        plan, panel = plan_of(case), panel_of(case)
        try:
            journal = run_with_checks(case, FaultyExchange(plan, seed), plan)
        except BadInput:
            continue
        for session, events in sessions_in(journal, tuple(panel.grid.sessions)):
            found = replayed(plan, session, events, events)
            assert found.differences == (), (market, seed)
            intents += found.intents
            views += sum(isinstance(event, ExchangeView) for event in events)
    assert intents > 120
    assert views > 4, "no order was ever kept back"


@pytest.fixture(scope="module")
def traded() -> tuple[RunPlan, Session, Journal]:
    """A session with an entry, its protection and its exit."""
    for seed in range(40):
        case = random_case(seed)
        try:
            plan, panel = plan_of(case), panel_of(case)
        except BadInput:
            continue
        run = run_live(panel, plan, case.first_traded)
        for session, events in sessions_in(run.ledger.events, tuple(panel.grid.sessions)):
            legs = {event.leg for event in events if isinstance(event, Intent)}
            if {"entry", "exit"} <= legs:
                return plan, session, events
    raise AssertionError("no case trades")


def first(events: Journal, kind: type[Event], leg: str = "entry") -> int:
    return next(
        n
        for n, event in enumerate(events)
        if isinstance(event, kind) and getattr(event, "leg", leg) == leg
    )


def changed(
    kind: type[Event], leg: str = "entry", **fields: object
) -> Callable[[Journal], Journal]:
    def tamper(events: Journal) -> Journal:
        n = first(events, kind, leg)
        return [*events[:n], replace(events[n], **fields), *events[n + 1 :]]  # type: ignore[arg-type]

    return tamper


def left_out(kind: type[Event], leg: str = "entry") -> Callable[[Journal], Journal]:
    def tamper(events: Journal) -> Journal:
        n = first(events, kind, leg)
        return [*events[:n], *events[n + 1 :]]

    return tamper


def twice(kind: type[Event], leg: str) -> Callable[[Journal], Journal]:
    def tamper(events: Journal) -> Journal:
        n = first(events, kind, leg)
        again = replace(events[n], client_order_id="ob-20250610-A-exit-9-0123456789")  # type: ignore[call-arg]
        return [*events[: n + 1], again, *events[n + 1 :]]

    return tamper


@pytest.mark.parametrize(
    "tamper",
    [
        pytest.param(changed(Intent, quantity=7), id="an entry of another size"),
        pytest.param(changed(Intent, stop_price=0.01), id="an entry with another stop"),
        pytest.param(changed(Intent, "exit", reason="target"), id="an exit for another reason"),
        pytest.param(left_out(Intent), id="an entry that nobody asked for"),
        pytest.param(left_out(Intent, "exit"), id="an exit that nobody asked for"),
        pytest.param(twice(Intent, "exit"), id="an exit too many"),
        pytest.param(changed(SessionClosed, equity=1e9), id="another equity at the close"),
        pytest.param(changed(Fill, price=0.5), id="a fill at another price"),
        pytest.param(left_out(Fill), id="a fill that is gone"),
    ],
)
def test_a_journal_that_was_tampered_with_is_found(
    traded: tuple[RunPlan, Session, Journal], tamper: Callable[[Journal], Journal]
) -> None:
    plan, session, events = traded
    assert replayed(plan, session, events, events).differences == ()
    assert replayed(plan, session, tamper(events), events).differences != ()


def test_a_bar_that_was_tampered_with_changes_what_is_decided(
    traded: tuple[RunPlan, Session, Journal],
) -> None:
    plan, session, events = traded
    n = first(events, Intent)
    at = max(m for m in range(n) if isinstance(events[m], BarClosed))
    bar = events[at]
    assert isinstance(bar, BarClosed)
    none: list[float | None] = [None] * len(bar.close)
    gone = replace(bar, open=none, high=none, low=none, close=none, volume=none)
    found = replayed(plan, session, [*events[:at], gone, *events[at + 1 :]], events)
    assert {each.kind for each in found.differences} >= {Kind.DECISION, Kind.INTENT}


@pytest.mark.parametrize("wrong", ["reason", "quantity", "stop", "gone", "invented"])
def test_a_decision_that_was_tampered_with_is_named(
    traded: tuple[RunPlan, Session, Journal], wrong: str
) -> None:
    plan, session, events = traded
    kept = decided(plan, session, events)
    at = next(n for n, each in enumerate(kept) if each.reason.startswith("enter"))
    true = kept[at]
    lies = {
        "reason": [replace(true, reason="no_breakout")],
        "quantity": [replace(true, quantity=true.quantity + 1)],
        "stop": [replace(true, stop=1.0)],
        "gone": [],
        "invented": [true, replace(true, us=true.us + 1)],
    }
    tampered = [*kept[:at], *lies[wrong], *kept[at + 1 :]]
    found = replay_as_consumed(SessionState(plan, session), ACCOUNT, events, tampered)
    assert [each.kind for each in found.differences] == [Kind.DECISION]
    assert found.differences[0].symbol == true.symbol
    assert found.differences[0].kept != found.differences[0].replayed
