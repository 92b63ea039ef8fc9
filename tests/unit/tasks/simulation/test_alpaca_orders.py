"""The broker's model keeps the rules that orders meet at Alpaca, one test for each trap."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tasks.simulation.alpaca_model.assets import Asset
from tasks.simulation.alpaca_model.fill_models import ImmediateFills
from tests.unit.tasks.simulation.alpaca_account import Day, bracket, refused
from trading.parameters import FillParameters, RiskParameters, make_rules
from trading.strategies.orb import OrbParameters

FREE = make_rules(OrbParameters(), RiskParameters(), FillParameters(slippage_bps=0), 5)


def at_once(part: object = None, **more: object) -> Day:
    fills = ImmediateFills(FREE) if part is None else ImmediateFills(FREE, part)
    day = Day(fills, **more)
    day.price(100.0)
    return day


def half(order: object) -> Decimal:
    return Decimal(40) if order.filled_qty == 0 and not order.parent_id else Decimal(0)


def test_legs_are_held_until_the_parent_is_filled_completely() -> None:
    day = at_once(half)
    entry = day.order("buy", 100, client_order_id="mine", **bracket(110, 90))
    legs = entry["legs"]
    assert [leg["status"] for leg in legs] == ["held", "held"]
    assert day.state(entry) == "partially_filled"
    assert [day.state(leg) for leg in legs] == ["held", "held"]
    assert all(leg["client_order_id"] != "mine" for leg in legs)
    day.model.fills.part = lambda order: Decimal(0) if order.parent_id else order.remaining
    day.price(100.0)
    assert day.state(entry) == "filled"
    assert [day.state(leg) for leg in legs] == ["new", "new"]


def test_legs_take_the_time_in_force_of_their_parent_and_expire_with_the_day() -> None:
    day = at_once()
    entry = day.order("buy", 100, **bracket(110, 90))
    assert [leg["time_in_force"] for leg in entry["legs"]] == ["day", "day"]
    day.now = day.model.hours.sessions[0].close
    assert [day.state(leg) for leg in entry["legs"]] == ["expired", "expired"]
    assert day.held() == {"AAA": "100"}


def test_a_filled_leg_cancels_the_other() -> None:
    day = at_once()
    profit, loss = day.order("buy", 100, **bracket(110, 90))["legs"]
    day.price(89.0)
    assert (day.state(profit), day.state(loss)) == ("canceled", "filled")
    assert day.held() == {}


def test_a_cancelled_parent_takes_its_held_legs_along() -> None:
    day = at_once(half)
    entry = day.order("buy", 100, **bracket(110, 90))
    assert day.ask("DELETE", f"orders/{entry['id']}").status == 204
    assert [day.state(leg) for leg in entry["legs"]] == ["canceled", "canceled"]
    # Forty shares are held, and nothing protects them.
    assert day.held() == {"AAA": "40"}


def test_a_cancelled_leg_takes_the_other_along_and_leaves_the_position() -> None:
    day = at_once()
    profit, loss = day.order("buy", 100, **bracket(110, 90))["legs"]
    assert day.ask("DELETE", f"orders/{loss['id']}").status == 204
    assert day.state(profit) == "canceled"
    assert day.held() == {"AAA": "100"}


def test_one_leg_is_an_oto() -> None:
    day = at_once()
    entry = day.order("buy", 10, order_class="oto", stop_loss={"stop_price": "90"})
    assert [leg["type"] for leg in entry["legs"]] == ["stop"]
    both = {"stop_loss": {"stop_price": "90"}, "take_profit": {"limit_price": "110"}}
    assert refused(day.send("buy", 10, order_class="oto", **both), 422, "either")


@pytest.mark.parametrize(("profit", "loss"), [(99, 90), (110, 101), (100, 90), (110, 100)])
def test_legs_on_the_wrong_side_are_refused(profit: float, loss: float) -> None:
    assert refused(at_once().send("buy", 10, **bracket(profit, loss)), 422, "base_price")


def test_a_bracket_opens_and_an_oco_closes() -> None:
    day = at_once()
    oco = {"order_class": "oco", "type": "limit", "take_profit": {"limit_price": "110"}}
    oco["stop_loss"] = {"stop_price": "90"}
    assert refused(day.send("sell", 10, **oco), 422, "exit orders")
    day.hold(10, 100.0)
    limit = day.order("sell", 10, **oco)
    assert (limit["type"], limit["legs"][0]["type"]) == ("limit", "stop")
    assert refused(day.send("sell", 10, **bracket(90, 110)), 422, "entry orders")
    day.price(90.0)
    assert day.state(limit) == "canceled"
    assert day.held() == {}


def test_exits_together_never_exceed_the_position() -> None:
    day = at_once()
    day.hold(10, 100.0)
    day.order("sell", 10, type="stop", stop_price="90")
    answer = day.send("sell", 1, type="limit", limit_price="110")
    assert refused(answer, 403, "insufficient qty available")
    assert (answer.body["available"], answer.body["held_for_orders"]) == ("0", "10")
    assert day.get("positions")[0]["qty_available"] == "0"
    # A sale of more than is held would turn the position: it is refused too.
    assert refused(day.send("sell", 11), 403, "insufficient qty available")


def test_an_opposite_order_beside_an_open_one_is_a_wash_trade() -> None:
    day = at_once()
    day.order("buy", 10, type="stop", stop_price="105")
    answer = day.send("sell", 10)
    assert refused(answer, 403, "potential wash trade detected")
    assert answer.body["code"] == 40310000
    # Two limits that do not cross cannot meet.
    day = at_once()
    day.order("buy", 10, type="limit", limit_price="95")
    day.order("sell", 10, type="limit", limit_price="105")
    assert refused(day.send("sell", 10, type="limit", limit_price="94"), 403, "wash trade")


def test_a_client_id_is_refused_for_ever() -> None:
    day = at_once()
    first = day.order("buy", 10, client_order_id="one", type="limit", limit_price="90")
    day.ask("DELETE", f"orders/{first['id']}")
    answer = day.send("buy", 10, client_order_id="one")
    assert answer.status == 422
    assert answer.body == {"code": 40010001, "message": "client_order_id must be unique"}


def test_a_replaced_order_is_a_new_one() -> None:
    day = at_once()
    day.hold(10, 100.0)
    old = day.order("sell", 10, client_order_id="stop", type="stop", stop_price="90")
    new = day.ask("PATCH", f"orders/{old['id']}", {"stop_price": "95"}).body
    assert new["id"] != old["id"]
    assert new["client_order_id"] != "stop"
    old = day.get(f"orders/{old['id']}")
    assert (old["status"], old["replaced_by"], new["replaces"]) == (
        "replaced",
        new["id"],
        old["id"],
    )
    assert day.get("orders:by_client_order_id", client_order_id="stop")["id"] == old["id"]
    assert refused(day.ask("PATCH", f"orders/{old['id']}", {"stop_price": "96"}), 422, "replace")


def test_a_replaced_leg_still_cancels_the_other() -> None:
    day = at_once()
    profit, loss = day.order("buy", 100, **bracket(110, 90))["legs"]
    moved = day.ask("PATCH", f"orders/{loss['id']}", {"stop_price": "99"}).body
    day.price(98.5)
    assert (day.state(moved), day.state(profit)) == ("filled", "canceled")
    assert day.held() == {}


def test_a_stop_beyond_the_market_is_refused_when_it_is_sent_and_when_it_is_moved() -> None:
    day = at_once()
    day.hold(10, 100.0)
    assert refused(day.send("sell", 10, type="stop", stop_price="100"), 422, "current price")
    stop = day.order("sell", 10, type="stop", stop_price="90")
    answer = day.ask("PATCH", f"orders/{stop['id']}", {"stop_price": "101"})
    assert refused(answer, 422, "current price")


def test_an_order_that_ended_cannot_be_cancelled() -> None:
    day = at_once()
    done = day.order("buy", 10)
    assert refused(day.ask("DELETE", f"orders/{done['id']}"), 422, '"filled" state')
    assert day.ask("DELETE", "orders/none").status == 404


@pytest.mark.parametrize(
    ("asset", "side", "qty", "words"),
    [
        (Asset("AAA", is_tradable=False), "buy", 1, "not tradable"),
        (Asset("AAA", is_halted=True), "buy", 1, "halted"),
        (Asset("AAA", is_shortable=False), "sell", 1, "cannot be sold short"),
        (Asset("AAA"), "sell", 0.5, "cannot be sold short"),
        (Asset("AAA", is_fractionable=False), "buy", 0.5, "not fractionable"),
        (Asset("AAA"), "buy", 5000, "insufficient buying power"),
        (Asset("AAA"), "buy", 0.001, "minimal amount"),
    ],
)
def test_what_may_not_be_traded_is_refused(asset: Asset, side: str, qty: int, words: str) -> None:
    day = at_once()
    day.model.change_asset(asset)
    answer = day.send(side, qty)
    assert answer.status in (403, 422)
    assert words in answer.body["message"]


def test_prices_have_whole_cents() -> None:
    answer = at_once().send("buy", 1, type="limit", limit_price="99.995")
    assert refused(answer, 422, "sub-penny")


def test_an_order_outside_hours_waits_for_the_open() -> None:
    day = at_once()
    day.now = day.model.hours.sessions[0].close
    order = day.order("buy", 10)
    assert day.state(order) == "accepted"
    day.now = day.model.hours.sessions[1].open
    day.price(103.0)
    assert day.get(f"orders/{order['id']}")["filled_avg_price"] == "103"


def test_a_cancel_that_is_pending_may_lose_to_a_fill() -> None:
    day = at_once(is_prompt=False)
    order = day.order("buy", 10, type="limit", limit_price="90")
    day.model.settle(day.now)
    day.ask("DELETE", f"orders/{order['id']}")
    assert day.state(order) == "pending_cancel"
    day.price(89.0)
    day.model.settle(day.now)
    assert day.state(order) == "filled"


def test_a_replacement_that_is_pending_is_rejected_when_the_old_order_is_filled() -> None:
    day = at_once(is_prompt=False)
    old = day.order("buy", 10, type="limit", limit_price="90")
    day.model.settle(day.now)
    new = day.ask("PATCH", f"orders/{old['id']}", {"limit_price": "91"}).body
    assert day.state(old) == "pending_replace"
    day.price(89.0)
    day.model.settle(day.now)
    assert (day.state(old), day.state(new)) == ("filled", "rejected")
    assert day.held() == {"AAA": "10"}


def test_a_pending_replacement_that_is_cancelled_leaves_the_old_order_as_it_was() -> None:
    day = at_once(is_prompt=False)
    old = day.order("buy", 10, type="limit", limit_price="90")
    day.model.settle(day.now)
    new = day.ask("PATCH", f"orders/{old['id']}", {"limit_price": "91"}).body
    assert day.ask("DELETE", f"orders/{new['id']}").status == 204
    day.model.settle(day.now)
    assert (day.state(old), day.state(new)) == ("new", "canceled")
    day.price(89.0)
    assert day.held() == {"AAA": "10"}


def test_executions_are_paged_by_their_ids() -> None:
    day = at_once()
    for _ in range(5):
        day.order("buy", 1)
    seen: list[str] = []
    page = day.get("account/activities/FILL", direction="asc", page_size="2")
    while page:
        seen += [each["id"] for each in page]
        page = day.get(
            "account/activities/FILL", direction="asc", page_size="2", page_token=seen[-1]
        )
    assert len(set(seen)) == len(seen) == 5
    assert seen == sorted(seen)


def test_orders_are_listed_nested_and_flat() -> None:
    day = at_once()
    day.order("buy", 100, **bracket(110, 90))
    (parent,) = day.get("orders", nested="true")
    assert [leg["status"] for leg in parent["legs"]] == ["new", "new"]
    assert {order["type"] for order in day.get("orders")} == {"limit", "stop"}
    assert len(day.get("orders", status="all")) == 3
    assert len(day.get("orders", status="all", limit="1", direction="asc")) == 1


def test_the_stream_tells_of_every_change_once() -> None:
    day = at_once()
    day.order("buy", 100, **bracket(110, 90))
    day.price(111.0)
    assert day.events() == ["pending_new", "new", "fill", "new", "new", "fill", "canceled"]
    fills = [u["data"] for u in day.model.updates() if u["data"]["event"] == "fill"]
    assert [each["position_qty"] for each in fills] == ["100", "0"]
    assert len({each["execution_id"] for each in fills}) == 2


def test_the_account_counts_its_positions_and_open_orders_in_its_buying_power() -> None:
    day = at_once(cash=10_000)
    assert day.get("account")["buying_power"] == "40000"
    day.order("buy", 100)
    day.order("buy", 10, type="limit", limit_price="90")
    assert day.get("account")["buying_power"] == "29100"
    day.price(90.0)
    assert day.get("account")["equity"] == "9000"
