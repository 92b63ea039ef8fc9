"""The desk when the exchange does not answer, answers late, or says no."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from blocks.exchange.order_desk import OrderDesk
from tests.unit.blocks.exchange.bracket_broker import BRACKETS
from tests.unit.replay.in_memory import ACCOUNT, MemoryExchange, MemoryLedger
from trading.market.calendar import Session, sessions_between, to_microseconds
from trading.plan import RunPlan, make_plan
from trading.session.broker.answers import Answer, Unknown
from trading.session.broker.exchange_port import Exchange
from trading.session.events import (
    EVERY_SYMBOL,
    BarClosed,
    Fill,
    Intent,
    OrderUpdate,
    SessionStarted,
)
from trading.session.orders import (
    IllegalTransition,
    Leg,
    Order,
    Status,
    client_order_id,
    transition,
)
from trading.session.planning.circumstances import Circumstances
from trading.session.state import SessionState

DAY = date(2025, 6, 10)
SESSION: Session = sessions_between("NYSE", DAY, DAY)[0]
RANGE, BREAK, CALM = (10.0, 10.5, 9.5, 10.2), (10.2, 11.2, 10.2, 11.0), (11.0, 11.1, 10.9, 11.0)


class SilentExchange(MemoryExchange):
    """Takes requests and loses either the request or its answer."""

    def __init__(self, plan: RunPlan, *, arrives: bool) -> None:
        super().__init__(plan)
        self.arrives = arrives
        self.is_silent = True
        self.hidden: list[Any] = []

    def submit(self, intent: Intent) -> Answer:
        if self.is_silent:
            self.requests.append(intent)
            if self.arrives:
                self.hidden += self.venue.submit(intent)
            return Unknown("no answer to the order")
        return super().submit(intent)

    def speak(self) -> None:
        self.is_silent = False
        self.stream_of_events += self.hidden
        self.hidden = []


def plan(**settings: Any) -> RunPlan:
    return make_plan(("AAA", "BBB"), {"min_body": 0.0, "gate_jump": 0.0, **settings})


def bar(number: int, *prices: tuple[float, float, float, float] | None) -> BarClosed:
    def column(position: int) -> list[float | None]:
        return [None if price is None else price[position] for price in prices]

    volume = [None if price is None else 1e6 for price in prices]
    start = to_microseconds(SESSION.bar_start(number, 5))
    return BarClosed(
        str(DAY), number, start, column(0), column(1), column(2), column(3), volume, ["", ""]
    )


def desk_of(exchange: Exchange, run_plan: RunPlan, **more: Any) -> OrderDesk:
    state = SessionState(run_plan, SESSION)
    desk = OrderDesk(state, MemoryLedger(), exchange, ACCOUNT, 1, **more)  # type: ignore[arg-type]
    desk.record(SessionStarted(str(DAY), 0, 0, state.inheritance()))
    return desk


def trade_to_the_break(desk: OrderDesk) -> None:
    for number, prices in enumerate((RANGE, BREAK)):
        desk.take_bar(bar(number, prices, prices))
        desk.execute()


def submits(exchange: MemoryExchange, symbol: str = "AAA") -> list[Intent]:
    return [i for i in exchange.requests if i.action == "submit" and i.symbol == symbol]


def in_time() -> tuple[Any, Any]:
    return SESSION.bar_end(1, 5), SESSION.bar_end(2, 5)


def test_an_order_without_an_answer_is_unknown_and_not_sent_again_blindly() -> None:
    run_plan = plan()
    exchange = SilentExchange(run_plan, arrives=True)
    desk = desk_of(exchange, run_plan)
    trade_to_the_break(desk)
    order = desk.state.orders[submits(exchange)[0].client_order_id]
    assert order.status == Status.UNKNOWN
    desk.execute()
    desk.execute()
    assert len(submits(exchange)) == 1


def test_an_unknown_order_that_arrived_is_heard_and_never_doubled() -> None:
    run_plan = plan()
    exchange = SilentExchange(run_plan, arrives=True)
    desk = desk_of(exchange, run_plan)
    trade_to_the_break(desk)
    exchange.speak()
    desk.resolve(*in_time())
    desk.take_bar(bar(2, CALM, CALM))
    desk.execute()
    assert len(submits(exchange)) == 1
    assert desk.differences() == {}
    assert desk.state.book.quantity[0] > 0


def test_an_unknown_order_that_never_arrived_is_sent_again_under_its_id() -> None:
    run_plan = plan()
    exchange = SilentExchange(run_plan, arrives=False)
    desk = desk_of(exchange, run_plan)
    trade_to_the_break(desk)
    exchange.speak()
    desk.resolve(*in_time())
    sent = submits(exchange)
    assert len({intent.client_order_id for intent in sent}) == 1
    assert len(sent) == 2
    desk.take_bar(bar(2, CALM, CALM))
    assert desk.differences() == {}
    assert desk.state.book.entries[0] == 1


def test_an_entry_that_never_arrived_is_given_up_when_its_bar_is_over() -> None:
    run_plan = plan()
    exchange = SilentExchange(run_plan, arrives=False)
    desk = desk_of(exchange, run_plan)
    trade_to_the_break(desk)
    exchange.speak()
    late = SESSION.bar_end(2, 5) + timedelta(minutes=1)
    desk.resolve(late, SESSION.bar_end(2, 5))
    order = desk.state.orders[submits(exchange)[0].client_order_id]
    assert order.status == Status.CANCELLED
    assert len(submits(exchange)) == 1
    assert desk.state.book.pending[0] == 0


def test_a_dry_run_decides_and_records_and_sends_nothing() -> None:
    run_plan = plan()
    exchange = MemoryExchange(run_plan)
    desk = desk_of(exchange, run_plan, dry_run=True)
    trade_to_the_break(desk)
    assert exchange.requests == []
    ledger: Any = desk.ledger
    assert any(isinstance(event, Intent) and event.leg == Leg.ENTRY for event in ledger.events)
    refused = [e for e in ledger.events if isinstance(e, OrderUpdate) and e.reason == "dry_run"]
    assert refused
    assert not desk.state.book.pending.any()


def test_a_position_that_the_exchange_does_not_have_is_a_difference() -> None:
    run_plan = plan()
    exchange = MemoryExchange(run_plan)
    desk = desk_of(exchange, run_plan)
    trade_to_the_break(desk)
    desk.take_bar(bar(2, CALM, CALM))
    held = int(desk.state.book.quantity[0])
    exchange.venue.state.book.quantity[0] = 0
    exchange.venue.state.book.quantity[1] += 7
    assert desk.differences() == {
        "AAA": (held, 0),
        "BBB": (held, held + 7),
    }


def test_a_fill_that_does_not_fit_the_position_is_refused_loudly() -> None:
    run_plan = plan()
    desk = desk_of(MemoryExchange(run_plan), run_plan)
    strange = Fill("x.1", "x", "AAA", "exit", -5, 10.0, 0.0, 1)
    with pytest.raises(Exception, match="does not fit"):
        desk.record(strange)


def test_the_stop_rests_from_the_fill_on_and_covers_the_whole_position() -> None:
    run_plan = plan()
    exchange = MemoryExchange(run_plan)
    desk = desk_of(exchange, run_plan)
    trade_to_the_break(desk)
    desk.take_bar(bar(2, CALM, CALM))
    desk.execute()
    for symbol, held in exchange.positions().items():
        stops = [
            order
            for order in exchange.venue.state.orders.values()
            if order.symbol == symbol and order.leg == Leg.STOP and order.is_live
        ]
        assert [order.quantity for order in stops] == [-held]


def test_exits_are_planned_before_entries() -> None:
    run_plan = plan(flatten_minutes=5)
    desk = desk_of(MemoryExchange(run_plan), run_plan)
    book = desk.state.book
    book.quantity[1], book.exit_waiting[1], book.pending[0] = 5, True, 3
    book.pending_reference[0], book.pending_stop[0] = 10.0, 9.0
    intents = desk._planner.plan(book, ("AAA", "BBB"), {}, {})
    assert [(i.leg, i.symbol) for i in intents] == [(Leg.EXIT, "BBB"), (Leg.ENTRY, "AAA")]


@pytest.mark.parametrize("most", [1, 2])
def test_an_entry_that_is_to_end_keeps_its_place_until_it_is_known_to_be_gone(most: int) -> None:
    """At a broker elsewhere it may be filled while its cancel is on the way."""
    run_plan = plan()
    desk = desk_of(MemoryExchange(run_plan), run_plan)
    book = desk.state.book
    book.pending[0], book.pending_reference[0], book.pending_stop[0] = 3, 10.0, 9.0
    going = Order("going", "BBB", Leg.ENTRY, 5, status=Status.WORKING)
    now = Circumstances(BRACKETS, most_positions=most)
    cancel = Intent("cancel", "going", "BBB", Leg.ENTRY, 5, 1, 1)

    def entries(orders: list[Order], unanswered: dict[str, Intent]) -> list[str]:
        known = {order.client_order_id: order for order in orders}
        planned = desk._planner.plan(book, ("AAA", "BBB"), known, unanswered, now)
        return [
            each.symbol for each in planned if each.leg == Leg.ENTRY and each.action != "cancel"
        ]

    there = ["AAA"] if most > 1 else []
    assert entries([going], {}) == there
    assert entries([going], {"going": cancel}) == there
    assert entries([replace(going, status=Status.CANCELLED)], {}) == ["AAA"]


def test_an_order_id_is_the_same_whenever_it_is_made_and_differs_by_attempt() -> None:
    one = client_order_id("paper", "2025-06-10", "orb", "AAPL", Leg.ENTRY, 1)
    assert one == client_order_id("paper", "2025-06-10", "orb", "AAPL", Leg.ENTRY, 1)
    others = {
        client_order_id("live", "2025-06-10", "orb", "AAPL", Leg.ENTRY, 1),
        client_order_id("paper", "2025-06-10", "orb", "AAPL", Leg.ENTRY, 2),
        client_order_id("paper", "2025-06-10", "own", "AAPL", Leg.ENTRY, 1),
        client_order_id("paper", "2025-06-11", "orb", "AAPL", Leg.ENTRY, 1),
    }
    assert one not in others
    assert len(others) == 4
    assert len(one) <= 48


@pytest.mark.parametrize("end", [Status.FILLED, Status.CANCELLED, Status.REJECTED, Status.EXPIRED])
def test_what_is_over_stays_over(end: Status) -> None:
    order = replace(Order("x", "AAA", Leg.ENTRY, 5), status=end)
    assert transition(order, end) == order
    for other in set(Status) - {end}:
        with pytest.raises(IllegalTransition):
            transition(order, other)


def test_what_a_broker_forbids_is_not_entered_and_what_it_does_not_lend_is_not_sold_short() -> None:
    falls = (9.8, 9.8, 8.9, 9.0)
    for forbidden, unshortable, sent in (
        ({}, {}, {"AAA", "BBB"}),
        ({"AAA": "halted"}, {}, {"BBB"}),
        ({EVERY_SYMBOL: "the account is blocked"}, {}, set()),
        ({}, {"BBB": "not lent"}, {"AAA"}),
        ({}, {"AAA": "not lent"}, {"AAA", "BBB"}),
        ({}, {EVERY_SYMBOL: "no margin"}, {"AAA"}),
    ):
        run_plan = plan()
        exchange = MemoryExchange(run_plan)
        desk = desk_of(exchange, run_plan)
        desk.heed(forbidden, unshortable)
        desk.take_bar(bar(0, RANGE, RANGE))
        # AAA breaks upwards, BBB downwards; a forbidden one decides and is not sent.
        desk.take_bar(bar(1, BREAK, falls))
        desk.execute()
        assert {intent.symbol for intent in exchange.requests} == sent
        reasons = {order.symbol: order.status for order in desk.state.orders.values()}
        assert all(reasons[symbol] == Status.CANCELLED for symbol in reasons.keys() - sent)
