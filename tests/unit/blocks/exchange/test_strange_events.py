"""What an exchange says that cannot be booked: kept in the journal, and its symbol not entered."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from blocks.exchange.mock_exchange import MockExchange
from blocks.exchange.order_desk import OrderDesk
from blocks.ledger.event_rows import event_to_row
from blocks.stores.insertion import insert
from tests.unit.blocks.exchange.test_order_desk import (
    CALM,
    bar,
    desk_of,
    plan,
    trade_to_the_break,
)
from tests.unit.replay.in_memory import ACCOUNT, MemoryExchange
from trading.session.broker.exchange_port import EventPage, ExchangeEvent, StreamPosition
from trading.session.events import Command, Discrepancy, Fill, OrderUpdate
from trading.session.orders import Leg, Status, client_order_id


def name(leg: Leg, attempt: int, symbol: str = "AAA") -> str:
    return client_order_id("memory", "2025-06-10", "orb", symbol, leg, attempt)


OURS = name(Leg.EXIT, 7)
FOREIGN = Fill("manual.1", "manual", "AAA", "exit", -5, 10.0, 0.0, 1)
ELSEWHERE = Fill("x.1", name(Leg.EXIT, 1, "ZZZ"), "ZZZ", "exit", -5, 10.0, 0.0, 1)
TOO_MUCH = Fill("x.2", OURS, "AAA", "exit", -5_000_000, 10.0, 0.0, 1)
WRONG_SIDE = Fill("x.3", OURS, "AAA", "exit", 5, 10.0, 0.0, 1)
NOTHING = Fill("x.4", OURS, "AAA", "exit", 0, 10.0, 0.0, 1)
NO_PRICE = Fill("x.5", OURS, "AAA", "exit", -1, -10.0, 0.0, 1)
UNKNOWN_ENTRY = Fill("x.6", name(Leg.ENTRY, 9), "AAA", "entry", 5, 10.0, 0.0, 1)
FOREIGN_UPDATE = OrderUpdate("manual", "AAA", Leg.STOP, Status.WORKING, 1)
STRANGE = {
    "a fill of a foreign order": FOREIGN,
    "a fill of a symbol that is not traded": ELSEWHERE,
    "a fill of more than is held": TOO_MUCH,
    "a fill on the wrong side": WRONG_SIDE,
    "a fill of nothing": NOTHING,
    "a fill at no price": NO_PRICE,
    "a fill of an entry that nobody sent": UNKNOWN_ENTRY,
    "news of a foreign order": FOREIGN_UPDATE,
}


class SaysMore(MemoryExchange):
    """Has more to say than the venue behind it, and says it at every look."""

    more: tuple[ExchangeEvent, ...] = ()

    def events(self, since: StreamPosition) -> EventPage:
        page = super().events(since)
        return page._replace(events=[*page.events, *self.more])


def holding() -> tuple[Any, SaysMore]:
    run_plan = plan()
    exchange = SaysMore(run_plan)
    desk = desk_of(exchange, run_plan)
    trade_to_the_break(desk)
    desk.take_bar(bar(2, CALM, CALM))
    desk.execute()
    assert desk.blocked == {}
    return desk, exchange


@pytest.mark.parametrize("event", STRANGE.values(), ids=STRANGE.keys())
def test_what_cannot_be_booked_is_kept_and_its_symbol_blocked(event: Any) -> None:
    desk, exchange = holding()
    held = desk.state.book.quantity.copy()
    exchange.more = (ExchangeEvent(event),)
    desk.take_bar(bar(3, CALM, CALM))
    desk.execute()
    assert list(desk.blocked) == [event.symbol]
    assert (desk.state.book.quantity == held).all(), "somebody else's event moved the books"
    kept = [e for e in desk.ledger.events if isinstance(e, Discrepancy)]
    assert [e.symbol for e in kept] == [event.symbol]
    assert kept[0].said["client_order_id"] == event.client_order_id
    assert desk.state.last_bar == 3


@pytest.mark.parametrize("number", [-5, 0])
def test_an_event_without_a_right_number_blocks_and_is_not_lost(
    number: int, tmp_path: Path
) -> None:
    run_plan = plan()
    exchange = MockExchange(tmp_path, "memory", run_plan)
    desk = desk_of(exchange, run_plan)
    trade_to_the_break(desk)
    desk.take_bar(bar(2, CALM, CALM))
    desk.execute()
    held = int(desk.state.book.quantity[0])
    stop = next(o for o in desk.state.orders.values() if o.symbol == "AAA" and o.leg == Leg.STOP)
    part = Fill("late.1", stop.client_order_id, "AAA", "stop", -1, 9.5, 0.0, 1)
    with exchange._file.transaction() as connection:
        insert(connection, "events", [(number, *event_to_row(part))])
    exchange._load()
    for more in range(3, 6):
        desk.take_bar(bar(more, CALM, CALM))
        desk.execute()
    assert int(desk.state.book.quantity[0]) == held - 1, "a fill of ours was lost"
    assert f"numbered an event of order {stop.client_order_id} {number}" in str(
        desk.state.discrepancies["AAA"]
    )
    assert "AAA" in desk.blocked
    assert "BBB" not in desk.blocked
    assert sum(isinstance(e, Discrepancy) for e in desk.ledger.events) == 1
    assert desk.ledger.events.count(part) == 1, "journalled at every look"


def test_a_second_event_of_a_number_that_was_taken_is_heard_and_blocks(tmp_path: Path) -> None:
    run_plan = plan()
    exchange = MockExchange(tmp_path, "memory", run_plan)
    desk = desk_of(exchange, run_plan)
    trade_to_the_break(desk)
    desk.take_bar(bar(2, CALM, CALM))
    desk.execute()
    held = desk.state.book.quantity.copy()
    with exchange._file.transaction() as connection:
        connection.execute("CREATE TABLE without_key AS SELECT * FROM events")
        connection.execute("DROP TABLE events")
        connection.execute("ALTER TABLE without_key RENAME TO events")
        insert(connection, "events", [(exchange._number, *event_to_row(FOREIGN))])
    exchange._load()
    for more in range(3, 5):
        desk.take_bar(bar(more, CALM, CALM))
        desk.execute()
    assert list(desk.blocked) == ["AAA"]
    assert "by an order that is not ours (manual)" in desk.blocked["AAA"]
    assert (desk.state.book.quantity == held).all()
    assert sum(isinstance(e, Discrepancy) for e in desk.ledger.events) == 1


def test_an_event_that_cannot_be_read_blocks_its_symbol() -> None:
    desk, exchange = holding()
    unreadable = Discrepancy("AAA", "event 7 of the exchange cannot be read", {})
    exchange.more = (ExchangeEvent(unreadable),)
    for more in (3, 4):
        desk.take_bar(bar(more, CALM, CALM))
        desk.execute()
    assert desk.ledger.events.count(unreadable) == 1, "journalled at every look"
    assert "cannot be read" in desk.blocked["AAA"]
    assert "BBB" not in desk.blocked


def test_what_follows_upon_a_row_that_was_lost_blocks_its_symbol_and_ends_no_session() -> None:
    """Each time the journal is read it would end there, while positions are held."""
    desk, exchange = holding()
    held, other = (int(quantity) for quantity in desk.state.book.quantity[:2])
    exchange.positions = lambda: {"BBB": other}  # type: ignore[method-assign]
    stop = next(o for o in desk.state.orders.values() if o.symbol == "AAA" and o.leg == Leg.STOP)
    left = Fill("left", stop.client_order_id, "AAA", "stop", -held, 9.5, 0.0, 1)
    unreadable = Discrepancy("AAA", "the journal has a row of kind 'x'", {})
    rows = [
        unreadable if isinstance(event, Fill) and event.symbol == "AAA" else event
        for event in desk.ledger.events
    ]
    again = desk_of(exchange, plan())
    again._news.cursor = desk.ledger.cursor()
    again.fold([*rows, left, Fill("gone", "x", "BBB", "exit", 1_000_000, 9.5, 0.0, 1)])
    assert again.state.last_bar == desk.state.last_bar
    assert again.state.has_heard("left")
    blocked = again.reconcile()
    assert blocked["AAA"].endswith("is filled with 66, its fills are 0")
    assert "the journal has lost what came before: fill gone of" in blocked["BBB"]


def test_a_terminal_order_that_is_reported_alive_is_a_difference_and_no_end() -> None:
    desk, exchange = holding()
    entry = next(o for o in desk.state.orders.values() if o.symbol == "AAA" and o.leg == Leg.ENTRY)
    assert entry.status == Status.FILLED
    again = OrderUpdate(entry.client_order_id, "AAA", Leg.ENTRY, Status.CANCELLED, 1)
    exchange.more = (ExchangeEvent(again),)
    desk.take_bar(bar(3, CALM, CALM))
    assert "was reported cancelled" in desk.blocked["AAA"]


def test_a_blocked_symbol_is_not_entered_and_is_free_when_both_agree_again() -> None:
    run_plan = plan(max_entries=3)
    exchange = MemoryExchange(run_plan)
    desk = desk_of(exchange, run_plan)
    exchange.positions = lambda: {"AAA": 7}  # type: ignore[method-assign]
    trade_to_the_break(desk)
    assert desk.blocked == {"AAA": "ledger 0, exchange 7: no order of ours made the position"}
    assert {intent.symbol for intent in exchange.requests} == {"BBB"}
    del exchange.positions  # type: ignore[method-assign]
    desk.take_bar(bar(2, CALM, CALM))
    assert desk.blocked == {}


def test_what_the_exchange_does_not_hold_is_neither_left_nor_protected_there() -> None:
    desk, exchange = holding()
    asked = len(exchange.requests)
    exchange.venue.state.book.quantity[0] = 0
    desk.take_bar(bar(3, CALM, CALM))
    desk.execute()
    more = [(i.action, i.leg) for i in exchange.requests[asked:] if i.symbol == "AAA"]
    assert {action for action, _ in more} <= {"cancel"}, "an exit would open a position there"


def test_an_exit_that_is_refused_is_asked_once_a_bar_and_told() -> None:
    desk, exchange = holding()
    refuse = exchange.venue._refusal
    exchange.venue._refusal = lambda order: (  # type: ignore[method-assign]
        "market is closed" if order.leg == Leg.EXIT else refuse(order)
    )
    desk.state.book.exit_waiting[0] = True
    desk.state.book.exit_reason[0] = 3
    desk.execute()
    exits = [i for i in exchange.requests if i.leg == Leg.EXIT and i.action == "submit"]
    assert len(exits) == 1
    desk.reconcile()
    assert desk.blocked["AAA"] == "its exit was refused: market is closed"
    desk.take_bar(bar(3, CALM, CALM))
    desk.execute()
    exits = [i for i in exchange.requests if i.leg == Leg.EXIT and i.action == "submit"]
    assert len(exits) == 2


def test_no_more_is_left_than_the_exchange_still_has() -> None:
    desk, exchange = holding()
    there = exchange.venue.state.book
    there.quantity[0] = int(desk.state.book.quantity[0]) - 20
    exchange.venue._refusal = lambda order: ""  # type: ignore[method-assign]
    desk.take_bar(bar(3, CALM, CALM))
    desk.state.book.exit_waiting[0] = True
    desk.state.book.exit_reason[0] = 5
    desk.leave(Command("flatten"), {"AAA": 11.0})
    exits = [i for i in exchange.requests if i.leg == Leg.EXIT and i.symbol == "AAA"]
    assert len(exits) == 1, "a second exit would open a position"
    assert exchange.positions().get("AAA", 0) == 0


def test_a_filled_order_whose_fills_do_not_add_up_is_a_difference() -> None:
    desk, _ = holding()
    order_id, entry = next(
        (n, o) for n, o in desk.state.orders.items() if o.symbol == "AAA" and o.leg == Leg.ENTRY
    )
    desk.state.orders[order_id] = replace(entry, filled=entry.filled - 1)
    assert "its fills are" in desk.reconcile()["AAA"]


def test_an_order_that_rests_on_one_side_only_is_a_difference() -> None:
    desk, exchange = holding()
    rests = exchange.venue.state.orders
    stop = next(n for n, o in rests.items() if o.symbol == "AAA" and o.leg == Leg.STOP)
    del rests[stop]
    assert "not at the exchange" in desk.reconcile()["AAA"]
    assert desk.state.orders[stop].status == Status.CANCELLED


def test_a_pending_entry_that_the_exchange_has_lost_is_given_up_and_told() -> None:
    run_plan = plan(max_entries=3)
    exchange = MemoryExchange(run_plan)
    desk = desk_of(exchange, run_plan)
    trade_to_the_break(desk)
    assert desk.state.book.pending[0] != 0
    lost = MemoryExchange(run_plan)
    desk = OrderDesk(desk.state, desk.ledger, lost, ACCOUNT, 1)
    desk.reconcile()
    assert desk.state.book.pending[0] == 0, "its place and its money stayed taken"
    assert "is not at the exchange any more" in desk.blocked["AAA"]
    desk.execute()
    assert desk.state.unanswered == {}
    assert lost.requests == []


def test_an_order_that_is_over_here_and_open_there_is_cancelled_there() -> None:
    run_plan = plan()
    exchange = MemoryExchange(run_plan)
    desk = desk_of(exchange, run_plan)
    trade_to_the_break(desk)
    entry = next(o for o in desk.state.orders.values() if o.symbol == "AAA")
    desk.state.orders[entry.client_order_id] = replace(entry, status=Status.EXPIRED)
    desk.state.book.pending[0] = 0
    desk.take_bar(bar(2, None, CALM))
    desk.execute()
    assert "AAA" not in {order.symbol for order in exchange.open_orders()}
    desk.take_bar(bar(3, CALM, CALM))
    assert exchange.positions().get("AAA", 0) == 0, "it was filled and nobody would have left it"
