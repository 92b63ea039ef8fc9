"""A position at a broker is never without a stop of its quantity for longer than it may be."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tests.unit.blocks.exchange.bracket_broker import FATES, PLAIN, BracketBroker
from tests.unit.blocks.exchange.protected import Trading
from tests.unit.blocks.exchange.test_order_desk import BREAK, RANGE
from trading.engine.book import ENTRY_ORDERS
from trading.reasons import Reason
from trading.session.broker.answers import Answer, Refusal, Refused, Unknown
from trading.session.events import Command, Intent
from trading.session.messages.message import SystemMessage
from trading.session.orders import Leg, Status
from trading.session.protection.limits import ProtectionLimits
from trading.session.protection.watch import Watch


def test_an_entry_carries_its_stop_and_target_and_the_target_moves_to_the_fill() -> None:
    trading = Trading(BracketBroker())
    entry = trading.to_the_entry()
    whole = abs(entry.quantity)
    assert [intent.leg for intent in trading.broker.requests] == [Leg.ENTRY]
    trading.broker.fill(entry.client_order_id, whole, 11.3)
    trading.look()
    assert trading.held == whole
    assert trading.stop is not None
    assert trading.stop.quantity == -whole
    assert trading.stop.price == entry.stop_price
    target = trading.broker.live(Leg.TARGET)[0]
    assert target.price == trading.desk.state.book.target[0]
    assert {(i.action, i.leg) for i in trading.broker.requests[1:]} == {("replace", Leg.TARGET)}
    assert trading.gaps == []


@pytest.mark.parametrize("fate", FATES)
def test_the_rest_of_an_entry_is_cancelled_and_what_is_filled_protected(fate: str) -> None:
    trading = Trading(BracketBroker(fate=fate))
    entry = trading.to_the_entry()
    trading.broker.fill(entry.client_order_id, 40, 11.0)
    trading.look()
    assert [i.action for i in trading.broker.requests] == ["submit"], "prints of one order"
    trading.look_for(2.0)
    assert trading.broker.live(Leg.ENTRY) == []
    assert trading.held == 40
    assert trading.stop is not None
    assert trading.stop.remaining == 40
    assert trading.broker.open_exits("AAA") == 40
    assert [target.remaining for target in trading.broker.live(Leg.TARGET)] == [40]


def test_the_rest_of_an_entry_is_cancelled_every_few_seconds_however_often_that_is_refused() -> (
    None
):
    trading = Trading(BracketBroker())
    entry = trading.to_the_entry()
    seconds: list[float] = []

    def refuse(intent: Intent) -> Answer | None:
        if intent.action != "cancel":
            return None
        seconds.append(intent.us / 1e6)
        return Refused(Refusal.RETRY, "too many requests")

    trading.broker.refuse = refuse
    trading.broker.fill(entry.client_order_id, 40, 11.0)
    trading.look_for(60.0)
    waits = np.diff(seconds)
    assert len(waits) > 10
    assert max(waits) <= 5.0, "what was filled is bare all the time"
    trading.broker.refuse = lambda intent: None
    trading.look_for(8.0)
    assert trading.broker.open_exits("AAA") == trading.held == 40


def test_an_entry_that_fills_while_its_rest_is_cancelled_is_protected_whole() -> None:
    trading = Trading(BracketBroker(confirms_cancels=False))
    entry = trading.to_the_entry()
    name, whole = entry.client_order_id, abs(entry.quantity)
    trading.broker.fill(name, 40, 11.0)
    trading.look_for(1.5)
    assert [i.action for i in trading.broker.requests] == ["submit", "cancel"]
    trading.broker.fill(name, whole - 40, 11.0)
    trading.broker.confirm()
    trading.look()
    assert trading.held == whole
    assert trading.stop is not None
    assert trading.stop.remaining == whole


def test_more_fills_after_the_cancel_was_asked_are_protected_too() -> None:
    trading = Trading(BracketBroker(confirms_cancels=False))
    name = trading.to_the_entry().client_order_id
    trading.broker.fill(name, 40, 11.0)
    trading.look_for(1.5)
    trading.broker.fill(name, 25, 11.0)
    trading.look()
    trading.broker.confirm()
    trading.look_for(1.0)
    assert trading.held == 65
    assert trading.stop is not None
    assert trading.stop.remaining == 65


def test_without_brackets_stop_and_target_are_sent_at_the_first_fill() -> None:
    trading = Trading(BracketBroker(PLAIN))
    entry = trading.to_the_entry()
    assert entry.stop_id is None
    trading.broker.fill(entry.client_order_id, 40, 11.0)
    trading.look()
    # The broker refuses a sale beside the rest of the purchase: first that is cancelled.
    trading.look_for(1.0)
    assert trading.held == 40
    assert trading.stop is not None
    assert trading.stop.remaining == 40
    assert [target.remaining for target in trading.broker.live(Leg.TARGET)] == [40]


def test_the_stop_follows_a_target_that_is_filled_in_part() -> None:
    for adjusts in (True, False):
        trading = Trading(BracketBroker(adjusts_pairs=adjusts))
        entry = trading.to_the_entry()
        whole = abs(entry.quantity)
        trading.broker.fill(entry.client_order_id, whole, 11.0)
        trading.look()
        target = trading.broker.live(Leg.TARGET)[0]
        trading.broker.fill(target.client_order_id, 30, target.price or 0.0)
        trading.look_for(2.0)
        assert trading.held == whole - 30
        assert trading.stop is not None
        assert trading.stop.remaining == whole - 30
        assert trading.broker.open_exits("AAA") == whole - 30


def test_an_exit_is_of_what_is_left_once_its_stop_is_known_to_be_gone() -> None:
    trading = Trading(BracketBroker(confirms_cancels=False))
    entry = trading.to_the_entry()
    whole = abs(entry.quantity)
    trading.broker.fill(entry.client_order_id, whole, 11.0)
    trading.look()
    trading.desk.state.book.exit_waiting[0] = True
    trading.desk.state.book.exit_reason[0] = 3
    trading.look()
    assert trading.broker.live(Leg.EXIT) == []
    target = trading.broker.live(Leg.TARGET)[0]
    trading.broker.fill(target.client_order_id, 24, target.price or 0.0)
    trading.broker.confirm()
    trading.look_for(1.0)
    assert [order.quantity for order in trading.broker.live(Leg.EXIT)] == [-(whole - 24)]


def test_a_stop_that_the_broker_takes_away_is_placed_again_and_then_the_position_is_left() -> None:
    trading = Trading(BracketBroker(), target="none")
    entry = trading.to_the_entry()
    trading.broker.fill(entry.client_order_id, abs(entry.quantity), 11.0)
    trading.look()
    for _ in range(2):
        assert trading.stop is not None
        trading.broker.end(trading.stop.client_order_id, Status.CANCELLED, "by the broker")
        trading.look_for(2.0)
    assert trading.stop is not None
    trading.restart()
    trading.broker.end(trading.stop.client_order_id, Status.CANCELLED, "by the broker")
    trading.look()
    assert trading.stop is None
    assert [order.quantity for order in trading.broker.live(Leg.EXIT)] == [-abs(entry.quantity)]
    assert trading.gaps[-1].became == "left"
    assert "by the broker" in trading.gaps[-1].reason


def refusing(trading: Trading, refusal: Refusal, *legs: Leg) -> list[Intent]:
    """Let a broker refuse all orders of some legs; return the list of those that it refused."""
    refused: list[Intent] = []

    def refuse(intent: Intent) -> Answer | None:
        if intent.action != "submit" or intent.leg not in legs:
            return None
        refused.append(intent)
        return Refused(refusal, "no")

    trading.broker.refuse = refuse
    return refused


def bare(broker: BracketBroker) -> Trading:
    """Return a session whose entry is filled whole, its stop taken away by the broker."""
    trading = Trading(broker, target="none")
    entry = trading.to_the_entry()
    trading.broker.fill(entry.client_order_id, abs(entry.quantity), 11.0)
    trading.look()
    assert trading.desk.next_look_seconds() == math.inf
    return trading


def lose_the_stop(trading: Trading) -> None:
    assert trading.stop is not None
    trading.broker.end(trading.stop.client_order_id, Status.CANCELLED, "by the broker")


def told(trading: Trading) -> list[str]:
    return [each.text for each in trading.desk.take_news() if isinstance(each, SystemMessage)]


def test_a_position_that_no_stop_protects_in_time_is_left_and_people_are_told_the_seconds() -> None:
    trading = bare(BracketBroker())
    refused = refusing(trading, Refusal.RETRY, Leg.STOP)
    lose_the_stop(trading)
    trading.look()
    assert trading.desk.next_look_seconds() == ProtectionLimits().look
    trading.look_for(2.5)
    assert trading.broker.live(Leg.EXIT) == []
    trading.look_for(0.75)
    assert [order.quantity for order in trading.broker.live(Leg.EXIT)] == [-trading.held]
    assert len(refused) <= 4, "a refused request is not repeated at every look"
    assert any("shares had no resting stop for 3.0 s" in text for text in told(trading))


def test_a_stop_that_is_refused_for_good_is_not_asked_again_and_the_position_left() -> None:
    trading = bare(BracketBroker())
    refused = refusing(trading, Refusal.PERMANENT, Leg.STOP)
    lose_the_stop(trading)
    trading.look_for(1.0)
    assert len(refused) == 1
    assert [order.quantity for order in trading.broker.live(Leg.EXIT)] == [-trading.held]


def test_what_cannot_be_left_is_told_blocked_protected_and_asked_once_a_bar() -> None:
    trading = bare(BracketBroker())
    refused = refusing(trading, Refusal.PERMANENT, Leg.EXIT)
    trading.desk.state.book.exit_waiting[0] = True
    trading.desk.state.book.exit_reason[0] = 3
    trading.look_for(5.0)
    assert len(refused) == 1
    assert trading.stop is not None, "it stands without protection until the next bar"
    assert trading.desk.reconcile()["AAA"].startswith("its exit was refused")
    trading.take_bar(2, (11.0, 11.1, 10.9, 11.0), None)
    trading.look_for(5.0)
    assert len(refused) == 2
    assert trading.stop is not None


def test_nothing_protects_and_nothing_can_be_left_is_an_alert_with_words() -> None:
    trading = bare(BracketBroker())
    refused = refusing(trading, Refusal.PERMANENT, Leg.EXIT, Leg.STOP)
    lose_the_stop(trading)
    trading.look_for(30.0)
    assert len(refused) == 2, "asked again and again"
    assert [gap.became for gap in trading.gaps] == ["left", "stuck"]
    assert any(
        "nothing protects them: an exit was ordered, and they are still held" in text
        for text in told(trading)
    )


def test_a_halted_position_keeps_its_stop_until_it_trades_again() -> None:
    trading = bare(BracketBroker())
    refused = refusing(trading, Refusal.HALTED, Leg.EXIT)
    trading.desk.state.book.exit_waiting[0] = True
    trading.desk.state.book.exit_reason[0] = 3
    trading.look_for(10.0)
    assert len(refused) == 1
    assert trading.stop is not None
    trading.broker.refuse = lambda _: None
    trading.take_bar(2, (11.0, 11.1, 10.9, 11.0), None)
    trading.look_for(1.0)
    assert [order.quantity for order in trading.broker.live(Leg.EXIT)] == [-trading.held]


def test_a_halted_position_that_no_stop_can_protect_is_left_as_soon_as_it_trades_again() -> None:
    trading = bare(BracketBroker())
    refusals = {Leg.STOP: Refusal.PERMANENT, Leg.EXIT: Refusal.HALTED}
    refused: list[Intent] = []

    def refuse(intent: Intent) -> Answer | None:
        if intent.action != "submit" or intent.leg not in refusals:
            return None
        refused.append(intent)
        return Refused(refusals[Leg(intent.leg)], "no")

    trading.broker.refuse = refuse
    lose_the_stop(trading)
    trading.look_for(30.0)
    assert 1 < len([intent for intent in refused if intent.leg == Leg.EXIT]) < 10
    # Within the same bar.
    trading.broker.refuse = lambda _: None
    trading.look_for(35.0)
    assert [order.quantity for order in trading.broker.live(Leg.EXIT)] == [-trading.held]


def test_without_a_clock_what_stands_bare_waits_for_the_next_bar_and_no_look_comes_before() -> None:
    state = bare(BracketBroker()).desk.state
    state.protection.unsettled["an order"] = "AAA"
    watch = Watch(ProtectionLimits())
    watch.look(state, 0)
    assert watch.is_urgent
    assert watch.next_look_seconds == math.inf


def test_a_cancel_that_nobody_confirms_is_asked_about_and_seldom_repeated() -> None:
    trading = bare(BracketBroker(confirms_cancels=False))
    trading.desk.state.book.exit_waiting[0] = True
    trading.desk.state.book.exit_reason[0] = 3
    trading.look_for(20.0)
    cancels = [intent for intent in trading.broker.requests if intent.action == "cancel"]
    assert 1 <= len(cancels) <= 6
    trading.broker.confirm()
    trading.look_for(1.0)
    assert [order.quantity for order in trading.broker.live(Leg.EXIT)] == [-trading.held]


def test_after_a_restart_the_exit_is_the_first_that_is_asked() -> None:
    trading = bare(BracketBroker(confirms_cancels=False))
    trading.desk.record(Command("leave", "shutdown"))
    trading.look()
    trading.broker.confirm()
    asked = len(trading.broker.requests)
    trading.restart()
    assert [intent.leg for intent in trading.broker.requests[asked:]] == [Leg.EXIT]


def test_a_broker_that_falls_silent_about_a_leg_is_asked() -> None:
    trading = Trading(BracketBroker())
    entry = trading.to_the_entry()
    trading.broker.fill(entry.client_order_id, 40, 11.0)
    trading.look_for(0.75)
    trading.broker.is_mute = True
    trading.look_for(3.0)
    assert trading.held == 40
    assert trading.stop is not None
    assert trading.stop.remaining == 40


def test_a_stop_that_cannot_move_because_price_is_beyond_it_leaves_the_position() -> None:
    trading = bare(BracketBroker())
    trading.broker.refuse = lambda intent: (
        Refused(Refusal.PERMANENT, "stop price must be less than current price")
        if intent.action == "replace"
        else None
    )
    book = trading.desk.state.book
    book.stop[0] = 10.5
    trading.look_for(5.0)
    moves = [intent for intent in trading.broker.requests if intent.action == "replace"]
    assert 1 <= len(moves) <= 3
    assert trading.stop is not None, "the stop that rests is better than none"
    book.stop[0] = float(book.mark[0]) + 0.1
    trading.look()
    assert [order.quantity for order in trading.broker.live(Leg.EXIT)] == [-trading.held]


def test_a_stop_that_got_lost_on_the_line_is_sent_again_before_its_time_is_over() -> None:
    trading = bare(BracketBroker())
    lost: list[Intent] = []

    def lose(intent: Intent) -> Answer | None:
        if intent.leg != Leg.STOP or len(lost) > 1:
            return None
        lost.append(intent)
        return Unknown("no answer")

    trading.broker.refuse = lose
    lose_the_stop(trading)
    trading.look_for(2.75)
    assert trading.stop is not None
    assert {intent.client_order_id for intent in lost} == {trading.stop.client_order_id}
    assert trading.broker.live(Leg.EXIT) == []


def test_an_entry_that_is_refused_for_good_is_not_tried_again_that_session() -> None:
    trading = Trading(BracketBroker())
    refused = refusing(trading, Refusal.PERMANENT, Leg.ENTRY)
    for number, prices in enumerate((RANGE, BREAK, BREAK, BREAK)):
        trading.take_bar(number, prices, None)
        trading.look_for(1.0)
        assert (trading.desk.objection_to("AAA") is not None) == (number > 0)
    assert len(refused) == 1
    assert told(trading) == ["AAA is not entered again in this session: no"]
    trading.restart()
    assert told(trading) == [], "told before"
    # The broker's words are known after a restart too.
    assert trading.desk.objection_to("AAA") is Reason.ENTRY_REJECTED


def test_what_nobody_lends_is_not_sold_short_again_and_uses_up_no_orders() -> None:
    trading = Trading(BracketBroker())
    refused = refusing(trading, Refusal.NOT_SHORTABLE, Leg.ENTRY)
    fall = (10.2, 10.2, 8.8, 9.0)
    for number, prices in enumerate((RANGE, fall, fall, fall)):
        trading.take_bar(number, prices, None)
        trading.look_for(1.0)
    assert len(refused) == 1
    assert refused[0].quantity < 0
    assert [said for said in told(trading) if "short again" in said] == [
        "AAA is not sold short again in this session: it cannot be sold short: no"
    ]
    # A purchase is another matter.
    assert trading.desk.objection_to("AAA") is None
    assert trading.desk.state.book.flags[ENTRY_ORDERS] == 1
    trading.restart()
    assert trading.desk.state.book.flags[ENTRY_ORDERS] == 1


def test_an_entry_that_is_refused_for_the_moment_is_tried_again_at_the_next_bar_only() -> None:
    trading = Trading(BracketBroker())
    refused = refusing(trading, Refusal.RETRY, Leg.ENTRY)
    for number, prices in enumerate((RANGE, BREAK, BREAK)):
        trading.take_bar(number, prices, None)
        trading.look_for(1.0)
    assert len(refused) == 2
    assert trading.desk.objection_to("AAA") is None


def test_a_fast_replay_waits_as_long_for_its_broker_and_looks_often_in_a_bar() -> None:
    limits = ProtectionLimits()
    assert limits.at_speed(1.0) == limits
    fast = limits.at_speed(500.0)
    assert fast.unprotected / 500.0 == limits.unprotected
    assert fast.look <= 15.0, "of a bar of five minutes"
