"""Legs that the exchange names itself are booked to our orders, before and after a restart."""

from __future__ import annotations

from dataclasses import replace

import orjson

from blocks.exchange.order_desk import OrderDesk
from blocks.ledger.event_rows import event_from_row, event_to_row
from tests.unit.blocks.exchange.test_order_desk import (
    CALM,
    SESSION,
    bar,
    desk_of,
    plan,
    trade_to_the_break,
)
from tests.unit.blocks.exchange.their_names import TheirExchange
from trading.session.events import Discrepancy, Event, Fill, OrderUpdate, SessionStarted
from trading.session.orders import Leg, Order, Status
from trading.session.state import SessionState

THROUGH_STOP = (9.0, 9.0, 8.0, 8.0)


def journal(desk: OrderDesk) -> list[Event]:
    desk.commit()
    return list(desk.ledger.events)  # type: ignore[attr-defined]


def holding() -> tuple[OrderDesk, TheirExchange]:
    run_plan = plan()
    exchange = TheirExchange(run_plan)
    desk = desk_of(exchange, run_plan)
    trade_to_the_break(desk)
    desk.take_bar(bar(2, CALM, CALM))
    desk.execute()
    assert desk.reconcile() == {}
    return desk, exchange


def leg_of(desk: OrderDesk, leg: Leg, symbol: str = "AAA") -> Order:
    orders = desk.state.orders.values()
    return next(o for o in orders if o.symbol == symbol and o.leg == leg and o.is_live)


def restarted(desk: OrderDesk, exchange: TheirExchange) -> tuple[OrderDesk, TheirExchange]:
    """Return a desk of another process: what it knows is the journal, read back from its rows."""
    run_plan = desk.state.plan
    rows = [event_to_row(event) for event in journal(desk)]
    other = exchange.restarted(run_plan)
    again = OrderDesk(SessionState(run_plan, SESSION), desk.ledger, other, "memory", 2)
    again.fold(event_from_row(*row) for row in rows)
    return again, other


def test_legs_are_in_the_books_under_our_ids_and_theirs_are_journalled() -> None:
    desk, exchange = holding()
    entry = next(o for o in desk.state.orders.values() if o.leg == Leg.ENTRY)
    stop = desk.state.orders[entry.stop_id or ""]
    assert stop.status == Status.WORKING
    assert stop.their_id == exchange.their_id(stop.client_order_id)
    told = [e for e in journal(desk) if isinstance(e, OrderUpdate) and e.leg == Leg.STOP]
    assert {e.their_id for e in told} == {exchange.their_id(e.client_order_id) for e in told}
    assert not [e for e in journal(desk) if isinstance(e, Discrepancy)]


def test_a_stop_that_fills_after_a_restart_is_our_stop_and_the_trade_is_over() -> None:
    desk, exchange = holding()
    again, other = restarted(desk, exchange)
    again.take_bar(bar(3, THROUGH_STOP, CALM))
    again.execute()
    assert again.state.book.quantity[0] == 0
    fills = [e for e in journal(again) if isinstance(e, Fill) and e.symbol == "AAA"]
    assert [fill.leg for fill in fills] == ["entry", "stop"]
    assert again.reconcile() == {}
    assert not [o for o in other.open_orders() if o.symbol == "AAA"]


def test_a_level_is_moved_after_a_restart_although_the_exchange_names_the_leg_itself() -> None:
    desk, exchange = holding()
    again, other = restarted(desk, exchange)
    again.listen()
    again.state.book.stop[0] = 10.6
    again.execute()
    stops = [o.price for o in other.venue.state.orders.values() if o.leg == Leg.STOP]
    assert 10.6 in stops
    assert [i.action for i in other.requests] == ["replace"], "a second stop was sent"


def test_a_fill_that_is_the_first_word_of_a_leg_is_booked_and_the_leg_is_known_by_it() -> None:
    run_plan = plan()
    exchange = TheirExchange(run_plan)
    desk = desk_of(exchange, run_plan)
    trade_to_the_break(desk)
    exchange.observe(bar(2, CALM, CALM))
    held = int(exchange.venue.state.book.quantity[0])
    stop = next(o for o in exchange.venue.state.orders.values() if o.leg == Leg.STOP)
    exchange.forget_updates_of(Leg.STOP)
    exchange.fill_of(stop, -3, 9.5)
    desk.listen()
    assert int(desk.state.book.quantity[0]) == held - 3
    known = desk.state.orders[stop.client_order_id]
    assert (known.filled, known.quantity, known.price) == (3, -held, stop.price)
    assert known.their_id == exchange.their_id(stop.client_order_id)
    assert exchange.our_ids[known.their_id] == stop.client_order_id, "it was not told whose it is"


def test_an_order_that_goes_on_under_another_id_of_theirs_is_the_same_order() -> None:
    desk, exchange = holding()
    stop = leg_of(desk, Leg.STOP)
    news = OrderUpdate("", "AAA", Leg.STOP, Status.WORKING, 5, stop.price, stop.quantity)
    desk.record(replace(news, client_order_id=stop.client_order_id, their_id="T-second"))
    for their_id in ("T-second", stop.their_id):
        assert desk.state.their_ids[their_id] == stop.client_order_id
    again, _ = restarted(desk, exchange)
    assert again.state.their_ids == desk.state.their_ids
    assert again.state.orders[stop.client_order_id].their_id == "T-second"


def test_what_rests_overnight_is_known_in_the_next_session_by_the_exchanges_id() -> None:
    desk, _ = holding()
    state = desk.state
    stop = leg_of(desk, Leg.STOP)
    left = orjson.loads(orjson.dumps(state.inheritance()))
    following = SessionState(state.plan, SESSION)
    following.apply(SessionStarted("2025-06-11", 0, 0, left))
    assert following.their_ids[stop.their_id] == stop.client_order_id


def test_a_leg_of_an_entry_that_nobody_knows_is_a_difference_and_moves_no_books() -> None:
    desk, exchange = holding()
    held = desk.state.book.quantity.copy()
    exchange.stream_of_events.append(OrderUpdate("", "AAA", Leg.STOP, Status.WORKING, 1))
    exchange._entry_of = lambda leg_id: "somebody"  # type: ignore[method-assign]
    desk.take_bar(bar(3, CALM, CALM))
    assert list(desk.blocked) == ["AAA"]
    assert (desk.state.book.quantity == held).all()


def news(order: Order, status: Status, us: int) -> OrderUpdate:
    return OrderUpdate(order.client_order_id, order.symbol, order.leg, status, us)


def test_old_news_of_an_order_that_has_ended_is_no_difference() -> None:
    desk, exchange = holding()
    entry = next(o for o in desk.state.orders.values() if o.symbol == "AAA" and o.leg == Leg.ENTRY)
    target = leg_of(desk, Leg.TARGET)
    # Updates come out of order and twice.
    late = [news(entry, Status.WORKING, 1), news(target, Status.WORKING, 4)]
    ended = news(target, Status.CANCELLED, 5)
    exchange.stream_of_events += [late[0], ended, late[1], ended]
    exchange.venue.state.orders[target.client_order_id] = replace(target, status=Status.CANCELLED)
    desk.listen()
    assert desk.state.discrepancies == {}
    assert not [e for e in journal(desk) if isinstance(e, OrderUpdate) and e.us in (1, 4)]
    assert journal(desk).count(replace(ended, their_id=target.their_id)) == 1


def test_an_order_that_lives_on_after_its_end_is_a_difference_once() -> None:
    desk, exchange = holding()
    target = leg_of(desk, Leg.TARGET)
    alive = news(target, Status.WORKING, 9)
    exchange.stream_of_events += [news(target, Status.CANCELLED, 5), alive, alive, alive]
    desk.listen()
    assert "was reported working" in desk.state.discrepancies["AAA"]
    assert len([e for e in journal(desk) if isinstance(e, Discrepancy)]) == 1
