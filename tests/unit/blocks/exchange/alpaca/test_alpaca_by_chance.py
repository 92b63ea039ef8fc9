"""Orders, prices, failures and restarts by chance: what is told is what the broker's model did."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from pydantic import SecretStr

from blocks.exchange.alpaca.exchange import AlpacaExchange
from blocks.exchange.alpaca.line.access import BrokerAccess
from tasks.simulation.alpaca_model.fill_models import ImmediateFills
from tests.unit.blocks.exchange.alpaca.model_line import (
    GATEWAY,
    LIMITED,
    LOST,
    PAGE,
    SILENT,
    WHOLE,
    ModelLine,
)
from tests.unit.tasks.simulation.alpaca_account import Day
from trading.parameters import FillParameters, RiskParameters, make_rules
from trading.session.broker.answers import Accepted, ExchangeUnavailable, Refused, Unknown
from trading.session.broker.exchange_port import BEGINNING
from trading.session.events import Fill, Intent, OrderUpdate
from trading.session.orders import TERMINAL, Leg, Status, client_order_id
from trading.strategies.orb import OrbParameters

FAILURES = (LOST, SILENT, GATEWAY, LIMITED, PAGE)
STEPS = 60


class Chance:
    """One account through one day: its adapter, what it told, and what is known of its orders."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        rules = make_rules(OrbParameters(), RiskParameters(), FillParameters(), 5)
        # None of an order, a part of it or all.
        fills = ImmediateFills(rules, lambda order: Decimal(self.random.randint(0, 60)))
        self.day = Day(fills, is_prompt=self.random.random() < 0.5)
        self.line = ModelLine(self.day.model, self.day.now)
        self.line.fate = self._fate
        self.failing = self.random.choice((0.0, 0.1, 0.4))
        self.position = BEGINNING
        self.fills: dict[str, Fill] = {}
        self.stands: dict[str, OrderUpdate] = {}
        self.names: dict[str, str] = {}
        self.sent: dict[str, Intent] = {}
        self.attempts = 0
        self.last = 50.0
        self.exchange = self._open()
        self.price(0.0)

    def _open(self) -> AlpacaExchange:
        access = BrokerAccess(SecretStr("K"), SecretStr("S"), base_url="http://127.0.0.1:1")
        return AlpacaExchange(
            replace(access, requests_a_minute=100_000), lambda: self.line.now, ("AAA",),
            transport=self.line, steady=lambda: self.line.now.timestamp(),
            wait=self.line.pass_seconds,
        )  # fmt: skip

    def _fate(self, method: str, path: str) -> str:
        return self.random.choice(FAILURES) if self.random.random() < self.failing else WHOLE

    def restart(self) -> None:
        self.exchange = self._open()
        self.exchange.know(self.names)

    def price(self, change: float) -> None:
        self.last = round(max(self.last + change, 5.0), 2)
        self.line.now += timedelta(milliseconds=self.random.randint(1, 800))
        self.day.model.take_price("AAA", self.last, self.line.now)

    def new_id(self, leg: Leg) -> str:
        return client_order_id("a", "2025-06-10", "orb", "AAA", leg, self.attempts)

    def submit(self) -> None:
        self.attempts += 1
        held = self.day.model.holdings.quantity("AAA")
        if held:
            leg = self.random.choice((Leg.EXIT, Leg.STOP, Leg.TARGET))
            side = 1 if held > 0 else -1
            level = self.last - side * (1.0 if leg == Leg.STOP else -1.0)
            intent = Intent(
                "submit", self.new_id(leg), "AAA", leg, -int(held), 1, self.attempts,
                price=None if leg == Leg.EXIT else level,
            )  # fmt: skip
            if leg == Leg.TARGET and self.random.random() < 0.7:
                intent = replace(intent, stop_price=self.last - side, stop_id=self.new_id(Leg.STOP))
        else:
            side = self.random.choice((1, -1))
            has_target = self.random.random() < 0.6
            intent = Intent(
                "submit", self.new_id(Leg.ENTRY), "AAA", Leg.ENTRY,
                side * self.random.randint(1, 90), 1, self.attempts, reference_price=self.last,
                stop_price=self.last - side, stop_id=self.new_id(Leg.STOP),
                target_offset=1.5 if has_target else None,
                target_id=self.new_id(Leg.TARGET) if has_target else None,
            )  # fmt: skip
        self.sent[intent.client_order_id] = intent
        answer = self.exchange.submit(intent)
        while isinstance(answer, Unknown):
            # As the desk does: looked up, and sent again only where it never arrived.
            try:
                found = self.exchange.find_order(intent.client_order_id)
            except ExchangeUnavailable:
                self.line.now += timedelta(seconds=1)
                continue
            if found is not None:
                break
            answer = self.exchange.submit(intent)

    def live(self) -> list[OrderUpdate]:
        return [
            one
            for one in self.stands.values()
            if one.status not in TERMINAL and one.client_order_id
        ]

    def move(self) -> None:
        resting = [one for one in self.live() if one.leg in (Leg.STOP, Leg.TARGET)]
        if resting:
            one = self.random.choice(resting)
            moved = Intent(
                "replace", one.client_order_id, "AAA", one.leg, one.quantity, 1,
                price=round((one.price or self.last) + self.random.choice((-0.2, 0.0, 0.2)), 2),
            )  # fmt: skip
            assert isinstance(self.exchange.replace(moved), Accepted | Refused | Unknown)

    def cancel(self) -> None:
        if self.live():
            one = self.random.choice(self.live())
            gone = Intent("cancel", one.client_order_id, "AAA", one.leg, one.quantity, 1)
            assert isinstance(self.exchange.cancel(gone), Accepted | Refused | Unknown)

    def listen(self) -> None:
        try:
            page = self.exchange.events(self.position)
        except ExchangeUnavailable:
            return
        self.position = page.position
        for item in page.events:
            event = item.event
            if item.protects:
                # As the desk does: the leg's name is that of the plan.
                entry = self.sent[item.protects]
                name = entry.stop_id if event.leg == Leg.STOP else entry.target_id
                assert name is not None
                event = replace(event, client_order_id=name)
            if item.their_id and event.client_order_id:
                self.names[item.their_id] = event.client_order_id
            if isinstance(event, Fill):
                is_known = event.exec_id in self.fills
                assert not is_known or page.begins_anew, "an execution was told twice"
                assert not is_known or self.fills[event.exec_id].quantity == event.quantity
                self.fills[event.exec_id] = event
            elif isinstance(event, OrderUpdate):
                before = self.stands.get(event.client_order_id)
                assert (
                    before is None or before.status not in TERMINAL or before.status == event.status
                ), f"{before} and then {event}"
                self.stands[event.client_order_id] = event
        self.exchange.know(self.names)

    def check(self) -> None:
        """Compare all that was told with all that the model has."""
        self.failing, self.line.hides_fills = 0.0, False
        for _ in range(6):
            self.line.now += timedelta(seconds=40)
            self.day.model.settle(self.line.now)
            self.listen()
        model = self.day.model
        told = sum(fill.quantity for fill in self.fills.values())
        assert told == model.holdings.quantity("AAA")
        by_order: dict[str, int] = {}
        for fill in self.fills.values():
            assert fill.client_order_id
            by_order[fill.client_order_id] = by_order.get(fill.client_order_id, 0) + fill.quantity
        theirs: dict[str, int] = {}
        for order in model.book.orders.values():
            if order.filled_qty:
                name = self.names[order.id]
                theirs[name] = theirs.get(name, 0) + int(order.filled_qty) * order.side.sign
        assert by_order == theirs
        resting = {self.names[o.id] for o in model.book.orders.values() if o.is_open}
        assert {one.client_order_id for one in self.live()} == resting
        assert {o.client_order_id for o in self.exchange.open_orders()} == resting
        for name, stand in self.stands.items():
            if stand.status == Status.FILLED:
                assert abs(by_order[name]) > 0
        entries = [o for o in model.book.orders.values() if not o.parent_id and not o.replaces]
        assert len({o.client_order_id for o in entries}) == len(entries)


@pytest.mark.parametrize("seed", range(60))
def test_what_is_told_is_what_the_broker_did(seed: int) -> None:
    chance = Chance(seed)
    acts = (
        chance.submit, chance.move, chance.move, chance.cancel, chance.listen, chance.listen,
        chance.restart,
        lambda: chance.day.model.settle(chance.line.now),
        lambda: chance.price(chance.random.uniform(-1.2, 1.2)),
        lambda: chance.price(chance.random.uniform(-1.2, 1.2)),
        lambda: setattr(chance.line, "hides_fills", chance.random.random() < 0.4),
    )  # fmt: skip
    for _ in range(STEPS):
        chance.random.choice(acts)()
    chance.check()
