"""What others hold and order at the account: it blocks our symbols, and is never touched."""

from __future__ import annotations

from typing import Any

import pytest

from blocks.exchange.order_desk import OrderDesk
from tasks.session.difference_news import DifferenceNews
from tests.unit.blocks.exchange.test_order_desk import (
    CALM,
    bar,
    desk_of,
    plan,
    trade_to_the_break,
)
from tests.unit.replay.in_memory import MemoryExchange
from trading.plan import RunPlan
from trading.session.broker.exchange_port import Exchange
from trading.session.events import Discrepancy, Fill, OrderUpdate
from trading.session.orders import Leg, Order, Status

MANUAL = "6b1f0c7e-93f4-4f1e-8a5e-1c2d3e4f5a6b"


class SharedExchange(MemoryExchange):
    """An account that a person trades too."""

    def __init__(self, run_plan: RunPlan) -> None:
        super().__init__(run_plan)
        self.their_orders: tuple[Order, ...] = ()
        self.their_positions: dict[str, int] = {}

    def open_orders(self) -> list[Order]:
        return [*super().open_orders(), *self.their_orders]

    def positions(self) -> dict[str, int]:
        return {**super().positions(), **self.their_positions}

    def touched(self) -> list[str]:
        return [i.client_order_id for i in self.requests if i.client_order_id == MANUAL]


def holding(**settings: Any) -> tuple[OrderDesk, SharedExchange]:
    run_plan = plan(**settings)
    exchange = SharedExchange(run_plan)
    desk = desk_of(exchange, run_plan)
    trade_to_the_break(desk)
    desk.take_bar(bar(2, CALM, CALM))
    desk.execute()
    assert desk.blocked == {}
    return desk, exchange


def limit(symbol: str, quantity: int) -> Order:
    return Order(MANUAL, symbol, Leg.EXIT, quantity, price=9.0, status=Status.WORKING)


def test_an_open_order_of_somebody_else_blocks_its_symbol_while_it_is_open() -> None:
    run_plan = plan(max_entries=3)
    exchange = SharedExchange(run_plan)
    exchange.their_orders = (limit("AAA", 40),)
    # Alpaca tells of it in its news as well.
    exchange.stream_of_events.append(OrderUpdate("", "AAA", "", Status.WORKING, 1))
    desk = desk_of(exchange, run_plan)
    trade_to_the_break(desk)
    assert desk.blocked == {"AAA": f"an open order that is not ours ({MANUAL}) buys 40 shares"}
    assert {intent.symbol for intent in exchange.requests} == {"BBB"}
    exchange.their_orders = ()
    exchange.stream_of_events.append(OrderUpdate("", "AAA", "", Status.CANCELLED, 2))
    desk.take_bar(bar(2, CALM, CALM))
    desk.execute()
    assert desk.blocked == {}
    assert desk.state.discrepancies == {}
    assert exchange.touched() == []


@pytest.mark.parametrize(
    ("theirs", "words"),
    [
        (2.0, ": as after a split of 2 for 1"),
        (0.25, ": as after a split of 1 for 4"),
        (1.5, ": as after a split of 3 for 2"),
        (-1.0, ""),
    ],
)
def test_a_position_that_another_has_changed_is_said_in_words(theirs: float, words: str) -> None:
    desk, exchange = holding()
    ours = int(desk.state.book.quantity[0]) // 4 * 4
    desk.state.book.quantity[0] = ours
    exchange.their_positions = {"AAA": int(ours * theirs)}
    assert desk.reconcile()["AAA"] == f"ledger {ours}, exchange {int(ours * theirs)}{words}"


def test_a_margin_call_blocks_and_the_rest_is_protected_and_left() -> None:
    desk, exchange = holding()
    held = int(desk.state.book.quantity[0])
    sold = 30
    exchange.venue.state.book.quantity[0] -= sold
    exchange.stream_of_events.append(Fill("m.1", "", "AAA", "exit", -sold, 10.9, 0.0, 1))
    exchange.venue._refusal = lambda order: ""  # type: ignore[method-assign]
    desk.take_bar(bar(3, CALM, CALM))
    desk.execute()
    assert desk.state.discrepancies["AAA"] == (
        "30 shares were sold at 10.9 by an order that is not ours"
    )
    assert int(desk.state.book.quantity[0]) == held, "somebody else's fill moved the books"
    rests = {o.leg: o.quantity for o in exchange.open_orders() if o.symbol == "AAA"}
    assert rests[Leg.STOP] == -(held - sold), "the stop would open a position"
    desk.state.book.exit_waiting[0] = True
    desk.state.book.exit_reason[0] = 3
    desk.execute()
    exits = [i for i in exchange.requests if i.symbol == "AAA" and i.leg == Leg.EXIT]
    assert [i.quantity for i in exits] == [-(held - sold)], "what both have was not left"


def test_symbols_that_are_not_traded_are_told_once_and_block_nothing() -> None:
    desk, exchange = holding()
    exchange.their_positions = {"ZZZ": -12}
    exchange.their_orders = (limit("ZZZ", 12), limit("YYY", 1))
    exchange.stream_of_events += [
        Fill("z.1", MANUAL, "ZZZ", "exit", -12, 10.0, 0.0, 1),
        OrderUpdate("", "YYY", Leg.EXIT, Status.WORKING, 1),
    ]
    said: list[str] = []

    class Heard:
        def send(self, kind: str, text: str, **fields: object) -> None:
            said.append(text)

    news = DifferenceNews()
    for more in (3, 4):
        desk.take_bar(bar(more, CALM, CALM))
        desk.execute()
        news.tell_of_others(desk.of_others, Heard())
    assert desk.blocked == {}
    assert not [e for e in desk.ledger.events if isinstance(e, Discrepancy)]  # type: ignore[attr-defined]
    assert len(said) == 1
    assert said[0].endswith("left alone: YYY: 1 open order; ZZZ: -12 shares and 1 open order")
    assert exchange.touched() == []


def test_an_exchange_has_no_request_that_closes_or_cancels_everything() -> None:
    names = [name for name in vars(Exchange) if not name.startswith("_")]
    assert [n for n in names if "all" in n.split("_") or "close" in n] == ["close"]
