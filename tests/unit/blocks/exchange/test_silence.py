"""A broker that does not answer ends no session, opens nothing new, and is asked more rarely."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from blocks.exchange.lookups import LATE_SECONDS, Lookups
from blocks.exchange.order_desk import OrderDesk
from blocks.process.clocks import ReplayClock
from tasks.session.difference_news import LASTS, DifferenceNews
from tests.unit.blocks.exchange.test_order_desk import BREAK, CALM, RANGE, SESSION, bar, plan
from tests.unit.replay.in_memory import ACCOUNT, MemoryExchange, MemoryLedger
from trading.market.calendar import from_microseconds
from trading.plan import RunPlan
from trading.session.broker.answers import Answer, ExchangeUnavailable, Refusal, Refused, Unknown
from trading.session.broker.exchange_port import EventPage, StreamPosition
from trading.session.broker.facts import SIMULATED
from trading.session.events import EVERY_SYMBOL, Command, Intent, OrderUpdate, SessionStarted
from trading.session.order_times import OrderTimes
from trading.session.orders import Leg, Order, Status
from trading.session.state import SessionState

SECOND = timedelta(seconds=1)
READS = ("events", "open_orders", "positions", "find_order")


class FarExchange(MemoryExchange):
    """Is no part of this program: it may say nothing, and take a request later than it was sent."""

    is_simulated = False

    def __init__(self, run_plan: RunPlan) -> None:
        super().__init__(run_plan)
        self.silent: set[str] = set()
        self.is_losing = False
        self.on_their_way: list[Intent] = []
        self.looks: list[str] = []

    def _ask(self, what: str) -> None:
        if what in self.silent:
            raise ExchangeUnavailable("the line is dead", "It is asked again")

    def events(self, since: StreamPosition) -> EventPage:
        self._ask("events")
        return super().events(since)

    def open_orders(self) -> list[Order]:
        self._ask("open_orders")
        return super().open_orders()

    def positions(self) -> dict[str, int]:
        self._ask("positions")
        return super().positions()

    def find_order(self, client_order_id: str) -> Order | None:
        self.looks.append(client_order_id)
        self._ask("find_order")
        return super().find_order(client_order_id)

    def submit(self, intent: Intent) -> Answer:
        if self.is_losing:
            self.on_their_way.append(intent)
            return Unknown("gateway time-out")
        return super().submit(intent)

    def arrive(self) -> None:
        """Take what was on its way all the time."""
        for intent in self.on_their_way:
            super().submit(intent)


class Timed:
    """A desk at such an exchange, whose clock stands where a test puts it."""

    def __init__(self, **settings: Any) -> None:
        run_plan = plan(**settings)
        self.exchange = FarExchange(run_plan)
        self.clock = ReplayClock(SESSION.open)
        self.ledger = MemoryLedger()
        state = SessionState(run_plan, SESSION)
        times = OrderTimes(self.clock, SESSION, 5, 15 * SECOND)
        self.desk = OrderDesk(state, self.ledger, self.exchange, ACCOUNT, 1, times=times)
        self.desk.record(SessionStarted(str(SESSION.date), 0, 0, state.inheritance()))

    def close(self, number: int, prices: Any) -> None:
        self.clock._now = SESSION.bar_end(number, 5) + SECOND
        self.desk.take_bar(bar(number, prices, prices))
        self.desk.execute()

    def to_the_break(self) -> None:
        for number, prices in enumerate((RANGE, BREAK)):
            self.close(number, prices)

    def look(self, after: timedelta) -> None:
        self.clock._now += after
        self.desk.resolve(self.clock.now(), SESSION.bar_end(2, 5))

    def sent(self) -> list[str]:
        return [i.client_order_id for i in self.exchange.requests if i.action == "submit"]


@pytest.mark.parametrize("read", READS)
def test_a_read_without_an_answer_ends_nothing_and_the_next_bar_is_taken(read: str) -> None:
    timed = Timed()
    timed.to_the_break()
    timed.exchange.silent = {read}
    timed.close(2, CALM)
    timed.close(3, CALM)
    timed.desk.close_session()
    timed.desk.commit()
    assert timed.desk.state.last_bar == 3
    assert timed.desk.state.is_closed


@pytest.mark.parametrize("read", ["events", "open_orders", "positions"])
def test_nothing_is_entered_while_the_broker_is_silent_and_again_when_it_answers(read: str) -> None:
    timed = Timed(max_entries=3)
    timed.close(0, RANGE)
    timed.exchange.silent = {read}
    timed.close(1, BREAK)
    assert timed.sent() == []
    assert "the line is dead" in timed.desk.not_entered[EVERY_SYMBOL]
    orders = [e for e in timed.ledger.events if isinstance(e, OrderUpdate)]
    assert {(e.status, e.reason) for e in orders} == {
        (Status.CANCELLED, "retry: the exchange does not answer")
    }
    timed.exchange.silent = set()
    timed.close(2, CALM)
    assert timed.desk.not_entered == {}
    timed.close(3, (11.0, 12.0, 11.0, 11.9))
    assert timed.sent(), "entries did not begin again"


def test_a_silence_ends_between_bars_and_is_asked_about_ever_more_rarely() -> None:
    timed = Timed(max_entries=3)
    timed.close(0, RANGE)
    timed.exchange.silent = {"open_orders"}
    timed.close(1, CALM)
    asked: list[int] = []
    read = timed.exchange.open_orders
    timed.exchange.open_orders = lambda: asked.append(1) or read()  # type: ignore[method-assign,func-returns-value]
    for _ in range(60):
        timed.clock._now += SECOND
        timed.desk.break_silence()
    assert timed.desk.silence
    # After 1, 2, 4, 8 and 16 seconds, then after 30 each time.
    assert len(asked) == 5
    timed.exchange.silent = set()
    timed.clock._now += 30 * SECOND
    timed.desk.break_silence()
    assert not timed.desk.silence, "it was silent until the next bar closed"


def test_exits_go_on_while_the_broker_says_nothing_of_its_positions() -> None:
    timed = Timed()
    timed.to_the_break()
    timed.close(2, CALM)
    timed.exchange.silent = {"open_orders", "positions"}
    timed.desk.state.book.exit_waiting[0] = True
    timed.desk.state.book.exit_reason[0] = 3
    timed.close(3, CALM)
    exits = [i for i in timed.exchange.requests if i.symbol == "AAA" and i.leg == Leg.EXIT]
    assert len(exits) == 1


def test_after_the_close_nothing_is_sent_that_would_be_filled_on_another_day() -> None:
    timed = Timed()
    timed.to_the_break()
    timed.close(2, CALM)
    assert timed.desk.state.book.quantity[0]
    before = len(timed.sent())
    timed.clock._now = SESSION.close + SECOND
    timed.desk.state.book.exit_waiting[0] = True
    timed.desk.state.book.exit_reason[0] = 3
    timed.desk.execute()
    assert len(timed.sent()) == before
    assert timed.desk.state.book.quantity[0], "a position that cannot be left was booked away"
    # What rests there, however late it came, is asked to end.
    timed.desk.close_session()
    asked = {i.client_order_id for i in timed.exchange.requests if i.action == "cancel"}
    assert timed.exchange.open_orders() == []
    assert asked


def test_a_refused_cancel_of_an_entry_that_was_never_sent_keeps_no_session_open(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    timed = Timed()
    timed.close(0, RANGE)
    # The process dies between what is written and what is sent.
    monkeypatch.setattr(timed.desk._dispatch, "send", lambda intents: None)
    timed.close(1, BREAK)
    unsent = set(timed.desk.state.unanswered)
    monkeypatch.undo()
    unknown = Refused(Refusal.PERMANENT, "order not found")
    monkeypatch.setattr(timed.exchange, "cancel", lambda intent: unknown)
    timed.clock._now = SESSION.close + SECOND
    timed.desk.close_session()
    assert {timed.desk.state.orders[name].status for name in unsent} == {Status.INTENDED}
    for _ in range(2):
        timed.look(timedelta(seconds=LATE_SECONDS))
    assert timed.desk.state.unanswered == {}
    assert timed.sent() == []


def test_what_differed_before_the_silence_still_blocks_in_it() -> None:
    timed = Timed()
    timed.to_the_break()
    timed.close(2, CALM)
    held = int(timed.desk.state.book.quantity[0])
    timed.exchange.venue.state.book.quantity[0] = held - 5
    assert "AAA" in timed.desk.reconcile()
    timed.exchange.silent = set(READS)
    assert "AAA" in timed.desk.reconcile()
    assert timed.desk._comparison.elsewhere == {"AAA": held - 5}, (
        "an exit would be of too many shares"
    )


def test_an_order_that_arrives_late_is_not_sent_twice() -> None:
    timed = Timed()
    timed.exchange.is_losing = True
    timed.to_the_break()
    timed.exchange.is_losing = False
    timed.look(SECOND)
    assert timed.sent() == [], "it was sent again after one look"
    timed.exchange.arrive()
    timed.look(timedelta(seconds=LATE_SECONDS))
    assert sorted(timed.sent()) == sorted(i.client_order_id for i in timed.exchange.on_their_way)
    assert timed.desk.state.unanswered == {}
    timed.close(2, CALM)
    assert timed.desk.differences() == {}


def test_an_order_that_never_arrived_is_sent_again_once_two_looks_apart_say_so() -> None:
    timed = Timed()
    timed.exchange.is_losing = True
    timed.to_the_break()
    timed.exchange.is_losing = False
    first = {i.client_order_id for i in timed.exchange.on_their_way}
    for _ in range(3):
        timed.look(timedelta(seconds=LATE_SECONDS / 4))
        assert timed.sent() == []
    timed.look(timedelta(seconds=LATE_SECONDS))
    assert set(timed.sent()) == first
    assert len(timed.sent()) == len(first)


def test_an_exit_whose_last_repetition_may_arrive_yet_gets_no_second_beside_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    timed = Timed()
    timed.to_the_break()
    timed.close(2, CALM)
    begun = timed.clock.now()
    asked: list[Intent] = []

    def halted_but_for_a_lost_answer(intent: Intent) -> Answer:
        asked.append(intent)
        seconds = (timed.clock.now() - begun).total_seconds()
        is_lost = seconds == 0 or 40 <= seconds < 60
        return Unknown("gateway time-out") if is_lost else Refused(Refusal.HALTED, "halted")

    monkeypatch.setattr(timed.exchange, "submit", halted_but_for_a_lost_answer)
    timed.desk.leave(Command("flatten"), {})
    for _ in range(30):
        timed.look(timedelta(seconds=LATE_SECONDS))
        timed.desk.execute()
    seconds = [(from_microseconds(intent.us) - begun).total_seconds() for intent in asked]
    assert any(40 <= each < 60 for each in seconds)
    assert any(60 <= each < 90 for each in seconds), "nothing was refused after the lost answer"
    exits = {(intent.symbol, intent.client_order_id) for intent in asked}
    assert len(exits) == len({symbol for symbol, _ in exits}), "two may leave one position"


def test_an_entry_that_is_too_late_is_given_up_only_when_it_is_known_not_to_be_there() -> None:
    timed = Timed()
    timed.exchange.is_losing = True
    timed.to_the_break()
    timed.look(timedelta(minutes=6))
    assert timed.desk.state.unanswered, "given up after one look, and it may still arrive"
    timed.look(timedelta(seconds=LATE_SECONDS))
    assert timed.desk.state.unanswered == {}
    assert timed.sent() == []


def test_an_entry_that_never_arrived_is_not_sent_bars_later_at_the_price_of_then() -> None:
    timed = Timed()
    timed.exchange.is_losing = True
    timed.to_the_break()
    timed.exchange.silent = set(READS)
    for number in (2, 3):
        timed.close(number, CALM)
    timed.exchange.silent, timed.exchange.is_losing = set(), False
    timed.desk.reconcile()
    for _ in range(3):
        timed.clock._now += timedelta(seconds=LATE_SECONDS)
        # The bar that is traded now is young: the entry is of one before it.
        timed.desk.resolve(timed.clock.now(), SESSION.bar_end(4, 5))
    assert timed.sent() == []
    assert timed.desk.state.unanswered == {}
    reasons = {o.reason for o in timed.ledger.events if isinstance(o, OrderUpdate) and o.reason}
    assert "missed" in reasons


def test_a_look_without_an_answer_is_repeated_ever_more_rarely() -> None:
    timed = Timed()
    timed.exchange.is_losing = True
    timed.to_the_break()
    timed.exchange.silent = {"find_order"}
    name = next(iter(timed.desk.state.unanswered))
    for _ in range(120):
        timed.look(SECOND)
    # At 1, 2, 4, 8, ... seconds, at last once a minute.
    assert timed.exchange.looks.count(name) == 7
    assert timed.sent() == []
    assert name in timed.desk.state.unanswered


def test_a_cancel_that_never_takes_is_asked_for_and_repeated_ever_more_rarely() -> None:
    timed = Timed()
    timed.to_the_break()
    timed.close(2, CALM)
    asked: list[str] = []
    # Where an exit ends what rests there is no cancel.
    timed.exchange.abilities = replace(SIMULATED, exit_ends_protection=False)
    timed.exchange.cancel = lambda intent: (  # type: ignore[method-assign]
        asked.append(intent.client_order_id) or Unknown("gateway time-out")  # type: ignore[func-returns-value]
    )
    timed.desk.state.book.exit_waiting[0] = True
    timed.desk.state.book.exit_reason[0] = 3
    timed.desk.execute()
    first, timed.exchange.looks = len(asked), []
    for _ in range(120):
        timed.look(SECOND)
    # At 1, 2, 4, 8, ... seconds, at last once a minute; never without a look before it.
    stop = asked[0]
    assert asked.count(stop) <= first + 8
    assert timed.exchange.looks.count(stop) >= asked.count(stop) - 1
    del timed.exchange.cancel  # type: ignore[method-assign]
    timed.look(timedelta(minutes=1))
    timed.look(SECOND)
    assert not timed.desk.state.orders[stop].is_live


def test_looks_without_a_clock_and_at_a_part_of_this_program() -> None:
    run_plan = plan()
    assert Lookups(MemoryExchange(run_plan)).missing("a", 0)
    far = Lookups(FarExchange(run_plan))
    far.postpone("a", 0)
    assert far.is_due("a", 0)
    assert not far.missing("a", 5)
    # Where there is no time to wait for, two looks are enough: a session would look for ever.
    assert not far.missing("b", 0)
    assert far.missing("b", 0)
    # A replay's clock runs 60 times as fast as the broker answers.
    fast = Lookups(FarExchange(run_plan), speed=60.0)
    assert not fast.missing("a", 0)
    assert not fast.missing("a", int(LATE_SECONDS * 59e6))
    assert fast.missing("a", int(LATE_SECONDS * 60e6))


def test_people_hear_of_a_silence_once_again_if_it_lasts_and_when_it_is_over() -> None:
    heard: list[tuple[str, str]] = []

    class Heard:
        def send(self, kind: str, text: str, **fields: object) -> None:
            heard.append((kind, text))

    news, now = DifferenceNews(), SESSION.open
    for seconds in (0, 30, 90):
        news.tell_silence("the exchange does not answer", now + seconds * SECOND, Heard())
    assert [kind for kind, _ in heard] == ["SYSTEM_WARNING"]
    for minutes in (1, 2, 3):
        news.tell_silence("the exchange does not answer", now + minutes * LASTS, Heard())
    assert [kind for kind, _ in heard[1:]] == ["SYSTEM_ERROR"]
    news.tell_silence("", now, Heard())
    news.tell_silence("", now, Heard())
    assert [text for _, text in heard[2:]] == ["the exchange answers again"]
