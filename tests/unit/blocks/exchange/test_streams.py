"""The exchange's stream is another than before, went back, or is ahead of the ledger."""

from __future__ import annotations

import copy
from dataclasses import replace

from blocks.exchange.order_desk import OrderDesk
from tests.unit.blocks.exchange.test_order_desk import (
    CALM,
    DAY,
    SESSION,
    bar,
    desk_of,
    plan,
    trade_to_the_break,
)
from tests.unit.replay.in_memory import ACCOUNT, MemoryExchange
from trading.session.broker.exchange_port import EventPage, StreamPosition
from trading.session.events import Fill, update_of
from trading.session.orders import Leg, Order, Status
from trading.session.protection.legs import is_held, parent_of
from trading.session.state import SessionState
from trading.session.venue.orders import VenueEvent


class Named(MemoryExchange):
    identity = "first"


def test_a_deleted_store_is_noticed_its_events_are_read_and_nothing_is_shorted() -> None:
    run_plan = plan(max_entries=5)
    old = Named(run_plan)
    desk = desk_of(old, run_plan)
    trade_to_the_break(desk)
    desk.take_bar(bar(2, CALM, CALM))
    desk.execute()
    held = int(desk.state.book.quantity[0])
    new = Named(run_plan)
    new.identity = "second"
    again = OrderDesk(desk.state, desk.ledger, new, ACCOUNT, 1)
    again.listen()
    assert again.reconcile()["AAA"] == f"ledger {held}, exchange 0"
    again.state.book.exit_waiting[:] = True
    again.execute()
    assert new.positions() == {}
    assert not [i for i in new.requests if i.action == "submit"]
    again.commit()
    assert desk.ledger.cursor().identity == "second"


def test_a_stream_that_went_back_is_read_again_and_nothing_is_booked_twice() -> None:
    run_plan = plan()
    exchange = Named(run_plan)
    desk = desk_of(exchange, run_plan)
    trade_to_the_break(desk)
    earlier = (copy.deepcopy(exchange.venue), list(exchange.stream_of_events))
    desk.take_bar(bar(2, CALM, CALM))
    desk.execute()
    held = desk.state.book.quantity.copy()
    exchange.venue, exchange.stream_of_events = earlier
    desk.take_bar(bar(3, CALM, CALM))
    # The entry fills at the exchange for the second time, at another bar: another execution.
    assert (desk.state.book.quantity == held).all()
    assert desk.blocked.keys() <= {"AAA", "BBB"}


def test_a_broker_that_tells_its_fills_anew_in_other_pieces_is_not_heard_twice() -> None:
    run_plan = plan()
    exchange = Named(run_plan)
    desk = desk_of(exchange, run_plan)
    trade_to_the_break(desk)
    desk.take_bar(bar(2, CALM, CALM))
    desk.execute()
    held = desk.state.book.quantity.copy()
    assert held[0] > 1
    exchange.is_simulated = False
    exchange.identity = "second"
    exchange.stream_of_events = [
        piece for event in exchange.stream_of_events for piece in in_pieces(event)
    ]
    again = OrderDesk(desk.state, desk.ledger, exchange, ACCOUNT, 1)
    again.listen()
    assert (again.state.book.quantity == held).all()
    assert again.reconcile() == {}


def in_pieces(event: VenueEvent) -> list[VenueEvent]:
    if not isinstance(event, Fill):
        return [event]
    first = 1 if event.quantity > 0 else -1
    return [
        replace(event, exec_id=f"{event.exec_id}:1", quantity=first),
        replace(event, exec_id=f"{event.exec_id}:2", quantity=event.quantity - first),
    ]


def test_a_ledger_that_was_brought_back_learns_what_was_sent_since_then() -> None:
    run_plan = plan()
    exchange = Named(run_plan)
    newer = desk_of(exchange, run_plan)
    trade_to_the_break(newer)
    newer.take_bar(bar(2, CALM, CALM))
    newer.execute()
    assert newer.state.book.quantity[0] > 0
    # A copy from before the first order.
    older = desk_of(exchange, run_plan)
    older.take_bar(bar(0, (10.0, 10.5, 9.5, 10.2), (10.0, 10.5, 9.5, 10.2)))
    assert older.differences() == {}
    assert older.reconcile() == {}
    for s in range(2):
        assert older.state.book.quantity[s] == newer.state.book.quantity[s]
        assert older.state.book.stop[s] == newer.state.book.stop[s]
    for order in newer.state.orders.values():
        assert older.state.orders[order.client_order_id].status == order.status
    older.execute()
    submitted = [i.client_order_id for i in exchange.requests if i.action == "submit"]
    assert len(submitted) == len(set(submitted)), "an order was sent a second time"
    folded = SessionState(run_plan, SESSION)
    older.commit()
    for event in older.ledger.events:  # type: ignore[attr-defined]
        folded.apply(event)
    assert (folded.book.stop == older.state.book.stop).all()


def test_an_order_of_ours_that_rests_unknown_is_taken_over() -> None:
    run_plan = plan()
    exchange = Named(run_plan)
    desk = desk_of(exchange, run_plan)
    trade_to_the_break(desk)
    desk.take_bar(bar(2, CALM, CALM))
    desk.execute()
    stop = next(o for o in desk.state.orders.values() if o.symbol == "AAA" and o.leg == Leg.STOP)
    del desk.state.orders[stop.client_order_id]
    assert desk.reconcile() == {}
    assert desk.state.orders[stop.client_order_id].price == stop.price
    asked = len(exchange.requests)
    desk.execute()
    assert exchange.requests[asked:] == []


def test_a_ledger_of_an_earlier_version_goes_on_from_its_number() -> None:
    run_plan = plan()
    exchange = Named(run_plan)
    desk = desk_of(exchange, run_plan)
    trade_to_the_break(desk)
    cursor = desk.ledger.cursor()
    desk.ledger.last = StreamPosition("", cursor.cursor)  # type: ignore[attr-defined]
    again = desk_of(exchange, run_plan)
    again._news.cursor = desk.ledger.cursor()
    assert again.listen() == 0
    assert again._news.cursor == StreamPosition("first", cursor.cursor)
    assert not [e for e in again._uncommitted if isinstance(e, Fill)]
    assert again.state.session.date == DAY


class Mute(Named):
    is_mute = False

    def events(self, since: StreamPosition) -> EventPage:
        return EventPage(since, [], False) if self.is_mute else super().events(since)


def test_the_stop_of_an_entry_whose_fills_are_not_heard_yet_is_left_where_it_rests() -> None:
    run_plan = plan()
    exchange = Mute(run_plan)
    desk = desk_of(exchange, run_plan)
    trade_to_the_break(desk)
    exchange.is_mute = True
    desk.take_bar(bar(2, CALM, CALM))
    entry = next(o for o in exchange.venue.state.orders.values() if o.leg == Leg.ENTRY)
    assert exchange.positions()[entry.symbol] != 0
    # What looking the entry up says of it comes before what the stream says.
    desk.record(update_of(entry))
    desk.reconcile()
    desk.execute()
    assert entry.stop_id in {order.client_order_id for order in exchange.open_orders()}
    exchange.is_mute = False
    desk.listen()
    assert int(desk.state.book.quantity[desk.state.index[entry.symbol]]) == entry.quantity


def test_a_leg_is_of_the_newest_entry_that_names_it() -> None:
    """An entry that ended unfilled leaves the names of its legs to the next one."""
    first = Order("entry-1", "AAA", Leg.ENTRY, 5, stop_id="stop-1", status=Status.CANCELLED)
    second = replace(first, client_order_id="entry-2", attempt=2, status=Status.WORKING)
    stop = Order("stop-1", "AAA", Leg.STOP, -5, status=Status.WORKING)
    assert parent_of(stop, [first, second]) is second
    assert parent_of(stop, [first]) is first
    assert is_held(stop, [first, second])
