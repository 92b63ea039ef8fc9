"""Whatever a broker does: no more is left than is held, and what is held is protected or left."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.blocks.exchange.bracket_broker import BRACKETS, FATES, PLAIN, BracketBroker
from tests.unit.blocks.exchange.protected import Trading
from tests.unit.blocks.exchange.test_order_desk import CALM
from trading.session.broker.answers import Answer, Refusal, Refused
from trading.session.events import Command, Intent
from trading.session.orders import Leg, Order, Status

KINDS = {"brackets": BRACKETS, "plain": PLAIN}


@dataclass
class Story:
    """A session whose broker does what it is told; what happened is written down."""

    trading: Trading
    number: int = 1
    said: list[str] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    losses: int = 0

    def __post_init__(self) -> None:
        broker = self.trading.broker
        broker.refuse = self._refuse
        broker.lost = self._lose

    def _refuse(self, intent: Intent) -> Answer | None:
        if intent.leg == Leg.ENTRY or not self.refusals:
            return None
        return Refused(self.refusals.pop(), "as it was told")

    def _lose(self, intent: Intent) -> bool:
        self.losses -= 1
        return self.losses >= 0

    def resting(self, *legs: Leg) -> list[Order]:
        broker = self.trading.broker
        return [
            each.order
            for each in broker.resting.values()
            if each.order.is_live and each.order.leg in legs and not each.is_held
        ]

    def fill(self, part: float, *legs: Leg) -> None:
        for order in self.resting(*legs)[:1]:
            left = order.remaining
            if order.leg != Leg.ENTRY:
                left = min(left, abs(self.trading.broker.held.get("AAA", 0)))
            quantity = max(1, int(part * left)) if left else 0
            if quantity:
                self.trading.broker.fill(order.client_order_id, quantity, order.price or 11.0)

    def end(self) -> None:
        for order in self.resting(Leg.STOP, Leg.TARGET, Leg.EXIT)[:1]:
            self.trading.broker.end(order.client_order_id, Status.CANCELLED, "by the broker")

    def leave(self) -> None:
        book = self.trading.desk.state.book
        if book.quantity[0] != 0 and not book.exit_waiting[0]:
            self.trading.desk.record(Command("leave", "test"))
            self.trading.desk.execute()

    def bar(self) -> None:
        self.number += 1
        self.trading.take_bar(self.number, CALM, None)


STEPS: dict[str, Callable[[Story], None]] = {
    "look": lambda s: s.trading.look(),
    "look long": lambda s: s.trading.look_for(1.5),
    "fill half the entry": lambda s: s.fill(0.5, Leg.ENTRY),
    "fill the entry": lambda s: s.fill(1.0, Leg.ENTRY),
    "fill half an exit": lambda s: s.fill(0.5, Leg.STOP, Leg.EXIT),
    "fill an exit": lambda s: s.fill(1.0, Leg.STOP, Leg.EXIT),
    "fill half the target": lambda s: s.fill(0.5, Leg.TARGET),
    "fill the target": lambda s: s.fill(1.0, Leg.TARGET),
    "end one": Story.end,
    "leave": Story.leave,
    "a bar": Story.bar,
    "refuse for good": lambda s: s.refusals.append(Refusal.PERMANENT),
    "refuse for now": lambda s: s.refusals.append(Refusal.RETRY),
    "refuse as halted": lambda s: s.refusals.append(Refusal.HALTED),
    "refuse for power": lambda s: s.refusals.append(Refusal.BUYING_POWER),
    "lose an answer": lambda s: setattr(s, "losses", 1),
    "confirm late": lambda s: setattr(s.trading.broker, "confirms_cancels", False),
    "confirm": lambda s: (
        setattr(s.trading.broker, "confirms_cancels", True),
        s.trading.broker.confirm(),
    )[1],
    "fall silent": lambda s: setattr(s.trading.broker, "is_mute", True),
    "speak": lambda s: s.trading.broker.say_again(),
    "restart": lambda s: s.trading.restart(),
}


def calm(story: Story) -> None:
    """Let the broker be well again, and time go by."""
    trading = story.trading
    story.refusals, story.losses = [], 0
    trading.broker.confirms_cancels = True
    trading.broker.confirm()
    trading.broker.say_again()
    trading.look_for(12.0)
    if trading.held:
        # What was given up for its bar is tried in the next one.
        story.bar()
        trading.look_for(12.0)


def check(story: Story) -> None:
    """Say what must hold whatever has happened."""
    held = story.trading.broker.held.get("AAA", 0)
    assert held >= 0, "an exit has turned the position"


@pytest.mark.parametrize("kind", KINDS)
@settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(
    steps=st.lists(st.sampled_from(sorted(STEPS)), min_size=3, max_size=24),
    fate=st.sampled_from(FATES),
    adjusts=st.booleans(),
    target=st.sampled_from(["range", "none"]),
)
def test_what_is_held_is_protected_or_left_and_never_turned(
    kind: str, steps: list[str], fate: str, adjusts: bool, target: str
) -> None:
    broker = BracketBroker(KINDS[kind], fate=fate, adjusts_pairs=adjusts)
    story = Story(Trading(broker, target=target))
    story.trading.to_the_entry()
    for step in steps:
        STEPS[step](story)
        check(story)
    calm(story)
    check(story)
    trading = story.trading
    assert trading.held == broker.held.get("AAA", 0), "ledger and broker differ"
    opened = broker.open_exits("AAA")
    if broker.abilities.counts_open_exits:
        assert opened <= trading.held
    if trading.held:
        exits = sum(order.remaining for order in broker.live(Leg.EXIT))
        stop = 0 if trading.stop is None else trading.stop.remaining
        assert trading.held in (exits, stop), "neither protected nor being left"
