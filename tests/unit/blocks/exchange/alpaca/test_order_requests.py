"""What Alpaca is asked for an intent: where a price is not taken, there is no order."""

from __future__ import annotations

import sys
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from pydantic import SecretStr

from blocks.exchange.alpaca.exchange import AlpacaExchange
from blocks.exchange.alpaca.executions import Execution, Told
from blocks.exchange.alpaca.line.access import BrokerAccess
from blocks.exchange.alpaca.line.budget import RequestBudget, Urgency
from blocks.exchange.alpaca.line.replies import NoReply, Reply
from blocks.exchange.alpaca.line.requester import Requester
from blocks.exchange.alpaca.orders.identities import Identities
from blocks.exchange.alpaca.orders.order_requests import replacement_of, submission_of
from blocks.exchange.alpaca.orders.their_order import TheirOrder, status_of
from trading.errors import BadInput
from trading.session.events import Intent
from trading.session.orders import Leg, Status, client_order_id

ENTRY = Intent(
    "submit", "e", "AAA", Leg.ENTRY, 10, 1, reference_price=50.0, stop_price=49.0,
    target_offset=2.0, stop_id="s", target_id="t",
)  # fmt: skip
STOP = Intent("submit", "s", "AAA", Leg.STOP, -10, 1, price=49.0)


def legs(intent: Intent) -> tuple[Any, Any]:
    body: Any = submission_of(intent, "AAA")
    return body["stop_loss"]["stop_price"], body["take_profit"]["limit_price"]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, ("49.00", "52.00")),
        # The tick of Alpaca: a stop away from the position, a target towards it.
        ({"stop_price": 49.0051, "target_offset": 2.0099}, ("49.00", "52.00")),
        ({"quantity": -10, "stop_price": 51.0051, "target_offset": 2.0099}, ("51.01", "48.00")),
        ({"target_kind": "fraction", "target_offset": 0.02}, ("49.00", "51.00")),
        ({"target_kind": "r", "target_offset": 3.0}, ("49.00", "53.00")),
        ({"quantity": -10, "stop_price": 51.5, "target_kind": "r"}, ("51.50", "47.00")),
        # Below one dollar it takes four decimals.
        (
            {"reference_price": 0.5, "stop_price": 0.4567, "target_offset": 0.1},
            ("0.4567", "0.6000"),
        ),
        ({"reference_price": 0.95, "stop_price": 0.9, "target_offset": 0.1}, ("0.9000", "1.05")),
        # What rests is filled at its level, what is reached already at the price that is known.
        ({"order_type": "stop", "level": 51.0}, ("49.00", "53.00")),
        ({"order_type": "stop", "level": 51.0, "is_reached": True}, ("49.00", "52.00")),
    ],
)
def test_protection_goes_out_with_an_entry_at_prices_that_alpaca_takes(
    change: dict[str, Any], expected: tuple[str, str]
) -> None:
    assert legs(replace(ENTRY, **change)) == expected


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, {"type": "market"}),
        ({"order_type": "stop", "level": 51.001}, {"type": "stop", "stop_price": "51.01"}),
        ({"order_type": "limit", "level": 51.009}, {"type": "limit", "limit_price": "51.00"}),
        (
            {"order_type": "stop", "level": 51.009, "quantity": -10},
            {"type": "stop", "stop_price": "51.00"},
        ),
        (
            {"order_type": "limit", "level": 51.001, "quantity": -10},
            {"type": "limit", "limit_price": "51.01"},
        ),
        ({"order_type": "stop", "level": 51.0, "is_reached": True}, {"type": "market"}),
    ],
)
def test_an_entry_is_never_bought_above_or_sold_below_its_level_by_a_rounding(
    change: dict[str, Any], expected: dict[str, str]
) -> None:
    body = submission_of(replace(ENTRY, **change), "AAA")
    assert {name: body.get(name) for name in expected} == expected


def test_an_entry_whose_target_would_not_be_above_zero_takes_its_stop_alone() -> None:
    short = replace(ENTRY, quantity=-10, stop_price=51.0, target_offset=60.0)
    body = submission_of(short, "AAA")
    assert body["order_class"] == "oto" and "take_profit" not in body


def test_an_exit_is_a_market_order_of_the_day_in_whole_shares() -> None:
    body = submission_of(Intent("submit", "x", "AAA", Leg.EXIT, 7, 1), "AAA")
    assert body == {
        "symbol": "AAA", "qty": "7", "side": "buy", "type": "market", "time_in_force": "day",
        "extended_hours": False, "client_order_id": "x", "order_class": "simple",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("price", "shares", "expected"),
    [
        (49.0, 10, {}),
        (49.001, 10, {}),
        (49.5, 10, {"stop_price": "49.50"}),
        (49.0, 4, {"qty": "4"}),
        (49.5, 4, {"stop_price": "49.50", "qty": "4"}),
    ],
)
def test_an_order_is_replaced_only_by_what_is_another(
    price: float, shares: int, expected: dict[str, str]
) -> None:
    current = TheirOrder(id="1", status="new", qty=Decimal(10), stop_price=Decimal("49"))
    assert replacement_of(replace(STOP, price=price, quantity=-shares), current) == expected


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ("new", "working"), ("accepted", "working"), ("pending_new", "working"),
        ("accepted_for_bidding", "working"), ("pending_cancel", "working"),
        ("pending_replace", "working"), ("partially_filled", "working"),
        ("stopped", "triggered"), ("suspended", "held"), ("held", "held"),
        ("filled", "filled"), ("canceled", "cancelled"), ("replaced", "cancelled"),
        ("rejected", "rejected"), ("expired", "expired"), ("done_for_day", "expired"),
        ("calculated", "expired"), ("of_the_year_2031", "working"),
    ],
)  # fmt: skip
def test_every_status_of_alpaca_has_one_of_ours(said: str, status: str) -> None:
    order = TheirOrder(id="1", status=said, qty=Decimal(10), filled_qty=Decimal(4))
    assert status_of(order, is_guarded=False) == status


def test_an_order_that_is_whole_when_its_day_is_done_is_filled_and_a_watched_stop_works() -> None:
    whole = TheirOrder(id="1", status="calculated", qty=Decimal(10), filled_qty=Decimal(10))
    assert status_of(whole, is_guarded=False) == Status.FILLED
    assert status_of(TheirOrder(id="1", status="held"), is_guarded=True) == Status.WORKING
    assert status_of(TheirOrder(id="1", status="suspended"), is_guarded=True) == Status.HELD


def test_reads_leave_requests_to_orders_and_entries_to_exits() -> None:
    now = [0.0]
    budget = RequestBudget(20, lambda: now[0])
    reads = sum(budget.take(Urgency.READ) == 0 for _ in range(30))
    entries = sum(budget.take(Urgency.ENTRY) == 0 for _ in range(30))
    exits = sum(budget.take(Urgency.EXIT) == 0 for _ in range(30))
    assert (reads, entries, exits) == (15, 3, 30)
    wait_s = budget.take(Urgency.READ)
    now[0] += wait_s
    assert budget.take(Urgency.READ) == 0


AT_50 = "Mon, 02 Mar 2026 15:00:50 GMT"


@pytest.mark.parametrize(
    ("headers", "wait_s"),
    [
        ({"x-ratelimit-reset": "1772463660", "date": "Mon, 02 Mar 2026 15:00:20 GMT"}, 41),
        ({"x-ratelimit-reset": "1772463660"}, 2),
        ({"x-ratelimit-reset": "soon", "date": "Mon, 02 Mar 2026 15:00:20 GMT"}, 2),
        ({"x-ratelimit-reset": "9999999999", "date": "Mon, 02 Mar 2026 15:00:20 GMT"}, 60),
        ({"x-ratelimit-reset": "1", "date": "Mon, 02 Mar 2026 15:00:20 GMT"}, 1),
        ({}, 2),
        ({"retry-after": "17"}, 17),
        ({"retry-after": "0"}, 1),
        ({"retry-after": "nan"}, 2),
        ({"retry-after": "5", "x-ratelimit-reset": "1772463660"}, 5),
        ({"retry-after": AT_50, "date": "Mon, 02 Mar 2026 15:00:20 GMT"}, 30),
        ({"retry-after": AT_50}, 2),
        ({"retry-after": "Mon, 99 Mar [", "date": "Mon, 02 Mar 2026 15:00:20 GMT"}, 2),
    ],
)
def test_a_pause_is_the_one_that_alpaca_names_within_reason(
    headers: dict[str, str], wait_s: float
) -> None:
    budget = RequestBudget(200, lambda: 0.0)
    budget.refused(headers)
    assert budget.take(Urgency.READ) == pytest.approx(wait_s)
    assert budget.take(Urgency.EXIT) == 1.0


def test_a_pause_that_a_double_names_is_of_the_machine_in_a_replay_too() -> None:
    budget = RequestBudget(200, lambda: 0.0, faster=300.0)
    budget.refused({"retry-after": "1"})
    assert budget.take(Urgency.READ) == 300.0
    budget.refused({})
    assert budget.take(Urgency.READ) == 4.0


def test_a_request_waits_for_a_second_that_a_double_names_and_is_sent_then() -> None:
    now = [0.0]

    def wait(seconds: float) -> None:
        now[0] += seconds

    class Busy:
        asked = 0

        def ask(self, method: str, path: str, content: Any = None) -> Reply | NoReply:
            self.asked += 1
            headers = {"retry-after": "1"}
            return Reply(200, {}) if now[0] >= 300.0 else Reply(429, headers=headers)

        def close(self) -> None:
            pass

    client = Busy()
    budget = RequestBudget(200, lambda: now[0], faster=300.0)
    requester = Requester(client, budget, BrokerAccess(SecretStr("K"), SecretStr("S")), wait, 300.0)
    assert requester.read("/account") == {}
    assert client.asked == 2


def test_a_pause_that_alpaca_does_not_name_grows_until_it_answers() -> None:
    budget = RequestBudget(200, lambda: 0.0)
    waits = []
    for _ in range(7):
        budget.refused({})
        waits.append(budget.take(Urgency.READ))
    assert waits == [2, 4, 8, 16, 32, 60, 60]
    budget.answered()
    budget.refused({})
    assert budget.take(Urgency.READ) == 2


def execution(cum: int, qty: int, price: float = 10.0) -> Execution:
    return Execution(
        order_id="o", symbol="AAA", side="buy", qty=Decimal(qty), price=Decimal(str(price)),
        transaction_time="2026-03-02T15:00:00Z", cum_qty=Decimal(cum),
    )  # fmt: skip


def test_a_gap_between_executions_is_made_up_at_the_price_that_the_order_paid_for_it() -> None:
    told = Told()
    assert told.is_new(execution(10, 10, 10.0)) and told.is_new(execution(30, 10, 12.0))
    order = TheirOrder(
        id="o", status="filled", symbol="AAA", side="buy", qty=Decimal(30),
        filled_qty=Decimal(30), filled_avg_price=Decimal("11"),
    )  # fmt: skip
    (made,) = told.made_up(order)
    assert (made.qty, made.cum_qty, made.price) == (Decimal(10), Decimal(20), Decimal(11))
    assert not told.is_lacking(order)
    assert not told.is_new(execution(20, 10, 11.0))
    # So it is after a restart, from what the cursor keeps.
    again = Told(told.spans)
    assert not any(again.is_new(execution(cum, 10)) for cum in (10, 20, 30))


def test_a_replacement_whose_id_would_be_too_long_goes_without_one() -> None:
    ids = Identities()
    short = client_order_id("a", "2026-03-02", "orb", "AAPL", Leg.STOP, 1)
    assert ids.next_client_id(short) == f"{short}~2"
    ids.used(f"{short}~7")
    assert ids.next_client_id(short) == f"{short}~8"
    assert ids.next_client_id(f"{short}{'x' * 30}") is None


def test_without_the_library_one_line_says_how_to_install_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "alpaca.trading.client", None)
    monkeypatch.delitem(sys.modules, "blocks.exchange.alpaca.line.client", raising=False)
    access = BrokerAccess(SecretStr("K"), SecretStr("S"))
    with pytest.raises(BadInput, match=r"pip install 'alpaca-py>=0\.44,<0\.45'"):
        AlpacaExchange(access, lambda: pytest.fail("the clock was asked"))
