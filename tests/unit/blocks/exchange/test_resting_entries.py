"""An entry that rests at a level, between the desk and an exchange that fills it when it likes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from blocks.exchange.mock_exchange import MockExchange
from blocks.exchange.order_desk import OrderDesk
from tests.unit.blocks.exchange.test_order_desk import CALM, RANGE, bar, desk_of, plan
from tests.unit.replay.in_memory import MemoryExchange
from trading.engine.book_changes import cancel_entry
from trading.session.broker.answers import Answer, Unknown
from trading.session.broker.facts import SIMULATED
from trading.session.entry_terms import EntryTerms, await_entry, awaited_terms
from trading.session.events import Command, Fill, Intent
from trading.session.orders import Leg, OrderType, Status, TargetKind

# Long at 12, where the price of `CALM` is not yet; 0.5 USD of risk, a target 2 R away.
TERMS = EntryTerms(100, 12.0, 11.5, 2.0, TargetKind.R, OrderType.STOP, 12.0)
OTHER = TERMS._replace(reference_price=12.4, stop_price=11.9, level=12.4)
REACHED = (11.6, 12.1, 11.6, 12.05)
THROUGH = (11.0, 12.6, 11.4, 12.5)


class SlowExchange(MemoryExchange):
    """Fills a resting order before it takes its cancellation, as an exchange may."""

    def cancel(self, intent: Intent) -> Answer:
        if intent.leg == Leg.ENTRY:
            self.observe(bar(2, THROUGH, CALM))
        return super().cancel(intent)


class DeafExchange(MemoryExchange):
    """Loses each request of a kind the first time, on its way or on the way back."""

    def __init__(self, run_plan: Any, action: str, *, arrives: bool) -> None:
        super().__init__(run_plan)
        self._action, self._arrives, self._is_deaf = action, arrives, True

    def submit(self, intent: Intent) -> Answer:
        return self._ask(super().submit, intent)

    def cancel(self, intent: Intent) -> Answer:
        return self._ask(super().cancel, intent)

    def _ask(self, request: Callable[[Intent], Answer], intent: Intent) -> Answer:
        if self._is_deaf and intent.action == self._action:
            self._is_deaf = False
            if self._arrives:
                request(intent)
            return Unknown("no answer")
        return request(intent)


def resting(exchange: MemoryExchange | None = None, terms: EntryTerms = TERMS) -> OrderDesk:
    """Return a desk whose first symbol has an entry resting at the exchange."""
    run_plan = plan(max_entries=0)
    desk = desk_of(exchange or MemoryExchange(run_plan), run_plan)
    for number, prices in enumerate((RANGE, CALM)):
        desk.take_bar(bar(number, prices, prices))
    await_entry(desk.state.book, 0, terms)
    desk.execute()
    return desk


def venue_of(desk: OrderDesk) -> MemoryExchange:
    exchange = desk.exchange
    assert isinstance(exchange, MemoryExchange)
    return exchange


def live_at(desk: OrderDesk, leg: Leg) -> list[tuple[int, float | None]]:
    orders = venue_of(desk).open_orders()
    return [(order.quantity, order.price) for order in orders if order.leg == leg]


def test_the_exchange_is_told_level_and_protection_and_a_broker_how_it_goes_out() -> None:
    for terms, is_reached in (
        (TERMS, False),
        (TERMS._replace(level=11.0, reference_price=11.0), True),
        (TERMS._replace(level=10.9, order_type=OrderType.LIMIT), False),
    ):
        sent = venue_of(resting(terms=terms)).requests[-1]
        assert (sent.order_type, sent.level, sent.is_reached) == (*terms[5:], is_reached)
        assert (sent.stop_price, sent.target_offset, sent.target_kind) == (11.5, 2.0, "r")
        assert sent.stop_id
        assert sent.target_id


def test_it_rests_until_price_gets_there_and_is_not_asked_for_again() -> None:
    desk = resting()
    for number in range(2, 6):
        desk.take_bar(bar(number, CALM, CALM))
        desk.execute()
    assert len(venue_of(desk).requests) == 1
    assert awaited_terms(desk.state.book, 0) == TERMS
    assert desk.blocked == {}


class WithoutStopEntries(MemoryExchange):
    """Lets no entry rest at a level beyond price."""

    abilities = replace(SIMULATED, stop_entry=False)


def test_where_it_cannot_rest_it_goes_out_once_a_bar_has_closed_beyond_its_level() -> None:
    desk = resting(WithoutStopEntries(plan(max_entries=0)))
    assert venue_of(desk).requests == []
    desk.take_bar(bar(2, REACHED, CALM))
    desk.execute()
    assert [(each.level, each.is_reached) for each in venue_of(desk).requests] == [(12.0, True)]


def test_filled_while_nobody_looks_its_stop_and_its_target_rest_at_the_exchange() -> None:
    desk = resting()
    # The desk hears of nothing: its process is down.
    venue_of(desk).observe(bar(2, REACHED, CALM))
    # Slipped by 5 bps to 12.006: R is 0.506, and two of them are rounded towards the position.
    assert live_at(desk, Leg.STOP) == [(-100, 11.5)]
    assert live_at(desk, Leg.TARGET) == [(-100, 13.01)]
    # And is stopped there a bar later.
    venue_of(desk).observe(bar(3, RANGE, CALM))
    assert venue_of(desk).positions() == {}

    desk.listen()
    desk.reconcile()
    assert desk.blocked == {}
    assert not desk.state.book.quantity.any()
    assert desk.state.book.entries[0] == 1


def test_filled_inside_a_bar_it_is_stopped_in_that_bar_and_never_gets_its_target() -> None:
    desk = resting()
    desk.take_bar(bar(2, THROUGH, CALM))
    desk.execute()
    fills = [event for event in venue_of(desk).stream_of_events if isinstance(event, Fill)]
    assert [(fill.leg, fill.quantity) for fill in fills] == [("entry", 100), ("stop", -100)]
    assert venue_of(desk).open_orders() == []
    assert not desk.state.book.quantity.any()


def test_another_takes_its_place_only_when_it_is_known_to_be_gone() -> None:
    desk = resting()
    await_entry(desk.state.book, 0, OTHER)
    desk.execute()
    asked = [(intent.action, intent.level) for intent in venue_of(desk).requests]
    assert asked == [("submit", 12.0), ("cancel", None), ("submit", 12.4)]
    assert awaited_terms(desk.state.book, 0) == OTHER
    assert [order.level for order in venue_of(desk).open_orders()] == [12.4]


def test_filled_before_its_cancellation_it_has_its_own_stop_and_no_second_one_is_entered() -> None:
    for is_replaced in (False, True):
        desk = resting(SlowExchange(plan(max_entries=0)))
        cancel_entry(desk.state.book, 0)
        if is_replaced:
            await_entry(desk.state.book, 0, OTHER._replace(stop_price=5.0))
        desk.execute()
        assert desk.blocked == {}
        assert desk.state.book.pending[0] == 0
        assert len([i for i in venue_of(desk).requests if i.action == "submit"]) == 1
        fills = [event for event in venue_of(desk).stream_of_events if isinstance(event, Fill)]
        # Stopped in the bar of its entry, at its own level and not at that of the other one.
        assert [(fill.leg, fill.price) for fill in fills] == [("entry", 12.006), ("stop", 11.4943)]
        assert not desk.state.book.quantity.any()


@pytest.mark.parametrize("action", ["submit", "cancel"])
@pytest.mark.parametrize("arrives", [True, False])
def test_a_request_without_an_answer_is_looked_up_and_leaves_one_order_or_none(
    action: str, *, arrives: bool
) -> None:
    run_plan = plan(max_entries=0)
    desk = resting(DeafExchange(run_plan, action, arrives=arrives))
    session = desk.state.session
    if action == "cancel":
        cancel_entry(desk.state.book, 0)
        desk.execute()
    assert bool(desk.state.unanswered) is not arrives
    desk.resolve(session.bar_end(1, 5), session.bar_end(2, 5))
    desk.execute()
    assert desk.state.unanswered == {}
    live = [order.level for order in venue_of(desk).open_orders()]
    assert live == ([12.0] if action == "submit" else [])
    assert desk.reconcile() == {}


def test_what_is_filled_in_parts_keeps_its_protection_by_the_whole_fill() -> None:
    desk = resting()
    entry = next(iter(desk.state.orders.values()))
    for number, (shares, price) in enumerate(((40, 12.0), (60, 12.1))):
        desk.record(
            Fill(f"part-{number}", entry.client_order_id, "AAA", Leg.ENTRY, shares, price, 0.0, 1)
        )
    book = desk.state.book
    assert (book.quantity[0], book.entry_price[0], book.stop[0]) == (100, 12.06, 11.5)
    # Two R of 0.56 from 12.06.
    assert book.target[0] == 13.18


def test_the_close_ends_it() -> None:
    desk = resting()
    desk.close_session()
    assert venue_of(desk).open_orders() == []
    statuses = [order.status for order in desk.state.orders.values() if order.leg == Leg.ENTRY]
    assert statuses == [Status.EXPIRED]
    assert awaited_terms(desk.state.book, 0) is None


def test_a_session_that_is_stopped_withdraws_it_and_nothing_else() -> None:
    desk = resting()
    await_entry(desk.state.book, 1, TERMS._replace(order_type=OrderType.MARKET, level=None))
    desk.execute()
    desk.record(Command("withdraw", "shutdown"))
    desk.execute()
    assert [order.symbol for order in venue_of(desk).open_orders()] == ["BBB"]
    assert not desk.state.halt.is_halted


def test_an_exchange_that_is_opened_anew_fills_what_rested_and_protects_it(tmp_path: Path) -> None:
    run_plan = plan(max_entries=0)
    sent = venue_of(resting()).requests[-1]
    exchange = MockExchange(tmp_path, "paper", run_plan)
    exchange.observe(bar(1, CALM, CALM))
    exchange.submit(sent)
    exchange.close()

    again = MockExchange(tmp_path, "paper", run_plan)
    assert [order.level for order in again.open_orders()] == [12.0]
    again.observe(bar(2, REACHED, CALM))
    again.close()

    after = MockExchange(tmp_path, "paper", run_plan)
    assert after.positions() == {"AAA": 100}
    prices = {str(order.leg): order.price for order in after.open_orders()}
    assert prices == {"stop": 11.5, "target": 13.01}
    after.close()
