"""News of Alpaca's orders, when asking is all that there is."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.process.blocks.exchange.alpaca.trader import (
    ENTRY,
    EXIT,
    STOP,
    Trader,
    fills,
    name_of,
    trading,
    updates,
)
from tests.servers.alpaca_broker import HANGS_UP, SAYS_NOTHING, Said
from trading.session.broker.answers import ExchangeUnavailable
from trading.session.broker.exchange_port import StreamPosition
from trading.session.orders import Leg, Status


def enter(trader: Trader, shares: int = 100) -> dict[str, object]:
    trader.exchange.submit(ENTRY)
    order = trader.broker.of(ENTRY.client_order_id)
    if shares:
        trader.broker.fill(order, shares, 50.0)
    return order


def test_legs_protect_nothing_until_the_entry_is_filled_completely() -> None:
    with trading() as trader:
        entry = enter(trader, 40)
        news = trader.news()
        assert [fill.quantity for fill in fills(news)] == [40]
        legs = {o.client_order_id: o.status for o in trader.exchange.open_orders()}
        assert legs[name_of(Leg.STOP)] == legs[name_of(Leg.TARGET)] == Status.HELD
        trader.broker.fill(entry, 60, 50.0)
        trader.news()
        legs = {o.client_order_id: o.status for o in trader.exchange.open_orders()}
        assert legs == {name_of(Leg.STOP): Status.WORKING, name_of(Leg.TARGET): Status.WORKING}


def test_a_restart_tells_no_fill_twice_and_knows_the_legs_from_the_journal() -> None:
    with trading() as trader:
        entry = enter(trader)
        told = {item.their_id: getattr(item.event, "client_order_id", "") for item in trader.news()}
        stop = next(leg for leg in trader.broker.legs_of(entry) if leg["type"] == "stop")
        trader.broker.fill(stop, 100, 48.9)
        after = trader.again()
        after.exchange.know(told)
        news = after.news()
        assert [(fill.client_order_id, fill.quantity) for fill in fills(news)] == [
            (name_of(Leg.STOP), -100)
        ]
        assert (name_of(Leg.STOP), Status.FILLED) in {
            (one.client_order_id, one.status) for one in updates(news)
        }


def test_a_leg_that_the_journal_does_not_know_names_the_entry_that_it_protects() -> None:
    with trading() as trader:
        entry = enter(trader)
        after = trader.again()
        legs = {item.event.leg: item for item in after.news() if item.protects}
        assert set(legs) == {Leg.STOP, Leg.TARGET}
        assert {item.protects for item in legs.values()} == {ENTRY.client_order_id}
        stop = next(leg for leg in trader.broker.legs_of(entry) if leg["type"] == "stop")
        assert legs[Leg.STOP].their_id == stop["id"]
        # Told its name, it goes by that.
        after.exchange.know({stop["id"]: name_of(Leg.STOP)})
        found = after.exchange.find_order(name_of(Leg.STOP))
        assert found is not None and found.price == 49.0
        after.exchange.cancel(replace(STOP, action="cancel"))
        assert stop["status"] == "canceled"


def test_the_legs_of_an_entry_that_was_found_again_say_what_protects_it() -> None:
    with trading() as trader:
        enter(trader)
        found = trader.again().exchange.find_order(ENTRY.client_order_id)
        assert found is not None
        assert (found.leg, found.quantity, found.filled, found.status) == (
            Leg.ENTRY, 100, 100, Status.FILLED,
        )  # fmt: skip
        assert (found.stop_price, found.target_offset) == (49.0, 2.0)


def test_fills_of_many_pages_are_all_told_and_each_once() -> None:
    with trading() as trader:
        trader.exchange.submit(replace(EXIT, quantity=-1000))
        order = trader.broker.of(EXIT.client_order_id)
        for _ in range(250):
            trader.broker.fill(order, 1, 50.0)
        trader.news(0)
        for _ in range(250):
            trader.broker.fill(order, 1, 51.0)
        told = [*fills(trader.news(60)), *fills(trader.news(60))]
        assert sum(fill.quantity for fill in told) == -250
        assert {fill.price for fill in told} == {51.0}
        assert len({fill.exec_id for fill in told}) == 250
        pages = trader.broker.asked_for("GET", "/v2/account/activities/FILL")
        assert len(pages) >= 6


def test_fills_of_one_millisecond_in_any_order_are_all_told() -> None:
    with trading() as trader:
        trader.exchange.submit(EXIT)
        order = trader.broker.of(EXIT.client_order_id)
        made = [trader.broker.fill(order, shares, 50.0) for shares in (30, 50, 20)]
        for fill, letter in zip(made, "cab", strict=True):
            fill["id"] = f"20260302100000000::{letter}"
        news = trader.news()
        assert sorted(fill.quantity for fill in fills(news)) == [-50, -30, -20]
        assert fills(trader.again().news()) == []


@pytest.mark.parametrize("hides_fills", [False, True])
def test_a_stop_that_fills_at_the_moment_of_its_entry_is_told_after_it(hides_fills: bool) -> None:
    with trading() as trader:
        trader.broker.hides_fills = hides_fills
        entry = enter(trader, 0)
        stop = next(leg for leg in trader.broker.legs_of(entry) if leg["type"] == "stop")
        bought = trader.broker.fill(entry, 100, 50.0)
        sold = trader.broker.fill(stop, 100, 49.0)
        sold["transaction_time"] = bought["transaction_time"]
        # The list is in the order of its ids.
        sold["id"], bought["id"] = "20260302100000000::a", "20260302100000000::b"
        told = [*fills(trader.news(0)), *fills(trader.news(2))]
        assert [fill.quantity for fill in told] == [100, -100]


def test_executions_that_come_late_are_told_from_the_order_and_not_again() -> None:
    with trading() as trader:
        trader.broker.hides_fills = True
        entry = enter(trader, 40)
        # The list of executions has the true prices, and is waited for a moment.
        assert fills(trader.news(0)) == []
        first = fills(trader.news(1.5))
        assert [(fill.quantity, fill.price) for fill in first] == [(40, 50.0)]
        trader.broker.hides_fills = False
        trader.broker.fill(entry, 60, 51.0)
        after = trader.again()
        told = [*fills(after.news()), *fills(after.news(60))]
        assert [(fill.quantity, fill.price) for fill in told] == [(60, 51.0)]


def test_an_order_is_over_only_after_its_fills_were_told() -> None:
    with trading() as trader:
        trader.exchange.submit(EXIT)
        trader.news()
        trader.broker.hides_fills = True
        trader.broker.fill(trader.broker.of(EXIT.client_order_id), 100, 50.0)
        assert trader.news(0.5) == []
        trader.broker.hides_fills = False
        kinds = [type(item.event).__name__ for item in trader.news(0.9)]
        assert kinds == ["Fill", "OrderUpdate"]


def test_an_older_word_of_an_order_changes_nothing() -> None:
    with trading() as trader:
        trader.exchange.submit(EXIT)
        order = trader.broker.of(EXIT.client_order_id)
        before = {**order, "legs": None}
        trader.broker.fill(order, 100, 50.0)
        assert updates(trader.news())[-1].status == Status.FILLED
        trader.broker.script("GET", "/v2/orders", Said(200, [before]), Said(200, [before]))
        assert trader.news() == []
        assert trader.news() == []


def test_a_question_without_an_answer_loses_nothing() -> None:
    with trading() as trader:
        trader.news()
        enter(trader)
        trader.broker.script("GET", "/v2/account/activities", SAYS_NOTHING)
        with pytest.raises(ExchangeUnavailable):
            trader.news()
        assert [fill.quantity for fill in fills(trader.news())] == [100]


def test_a_foreign_order_and_its_fill_have_no_id_of_ours() -> None:
    with trading() as trader:
        trader.news()
        order = trader.broker.place(
            {"symbol": "BRK.B", "side": "sell", "type": "market", "qty": "3"}
        )
        trader.broker.fill(order, 3, 400.0)
        news = trader.news()
        assert [(type(item.event).__name__, item.protects) for item in news] == [
            ("Fill", ""), ("OrderUpdate", ""),
        ]  # fmt: skip
        assert {item.event.client_order_id for item in news} == {""}
        assert {item.event.symbol for item in news} == {"BRK-B"}
        assert fills(news)[0].quantity == -3


def test_what_others_did_before_we_came_is_no_news_but_what_is_open_is_shown() -> None:
    with trading() as trader:
        done = trader.broker.place({"symbol": "AAPL", "side": "buy", "type": "market", "qty": "5"})
        trader.broker.fill(done, 5, 50.0)
        resting = {"symbol": "AAPL", "side": "sell", "type": "limit", "limit_price": "60"}
        open_order = trader.broker.place(resting | {"qty": "5"})
        assert [item.their_id for item in trader.news()] == [open_order["id"]]
        shown = trader.exchange.open_orders()
        assert [(o.client_order_id, o.price) for o in shown] == [
            (open_order["client_order_id"], 60.0)
        ]


def test_a_part_of_a_share_that_others_traded_is_a_discrepancy() -> None:
    with trading() as trader:
        trader.news()
        order = trader.broker.place(
            {"symbol": "AAPL", "side": "buy", "type": "market", "qty": "0.5"}
        )
        trader.broker.fill(order, 0.5, 50.0)
        first = trader.news()[0].event
        assert (type(first).__name__, first.symbol) == ("Discrepancy", "AAPL")


@pytest.mark.parametrize("cursor", ["", "17", "{}", '{"since":"x","told":{}}', "[]"])
def test_a_cursor_that_says_nothing_begins_anew_with_all_that_is_there(cursor: str) -> None:
    with trading() as trader:
        enter(trader)
        trader.news()
        after = trader.again()
        page = after.exchange.events(StreamPosition(trader.position.identity, cursor))
        assert page.begins_anew
        assert [fill.quantity for fill in fills(page.events)] == [100]


def test_another_account_is_another_stream() -> None:
    with trading() as trader:
        trader.news()
        trader.broker.account["id"] = "another"
        after = trader.again()
        assert after.exchange.events(trader.position).begins_anew


def test_orders_that_ended_while_nobody_looked_are_told_the_day_after() -> None:
    with trading() as trader:
        trader.exchange.submit(STOP)
        trader.news()
        trader.broker.change(trader.broker.of(STOP.client_order_id), "expired")
        trader.broker.now = trader.broker.now.replace(day=4)
        after = trader.again()
        assert [(one.client_order_id, one.status) for one in updates(after.news())] == [
            (STOP.client_order_id, Status.EXPIRED)
        ]
        # From then on only this day's orders are asked for.
        after.news()
        assert after.broker.asked[-1].query["after"] == "2026-03-04T05:00:00.000000Z"


def test_nothing_is_asked_while_nothing_can_have_happened() -> None:
    with trading() as trader:
        trader.news()
        asked = len(trader.broker.asked)
        assert trader.news(0.1) == []
        assert len(trader.broker.asked) == asked
        trader.exchange.submit(EXIT)
        assert [one.status for one in updates(trader.news(0.1))] == [Status.WORKING]


def test_looks_that_follow_each_other_at_once_are_one_request() -> None:
    with trading() as trader:
        trader.exchange.submit(EXIT)
        trader.news(0)
        asked = len(trader.broker.asked_for("GET", "/v2/orders"))
        for _ in range(3):
            assert len(trader.exchange.open_orders()) == 1
        # Orders of earlier days are asked for now and then.
        assert len(trader.broker.asked_for("GET", "/v2/orders")) == asked + 1
        trader.exchange.cancel(replace(EXIT, action="cancel"))
        assert trader.exchange.open_orders() == []


def test_a_look_without_an_answer_is_no_look() -> None:
    with trading() as trader:
        trader.exchange.submit(EXIT)
        trader.broker.script("GET", "/v2/orders", *[Said(503, {"message": "busy"})] * 3)
        with pytest.raises(ExchangeUnavailable):
            trader.exchange.open_orders()
        assert len(trader.exchange.open_orders()) == 1


def test_what_others_let_rest_since_yesterday_is_shown_until_it_is_gone() -> None:
    with trading() as trader:
        body = {"symbol": "MSFT", "side": "sell", "type": "limit", "limit_price": "600", "qty": "1"}
        trader.broker.now = trader.broker.now.replace(day=1)
        resting = trader.broker.place(body)
        trader.broker.now = trader.broker.now.replace(day=2)
        assert [order.symbol for order in trader.exchange.open_orders()] == ["MSFT"]
        trader.broker.change(resting, "canceled")
        trader.seconds += 31
        assert trader.exchange.open_orders() == []


@pytest.mark.parametrize("said", [Said(404, {"message": "?"}), Said(404, text="404: Not Found")])
def test_a_broker_without_a_list_of_executions_tells_them_by_its_orders(said: Said) -> None:
    with trading() as trader:
        trader.broker.script("GET", "/v2/account/activities", *[said] * 20)
        entry = enter(trader, 40)
        assert [(fill.quantity, fill.price) for fill in fills(trader.news(0))] == [(40, 50.0)]
        trader.broker.fill(entry, 60, 51.0)
        told = fills(trader.again().news())
        assert [fill.quantity for fill in told] == [60]


def test_an_order_that_something_in_between_does_not_find_is_not_taken_for_absent() -> None:
    with trading() as trader:
        enter(trader, 0)
        trader.broker.script("GET", "/v2/orders", *[Said(404, text="<html>")] * 3)
        with pytest.raises(ExchangeUnavailable):
            trader.exchange.find_order(ENTRY.client_order_id)


@pytest.mark.parametrize("said", [HANGS_UP, Said(502, text="<html>"), Said(200, text="<html>")])
def test_what_is_only_read_is_asked_again_where_the_line_stumbles(said: Said) -> None:
    with trading() as trader:
        enter(trader)
        trader.broker.script("GET", "/v2/orders", said, said)
        trader.broker.script("GET", "/v2/account/activities", said)
        assert [fill.quantity for fill in fills(trader.news())] == [100]
