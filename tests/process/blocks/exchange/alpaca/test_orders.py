"""Orders at Alpaca: what is sent, and what its answers mean."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.process.blocks.exchange.alpaca.trader import (
    ENTRY,
    EXIT,
    STOP,
    fills,
    name_of,
    trader_at,
    trading,
    updates,
)
from tests.servers.alpaca_broker import HANGS_UP, SAYS_NOTHING, AlpacaBroker, Said, refuses
from trading.session.broker.answers import (
    Accepted,
    ExchangeUnavailable,
    Refusal,
    Refused,
    Unknown,
)
from trading.session.orders import Leg, Status


def test_an_entry_takes_its_stop_and_target_with_it_and_all_of_its_news_have_our_ids() -> None:
    with trading() as trader:
        answer = trader.exchange.submit(ENTRY)
        order = trader.broker.of(name_of(Leg.ENTRY))
        assert answer == Accepted(order["id"])
        sent = trader.broker.asked_for("POST", "/v2/orders")[0].body
        assert sent == {
            "symbol": "AAPL", "qty": "100", "side": "buy", "type": "market", "time_in_force": "day",
            "extended_hours": False, "client_order_id": name_of(Leg.ENTRY),
            "order_class": "bracket", "stop_loss": {"stop_price": "49.00"},
            "take_profit": {"limit_price": "52.00"},
        }  # fmt: skip
        held = updates(trader.news())
        assert {(one.client_order_id, one.status) for one in held} == {
            (name_of(Leg.ENTRY), Status.WORKING),
            (name_of(Leg.TARGET), Status.HELD),
            (name_of(Leg.STOP), Status.HELD),
        }
        trader.broker.fill(order, 100, 50.02)
        news = trader.news()
        assert [(fill.client_order_id, fill.quantity, fill.price) for fill in fills(news)] == [
            (name_of(Leg.ENTRY), 100, 50.02)
        ]
        assert {(one.client_order_id, one.status) for one in updates(news)} == {
            (name_of(Leg.ENTRY), Status.FILLED),
            (name_of(Leg.TARGET), Status.WORKING),
            (name_of(Leg.STOP), Status.WORKING),
        }
        assert trader.news() == []


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_gateways_failure_after_the_order_was_taken_is_no_second_order(status: int) -> None:
    with trading() as trader:
        trader.broker.script("POST", "/v2/orders", Said(status, {"message": "?"}, is_late=True))
        assert isinstance(trader.exchange.submit(ENTRY), Unknown)
        assert len(trader.broker.asked_for("POST", "/v2/orders")) == 1
        found = trader.exchange.find_order(ENTRY.client_order_id)
        assert found is not None and found.status == Status.WORKING
        assert found.their_id == trader.broker.of(ENTRY.client_order_id)["id"]


def test_after_too_many_requests_nothing_is_repeated_and_only_exits_do_not_wait() -> None:
    with trading() as trader:
        reset = {"X-Ratelimit-Reset": "1772463660", "Date": "Mon, 02 Mar 2026 15:00:20 GMT"}
        trader.broker.script("POST", "/v2/orders", Said(429, {"message": "slow"}, headers=reset))
        answer = trader.exchange.submit(ENTRY)
        assert isinstance(answer, Refused) and answer.refusal == Refusal.RETRY
        assert trader.broker.orders == {}
        assert len(trader.broker.asked) == 1
        # Nothing but exits is asked until Alpaca's minute is over, 40 s later.
        trader.seconds += 30
        with pytest.raises(ExchangeUnavailable):
            trader.exchange.positions()
        assert isinstance(trader.exchange.submit(ENTRY), Refused)
        assert len(trader.broker.asked) == 1
        assert isinstance(trader.exchange.submit(EXIT), Accepted)
        trader.seconds += 12
        assert isinstance(trader.exchange.submit(ENTRY), Accepted)


@pytest.mark.parametrize("said", [HANGS_UP, SAYS_NOTHING])
def test_an_answer_that_never_comes_is_an_unknown_outcome_and_the_order_is_sent_once(
    said: Said,
) -> None:
    with trading() as trader:
        trader.broker.script("POST", "/v2/orders", replace(said, is_late=True))
        assert isinstance(trader.exchange.submit(ENTRY), Unknown)
        assert len(trader.broker.asked_for("POST", "/v2/orders")) == 1
        assert trader.exchange.find_order(ENTRY.client_order_id) is not None


def test_a_broker_that_cannot_be_reached_has_certainly_not_taken_the_order() -> None:
    with AlpacaBroker().running() as broker:
        gone = trader_at(broker)
    answer = gone.exchange.submit(ENTRY)
    assert isinstance(answer, Refused) and answer.refusal == Refusal.RETRY
    with pytest.raises(ExchangeUnavailable):
        gone.exchange.find_order(ENTRY.client_order_id)


@pytest.mark.parametrize("status", [200, 403, 302])
def test_a_page_of_html_decides_nothing(status: int) -> None:
    page = Said(status, text="<html>Sign in</html>", headers={"Location": "http://127.0.0.1:1/"})
    with trading() as trader:
        trader.broker.script("POST", "/v2/orders", page)
        trader.broker.script("GET", "/v2/account", page, page, page)
        assert isinstance(trader.exchange.submit(ENTRY), Unknown)
        with pytest.raises(ExchangeUnavailable) as refusal:
            trader.exchange.account()
        assert "html" not in str(refusal.value).lower() and "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    ("said", "refusal"),
    [
        (refuses(403, 40310000, "potential wash trade detected. use complex orders"), "wash_trade"),
        (refuses(422, 42210000, "potential wash trade detected"), "wash_trade"),
        (refuses(403, 40310000, "opposite side market/stop order exists"), "wash_trade"),
        (refuses(403, 40310000, "insufficient buying power"), "buying_power"),
        (refuses(403, 40310000, "account is not allowed to short"), "not_shortable"),
        (refuses(403, 40310000, "market orders not allowed outside of trading hours"), "retry"),
        (refuses(422, 42210000, "market is closed"), "retry"),
        (refuses(422, 42210000, 'asset "AAPL" cannot be sold short'), "not_shortable"),
        (refuses(403, 40310000, "insufficient qty available for order (available: 0)"), "retry"),
        (refuses(422, 42210000, "trading is halted for AAPL"), "halted"),
        (refuses(422, 40010001, "limit orders require no stop price"), "permanent"),
        (refuses(403, 40310100, "trade denied due to intraday margin"), "permanent"),
        (refuses(422, 42210000, "bracket orders must be entry orders"), "permanent"),
        # Of the price of this moment: another bar may enter.
        (refuses(422, 42210000, "stop price must be greater than current price"), "retry"),
        (refuses(422, 42210000, "take_profit.limit_price must be >= base_price + 0.01"), "retry"),
        # Without a code it is of keys only where it says so.
        (Said(403, {"message": "insufficient buying power"}), "buying_power"),
        (Said(403, {"code": "40310000", "message": "asset is not tradable"}), "permanent"),
        # Of the account as it is now: it may be free again in the same session.
        (Said(403, {"code": "40310000", "message": "account is blocked"}), "retry"),
        (refuses(403, 40310000, "Account is restricted from trading"), "retry"),
        (refuses(403, 40310000, "new orders are rejected by user request"), "retry"),
    ],
)
def test_a_refusal_is_of_its_class_in_the_brokers_words(said: Said, refusal: str) -> None:
    with trading() as trader:
        trader.broker.script("POST", "/v2/orders", said)
        answer = trader.exchange.submit(ENTRY)
        assert isinstance(answer, Refused) and answer.refusal == refusal
        assert said.document["message"] in answer.words


@pytest.mark.parametrize(
    "words", ["stop price must be less than current price", "account is blocked"]
)
def test_a_stop_that_cannot_rest_now_is_refused_for_good(words: str) -> None:
    with trading() as trader:
        trader.broker.script("POST", "/v2/orders", refuses(422, 42210000, words))
        answer = trader.exchange.submit(STOP)
        # The position is left at once: waiting would mend nothing.
        assert isinstance(answer, Refused) and answer.refusal == Refusal.PERMANENT


def test_an_id_that_was_used_before_is_the_order_that_has_it() -> None:
    with trading() as trader:
        first = trader.exchange.submit(ENTRY)
        assert trader.exchange.submit(ENTRY) == first
        order = trader.broker.of(ENTRY.client_order_id)
        trader.broker.change(order, "canceled")
        assert trader.exchange.submit(ENTRY) == Accepted(order["id"])
        assert len([o for o in trader.broker.orders.values() if not o["parent"]]) == 1


def test_an_id_said_to_be_used_and_not_found_is_an_unknown_outcome() -> None:
    with trading() as trader:
        said = refuses(422, 40010001, "client_order_id must be unique")
        trader.broker.script("POST", "/v2/orders", said)
        assert isinstance(trader.exchange.submit(ENTRY), Unknown)


def test_a_stop_that_is_moved_is_another_order_there_and_the_same_one_here() -> None:
    with trading() as trader:
        trader.exchange.submit(STOP)
        trader.news()
        first = trader.broker.of(STOP.client_order_id)
        for number, level in ((2, 49.5), (3, 49.8)):
            moved = replace(STOP, action="replace", price=level)
            answer = trader.exchange.replace(moved)
            newer = trader.broker.of(f"{STOP.client_order_id}~{number}")
            assert answer == Accepted(newer["id"])
            told = updates(trader.news())
            assert [(one.client_order_id, one.status, one.price) for one in told] == [
                (STOP.client_order_id, Status.WORKING, level)
            ]
        assert [(o.client_order_id, o.price) for o in trader.exchange.open_orders()] == [
            (STOP.client_order_id, 49.8)
        ]
        # After a restart nothing is known but what Alpaca says.
        after = trader.again()
        assert after.exchange.cancel(replace(STOP, action="cancel")) == Accepted(newer["id"])
        assert (first["status"], newer["status"]) == ("replaced", "canceled")


def test_a_stop_that_was_filled_before_its_replacement_arrived_is_filled_here() -> None:
    with trading() as trader:
        trader.exchange.submit(STOP)
        trader.news()
        first = trader.broker.of(STOP.client_order_id)
        trader.exchange.replace(replace(STOP, action="replace", price=49.5))
        newer = trader.broker.of(f"{STOP.client_order_id}~2")
        trader.broker.change(first, "new", replaced_by=None)
        trader.broker.fill(first, 100, 48.9)
        trader.broker.change(newer, "rejected")
        news = trader.news()
        assert [(one.client_order_id, one.status) for one in updates(news)] == [
            (STOP.client_order_id, Status.FILLED)
        ]
        assert [fill.quantity for fill in fills(news)] == [-100]


def test_a_replacement_without_an_answer_is_looked_up_before_the_next_one() -> None:
    with trading() as trader:
        trader.exchange.submit(STOP)
        trader.broker.script("PATCH", "/v2/orders", Said(504, is_late=True))
        assert isinstance(
            trader.exchange.replace(replace(STOP, action="replace", price=49.5)), Unknown
        )
        answer = trader.exchange.replace(replace(STOP, action="replace", price=49.7))
        third = trader.broker.of(f"{STOP.client_order_id}~3")
        assert answer == Accepted(third["id"])
        assert [o["stop_price"] for o in trader.broker.orders.values() if o["status"] == "new"] == [
            "49.70"
        ]


def test_a_cancel_that_comes_after_the_fill_is_refused_and_the_fill_is_told() -> None:
    with trading() as trader:
        trader.exchange.submit(STOP)
        trader.news()
        trader.broker.fill(trader.broker.of(STOP.client_order_id), 100, 48.97)
        answer = trader.exchange.cancel(replace(STOP, action="cancel"))
        assert isinstance(answer, Refused) and "filled" in answer.words
        news = trader.news()
        assert [fill.price for fill in fills(news)] == [48.97]
        assert [one.status for one in updates(news)] == [Status.FILLED]


def test_a_cancel_of_an_order_that_never_arrived_is_refused_for_good() -> None:
    with trading() as trader:
        answer = trader.exchange.cancel(replace(STOP, action="cancel"))
        assert answer == Refused(Refusal.PERMANENT, "alpaca has no such order")
        assert trader.exchange.find_order(STOP.client_order_id) is None


def test_a_cancel_that_is_under_way_already_is_taken() -> None:
    with trading() as trader:
        trader.exchange.submit(STOP)
        said = refuses(422, 42210000, 'order is already in "pending_cancel" state')
        trader.broker.script("DELETE", "/v2/orders", said)
        assert isinstance(trader.exchange.cancel(replace(STOP, action="cancel")), Accepted)


def test_stop_and_target_of_a_position_are_one_request_of_which_one_ends_the_other() -> None:
    with trading() as trader:
        pair = replace(
            STOP, client_order_id=name_of(Leg.TARGET, 2), leg=Leg.TARGET, price=52.0,
            stop_price=49.0, stop_id=name_of(Leg.STOP, 2),
        )  # fmt: skip
        trader.exchange.submit(pair)
        sent = trader.broker.asked_for("POST", "/v2/orders")[0].body
        assert (sent["order_class"], sent["type"], sent["side"]) == ("oco", "limit", "sell")
        assert (sent["take_profit"], sent["stop_loss"]) == (
            {"limit_price": "52.00"}, {"stop_price": "49.00"},
        )  # fmt: skip
        # Alpaca keeps the stop `held` beside the target, and watches its price.
        told = {(one.client_order_id, one.status) for one in updates(trader.news())}
        assert told == {
            (name_of(Leg.TARGET, 2), Status.WORKING),
            (name_of(Leg.STOP, 2), Status.WORKING),
        }


def test_an_entry_with_a_stop_alone_is_no_bracket_to_alpaca() -> None:
    with trading() as trader:
        trader.exchange.submit(replace(ENTRY, target_offset=None, target_id=None))
        sent = trader.broker.asked_for("POST", "/v2/orders")[0].body
        assert sent["order_class"] == "oto" and "take_profit" not in sent


def test_a_stop_that_alpaca_replaces_by_itself_when_it_is_reached_stays_that_stop() -> None:
    with trading() as trader:
        trader.exchange.submit(ENTRY)
        entry = trader.broker.of(ENTRY.client_order_id)
        trader.broker.fill(entry, 100, 50.0)
        trader.news()
        stop = next(leg for leg in trader.broker.legs_of(entry) if leg["type"] == "stop")
        fired = trader.broker.place({**stop, "client_order_id": None, "status": "new"})
        fired["replaces"] = stop["id"]
        trader.broker.change(stop, "replaced", replaced_by=fired["id"])
        trader.broker.fill(fired, 100, 48.95)
        news = trader.news()
        assert [(fill.client_order_id, fill.leg) for fill in fills(news)] == [
            (name_of(Leg.STOP), Leg.STOP)
        ]
        assert (name_of(Leg.STOP), Status.FILLED) in {
            (one.client_order_id, one.status) for one in updates(news)
        }


def test_many_orders_at_once_wait_for_their_turn_and_none_of_them_is_lost() -> None:
    with trading(requests_a_minute=30) as trader:
        for number in range(33):
            name = name_of(Leg.ENTRY, number + 1)
            answer = trader.exchange.submit(replace(ENTRY, client_order_id=name))
            assert isinstance(answer, Accepted)
        assert 10 < trader.seconds < 14
        # What only looks waits for longer than it has patience, and is not sent.
        with pytest.raises(ExchangeUnavailable, match="used up"):
            trader.exchange.positions()
        assert isinstance(trader.exchange.submit(EXIT), Accepted)
