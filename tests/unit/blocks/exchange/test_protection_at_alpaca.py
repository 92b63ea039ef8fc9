"""Desk, adapter and alpaca-py at the model of Alpaca: partial fills and what protects them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from pydantic import SecretStr

from blocks.exchange.alpaca.exchange import AlpacaExchange
from blocks.exchange.alpaca.line.access import BrokerAccess
from tasks.simulation.alpaca_model.fill_models import ImmediateFills
from tests.unit.blocks.exchange.alpaca.model_line import LIMITED, LOST, SILENT, WHOLE, ModelLine
from tests.unit.blocks.exchange.protected import Trading
from tests.unit.blocks.exchange.test_order_desk import BREAK, RANGE, SESSION, bar
from tests.unit.tasks.simulation.alpaca_account import Day
from trading.parameters import FillParameters, RiskParameters, make_rules
from trading.session.events import Command, Fill, Unprotected
from trading.session.orders import Leg
from trading.session.protection.limits import ProtectionLimits
from trading.strategies.orb import OrbParameters


class AtAlpaca(Trading):
    """A session whose broker fills `part` of an order at each price."""

    def __init__(self, part: int, **settings: Any) -> None:
        self.part = part
        rules = make_rules(OrbParameters(), RiskParameters(), FillParameters(), 5)
        self.day = Day(ImmediateFills(rules, lambda order: Decimal(self.part)), is_prompt=True)
        self.line = ModelLine(self.day.model, SESSION.open)
        access = BrokerAccess(SecretStr("K"), SecretStr("S"), base_url="http://127.0.0.1:1")
        exchange: Any = AlpacaExchange(
            replace(access, requests_a_minute=100_000),
            lambda: self.line.now,
            ("AAA", "BBB"),
            transport=self.line,
            steady=lambda: self.line.now.timestamp(),
            wait=self.line.pass_seconds,
        )
        super().__init__(exchange, **settings)

    def price(self, last: float) -> None:
        self._keep_time()
        self.day.model.take_price("AAA", last, self.line.now)

    def enter(self) -> None:
        self.price(11.0)
        for number, prices in enumerate((RANGE, BREAK)):
            self.clock.moment = SESSION.bar_end(number, 5)
            self.price(11.0)
            self.desk.take_bar(bar(number, prices, None))
            self.desk.execute()

    def look(self, seconds: float = 0.25) -> None:
        self._keep_time()
        super().look(seconds)
        self._keep_time()

    def resting(self) -> list[tuple[str, int, str]]:
        """Return the open orders: type, shares that are left, and level."""
        orders = self.day.get("orders", status="open")
        return sorted(
            (
                order["type"],
                int(order["qty"]) - int(order["filled_qty"]),
                order["stop_price"] or order["limit_price"],
            )
            for order in orders
        )

    def _keep_time(self) -> None:
        """Requests take their time on the line, which is the session's too."""
        self.line.now = self.clock.moment = max(self.line.now, self.clock.moment)


def test_the_rest_of_an_entry_is_cancelled_and_a_pair_protects_what_is_filled() -> None:
    trading = AtAlpaca(40)
    trading.enter()
    trading.part = 0
    assert trading.held == 40
    trading.look_for(2.0)
    assert trading.resting() == [("limit", 40, "13"), ("stop", 40, "9.5")]
    assert trading.day.held() == {"AAA": "40"}
    seconds = [(gap.us - gap.since_us) / 1e6 for gap in trading.journal(Unprotected)]
    assert len(seconds) == 1
    assert seconds[0] < ProtectionLimits().unprotected


def test_the_stop_follows_in_quantity_and_a_stop_in_parts_leaves_all() -> None:
    trading = AtAlpaca(1000)
    trading.enter()
    trading.look()
    trading.part = 25
    trading.price(13.2)
    trading.look_for(1.5)
    assert trading.held == 41
    assert trading.resting() == [("limit", 41, "13"), ("stop", 41, "9.5")]
    trading.part = 10
    trading.price(9.0)
    trading.look_for(1.0)
    trading.part = 1000
    trading.price(9.0)
    trading.look_for(1.0)
    assert trading.held == 0
    assert trading.resting() == []
    assert trading.day.held() == {}


@pytest.mark.parametrize("part", [40, 1000])
def test_a_position_is_left_whole_and_nothing_rests_after_it(part: int) -> None:
    trading = AtAlpaca(part)
    trading.enter()
    trading.part = 1000
    trading.desk.record(Command("leave", "shutdown"))
    trading.look_for(2.0)
    assert trading.held == 0
    assert trading.resting() == []
    assert trading.day.held() == {}


def test_a_fill_between_two_questions_takes_no_stop_away() -> None:
    trading = AtAlpaca(0)

    def fill_before_fills_are_listed(method: str, path: str) -> str:
        if method == "POST":
            # So long that fills are asked for with the first look at the order.
            trading.line.now += timedelta(seconds=31)
        is_sent = ("POST", "/v2/orders") in trading.line.sent
        if path.endswith("/activities/FILL") and is_sent and trading.part == 0:
            trading.part = 1000
            trading.price(11.0)
        return WHOLE

    trading.line.fate = fill_before_fills_are_listed
    trading.enter()
    trading.look_for(2.0)
    assert trading.held == 66
    assert trading.resting() == [("limit", 66, "13"), ("stop", 66, "9.5")]
    assert "DELETE" not in {method for method, _ in trading.line.sent}


@pytest.mark.parametrize("is_leaving", [False, True])
def test_a_stop_that_is_filled_before_its_fills_are_heard_is_no_reason_to_sell_again(
    is_leaving: bool,
) -> None:
    trading = AtAlpaca(1000)
    trading.enter()
    trading.look_for(1.0)
    silent = {"/v2/account/activities/FILL"}
    trading.line.fate = lambda method, path: SILENT if path in silent else WHOLE
    trading.price(9.0)
    trading.look()
    if is_leaving:
        trading.desk.record(Command("leave", "shutdown"))
    trading.look_for(20.0, 1.0)
    assert trading.day.held() == {}
    silent.clear()
    trading.look_for(10.0, 1.0)
    assert trading.held == 0
    assert trading.resting() == []
    assert trading.day.held() == {}


def test_while_nobody_says_what_is_held_a_filled_stop_is_waited_for() -> None:
    trading = AtAlpaca(1000)
    trading.enter()
    trading.look_for(1.0)
    silent = {"/v2/account/activities/FILL", "/v2/positions"}
    trading.line.fate = lambda method, path: SILENT if path in silent else WHOLE
    trading.price(9.0)
    trading.desk.record(Command("leave", "shutdown"))
    trading.look_for(60.0, 1.0)
    assert trading.day.held() == {}


def test_what_a_target_sold_in_part_without_a_word_is_not_sold_again() -> None:
    trading = AtAlpaca(1000)
    trading.enter()
    trading.look_for(1.0)
    silent = {"/v2/account/activities/FILL"}
    trading.line.fate = lambda method, path: SILENT if path in silent else WHOLE
    # The target sells 25 and the stop the rest, and nobody lists the fills of the target.
    trading.part = 25
    trading.price(13.2)
    trading.part = 1000
    trading.price(9.0)
    assert trading.day.held() == {}
    trading.desk.record(Command("leave", "shutdown"))
    trading.look_for(20.0, 1.0)
    assert trading.day.held() == {}
    silent.clear()
    trading.look_for(60.0, 1.0)
    assert trading.held == 0
    assert trading.resting() == []
    assert trading.day.held() == {}


class Death(BaseException):
    """The end of a process between two requests."""


def test_after_a_long_absence_a_position_without_a_stop_waits_for_no_bar() -> None:
    trading = AtAlpaca(1000)
    trading.enter()
    trading.look()

    def die_behind_the_cancel(method: str, path: str) -> str:
        if method == "GET" and "DELETE" in {before for before, _ in trading.line.sent}:
            raise Death
        return WHOLE

    trading.line.fate = die_behind_the_cancel
    with pytest.raises(Death):
        trading.desk.leave(Command("leave", "shutdown"), {})
    assert trading.resting() == []
    trading.line.fate = lambda method, path: WHOLE
    trading.clock.moment += timedelta(minutes=90)
    trading.price(11.0)
    trading.desk = trading._desk()
    trading.desk.fold(trading.ledger.events)
    trading.desk.resolve(trading.clock.now(), SESSION.close, is_history=True)
    trading.desk.reconcile()
    trading.desk.protect()
    assert trading.day.held() == {}


@pytest.mark.parametrize("lacks_list", [False, True])
@pytest.mark.parametrize("leg", ["target", "stop"])
def test_what_is_listed_before_its_entry_after_an_absence_is_booked_after_it(
    leg: str, lacks_list: bool
) -> None:
    trading = AtAlpaca(0)
    trading.enter()
    entry = next(iter(trading.day.model.book.orders.values()))
    trading.clock.moment += timedelta(minutes=40)
    trading.part = 1000
    trading.price(11.0)
    trading.clock.moment += timedelta(minutes=40)
    trading.price(13.2 if leg == "target" else 9.0)
    assert trading.day.held() == {}
    if lacks_list:
        # Only the orders say what was traded, and the entry's changed last when its legs did.
        trading.line.unlisted = set(trading.day.model.book.orders)
        entry.updated_at = trading.line.now + timedelta(seconds=1)
    else:
        trading.line.unlisted = {entry.id}
    trading.clock.moment += timedelta(minutes=5)
    trading.restart()
    trading.look_for(3.0)
    trading.line.unlisted = set()
    trading.look_for(60.0, 10.0)
    fills = [(fill.leg, fill.quantity) for fill in trading.journal(Fill)]
    assert fills == [("entry", 66), (leg, -66)]
    assert trading.desk.state.discrepancies == {}
    assert trading.desk.reconcile() == {}
    assert trading.held == 0
    assert trading.resting() == []


@pytest.mark.parametrize("leg", ["target", "stop"])
def test_a_position_that_is_left_before_its_entry_was_looked_at_is_booked_whole(leg: str) -> None:
    trading = AtAlpaca(0)
    asked: list[str] = []

    def entered_and_left_before_the_first_look(method: str, path: str) -> str:
        if method == "GET" and "POST" in asked and not trading.part:
            trading.part = 1000
            trading.price(11.0)
            trading.price(13.2 if leg == "target" else 9.0)
        asked.append(method)
        return WHOLE

    trading.line.fate = entered_and_left_before_the_first_look
    trading.enter()
    trading.look_for(3.0)
    fills = [(fill.leg, fill.quantity) for fill in trading.journal(Fill)]
    assert fills == [("entry", 66), (leg, -66)]
    assert trading.desk.reconcile() == {}


def test_an_exit_without_an_answer_that_is_refused_when_repeated_is_not_sent_under_a_new_id() -> (
    None
):
    trading = AtAlpaca(1000)
    trading.enter()
    trading.look_for(1.0)
    asked: list[str] = []

    def first_is_late_and_then_there_are_too_many(method: str, path: str) -> str:
        if (method, path) != ("POST", "/v2/orders"):
            return WHOLE
        asked.append(path)
        return LOST if len(asked) == 1 else LIMITED if len(asked) < 5 else WHOLE

    trading.line.fate = first_is_late_and_then_there_are_too_many
    trading.desk.record(Command("leave", "shutdown"))
    trading.look_for(60.0, 0.5)
    assert trading.held == 0
    exits = [order for order in trading.desk.state.orders.values() if order.leg == Leg.EXIT]
    assert len(exits) == 1
    assert len(asked) == 5


def test_a_pair_without_an_answer_does_not_lose_its_stop() -> None:
    trading = AtAlpaca(40)
    trading.enter()
    trading.part = 0
    lost: list[str] = []

    def pair_is_lost_twice(method: str, path: str) -> str:
        if (method, path) == ("POST", "/v2/orders") and len(lost) < 2:
            lost.append(path)
            return LOST
        return WHOLE

    trading.line.fate = pair_is_lost_twice
    trading.look_for(30.0)
    assert trading.resting() == [("limit", 40, "13"), ("stop", 40, "9.5")]
    assert trading.desk.state.discrepancies == {}
