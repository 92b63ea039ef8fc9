"""Orders of one bar are sent side by side, exits first; the journal stays in one thread."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import Any

import pytest

from blocks.exchange.order_desk import OrderDesk
from blocks.exchange.order_requests import ask
from tests.unit.blocks.exchange.test_order_desk import (
    BREAK,
    CALM,
    RANGE,
    SESSION,
    bar,
)
from tests.unit.replay.in_memory import ACCOUNT, MemoryExchange, MemoryLedger
from trading.plan import RunPlan, make_plan
from trading.session.broker.answers import Answer, Unknown
from trading.session.broker.facts import SIMULATED
from trading.session.events import BarClosed, Intent, OrderUpdate, SessionStarted
from trading.session.orders import Leg, Status
from trading.session.state import SessionState

SYMBOLS = tuple(f"S{n}" for n in range(6))
# Only a request that never comes makes a test wait so long.
PATIENCE_SECONDS = 60.0


class BusyExchange(MemoryExchange):
    """Counts the requests that are under way, and holds each until `together` of them are."""

    def __init__(self, plan: RunPlan, at_once: int, together: int = 1) -> None:
        super().__init__(plan)
        self.abilities = replace(SIMULATED, at_once=at_once)
        self.under_way = self.most_under_way = 0
        self.lost: set[str] = set()
        self.sent: list[tuple[str, str, str]] = []
        self.answered: list[tuple[str, str, str]] = []
        self._lock = threading.Lock()
        self._meeting = threading.Barrier(together)

    def submit(self, intent: Intent) -> Answer:
        return self._busy(super().submit, intent)

    def replace(self, intent: Intent) -> Answer:
        return self._busy(super().replace, intent)

    def cancel(self, intent: Intent) -> Answer:
        return self._busy(super().cancel, intent)

    def _busy(self, request: Any, intent: Intent) -> Answer:
        name = (intent.symbol, intent.action, intent.leg)
        with self._lock:
            self.sent.append(name)
            self.under_way += 1
            self.most_under_way = max(self.most_under_way, self.under_way)
        self._meeting.wait(PATIENCE_SECONDS)
        with self._lock:
            answer: Answer = request(intent)
            self.under_way -= 1
            self.answered.append(name)
        return Unknown("no answer") if intent.symbol in self.lost else answer


def desk_over(exchange: MemoryExchange, plan: RunPlan) -> OrderDesk:
    state = SessionState(plan, SESSION)
    desk = OrderDesk(state, MemoryLedger(), exchange, ACCOUNT, 1)
    desk.record(SessionStarted(str(SESSION.date), 0, 0, state.inheritance()))
    return desk


def bar_of_six(number: int, *prices: Any) -> BarClosed:
    return replace(bar(number, *prices), gates=[""] * 6)


def six(**settings: Any) -> RunPlan:
    return make_plan(SYMBOLS, {"min_body": 0.0, "gate_jump": 0.0, "max_positions": 6, **settings})


def intents(action: str = "submit", leg: Leg = Leg.EXIT, count: int = 6) -> list[Intent]:
    return [Intent(action, f"{s}-{action}", s, leg, -1, 1) for s in SYMBOLS[:count]]


@pytest.mark.parametrize("at_once", [2, 3])
def test_as_many_as_the_exchange_takes_are_under_way_and_no_more(at_once: int) -> None:
    # None is answered before so many have been sent: one after the other would wait for ever.
    exchange = BusyExchange(six(), at_once, together=at_once)
    asked = ask(exchange, intents())
    assert exchange.most_under_way == at_once
    assert [intent.symbol for intent, _ in asked] == list(SYMBOLS), "answers of other requests"


def test_one_at_a_time_is_sent_in_order_in_the_callers_thread() -> None:
    exchange = BusyExchange(six(), at_once=1)
    threads: set[int] = set()
    exchange.submit = lambda intent: threads.add(threading.get_ident()) or Unknown("")  # type: ignore[method-assign,func-returns-value]
    ask(exchange, intents())
    assert threads == {threading.get_ident()}


def test_requests_of_one_symbol_follow_each_other() -> None:
    exchange = BusyExchange(six(), at_once=4)
    pairs = [
        intent for both in zip(intents("cancel"), intents("submit"), strict=True) for intent in both
    ]
    ask(exchange, pairs)
    for symbol in SYMBOLS:
        order = [action for of, action, _ in exchange.answered if of == symbol]
        assert order == ["cancel", "submit"], "what the cancel was to make room for came first"


def test_exits_are_answered_before_the_first_entry_is_sent() -> None:
    plan = six(max_entries=3)
    exchange = BusyExchange(plan, at_once=3)
    desk = desk_over(exchange, plan)
    half = 3
    for number, prices in enumerate((RANGE, BREAK, CALM)):
        desk.take_bar(
            bar_of_six(number, *([prices] * half + [RANGE if number == 0 else None] * half))
        )
        desk.execute()
    held = set(exchange.positions())
    assert held == set(SYMBOLS[:half])
    desk.take_bar(bar_of_six(3, *([CALM] * half + [BREAK] * half)))
    for s in range(half):
        desk.state.book.exit_waiting[s] = True
        desk.state.book.exit_reason[s] = 3
    del exchange.sent[:]
    desk.execute()
    asked = exchange.sent
    entries = [n for n, (_, action, leg) in enumerate(asked) if leg == Leg.ENTRY]
    first_round = [n for n, (of, _, leg) in enumerate(asked) if of in held and leg == Leg.EXIT]
    assert entries, "nothing was entered"
    assert len(first_round) >= half
    assert max(first_round) < min(entries), "an entry was sent before an exit"


def test_an_answer_that_is_lost_beside_others_is_unknown_and_only_that() -> None:
    plan = six()
    exchange = BusyExchange(plan, at_once=3)
    exchange.lost = {"S1", "S4"}
    desk = desk_over(exchange, plan)
    for number, prices in enumerate((RANGE, BREAK)):
        desk.take_bar(bar_of_six(number, *[prices] * 6))
        desk.execute()
    unknown = {
        event.symbol
        for event in desk.ledger.events  # type: ignore[attr-defined]
        if isinstance(event, OrderUpdate) and event.status == Status.UNKNOWN
    }
    assert unknown == {"S1", "S4"}
    assert len({name for name in exchange.sent if name[2] == Leg.ENTRY}) == len(SYMBOLS)


def test_what_is_sent_side_by_side_is_the_same_session() -> None:
    plan = six()
    journals = []
    for at_once in (1, 4):
        exchange = BusyExchange(plan, at_once)
        desk = desk_over(exchange, plan)
        for number, prices in enumerate((RANGE, BREAK, CALM, (9.0, 9.0, 8.0, 8.0))):
            desk.take_bar(bar_of_six(number, *[prices] * 6))
            desk.execute()
        assert desk.reconcile() == {}
        journals.append(sorted(map(str, desk.ledger.events)))  # type: ignore[attr-defined]
    assert journals[0] == journals[1]
