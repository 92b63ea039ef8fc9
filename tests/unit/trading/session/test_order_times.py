"""No fill is older than its order, and what comes too late for its bar is not entered."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from blocks.exchange.order_desk import OrderDesk
from blocks.process.clocks import ReplayClock
from tasks.session.difference_news import DifferenceNews
from tasks.session.poll import poll
from tasks.session.runtime import Pace
from tests.unit.blocks.exchange.test_order_desk import BREAK, CALM, DAY, RANGE, SESSION, bar, plan
from tests.unit.replay.in_memory import ACCOUNT, MemoryExchange, MemoryLedger
from trading.market.calendar import to_microseconds
from trading.session.broker.answers import Answer, Unknown
from trading.session.events import Command, Fill, Intent, SessionStarted
from trading.session.order_times import OrderTimes
from trading.session.orders import Leg, Status
from trading.session.state import SessionState

SETTLING = timedelta(seconds=15)
DROP = (11.0, 11.0, 5.0, 5.0)


class Timed:
    """A desk whose clock stands where a test puts it."""

    def __init__(self, **settings: Any) -> None:
        run_plan = plan(**settings)
        self.exchange = MemoryExchange(run_plan)
        self.clock = ReplayClock(SESSION.open)
        state = SessionState(run_plan, SESSION)
        self.ledger = MemoryLedger()
        times = OrderTimes(self.clock, SESSION, 5, SETTLING)
        ledger: Any = self.ledger
        self.desk = OrderDesk(state, ledger, self.exchange, ACCOUNT, 1, times=times)
        self.desk.record(SessionStarted(str(DAY), 0, 0, state.inheritance()))

    def close(self, number: int, prices: Any, after: timedelta = timedelta(seconds=6)) -> None:
        """Take a bar so long after its end."""
        self.clock._now = SESSION.bar_end(number, 5) + after
        self.desk.take_bar(bar(number, prices, prices))
        self.desk.execute()

    @contextmanager
    def losing(self, request: str) -> Iterator[None]:
        """Lose one kind of request on its way while the context lasts."""

        def lost(intent: Intent) -> Answer:
            return Unknown("no answer")

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(self.exchange, request, lost)
            yield

    def fills_heard(self, leg: str) -> list[Fill]:
        """Return what the desk has heard, whether or not it is in the journal yet."""
        heard = [*self.ledger.events, *self.desk._uncommitted]
        return [e for e in heard if isinstance(e, Fill) and e.leg == leg]

    def fills(self, leg: str) -> list[Fill]:
        return [e for e in self.ledger.events if isinstance(e, Fill) and e.leg == leg]


def holding(**settings: Any) -> Timed:
    """Return a desk that has just entered both symbols in time."""
    timed = Timed(**settings)
    for number, prices in enumerate((RANGE, BREAK, CALM)):
        timed.close(number, prices)
    return timed


def start_of(number: int) -> int:
    return to_microseconds(SESSION.bar_start(number, 5))


def test_an_entry_in_time_fills_at_the_open_of_the_next_bar() -> None:
    timed = holding()
    assert {fill.us for fill in timed.fills("entry")} == {start_of(2)}


@pytest.mark.parametrize("late", [timedelta(seconds=16), timedelta(minutes=4, seconds=22)])
def test_an_entry_that_is_too_late_for_its_bar_is_missed(late: timedelta) -> None:
    timed = Timed()
    timed.close(0, RANGE)
    timed.close(1, BREAK, late)
    timed.close(2, RANGE)
    assert timed.fills("entry") == []
    entries = [o for o in timed.desk.state.orders.values() if o.leg == Leg.ENTRY]
    assert {order.status for order in entries} == {Status.CANCELLED}
    assert timed.exchange.requests == [], "it was sent all the same"
    assert not timed.desk.state.book.pending.any()


def test_a_late_exit_fills_at_the_first_bar_that_starts_after_it() -> None:
    timed = holding(flatten_minutes=5)
    timed.desk.state.book.exit_waiting[:] = timed.desk.state.book.quantity != 0
    timed.desk.state.book.exit_reason[:] = 3
    timed.clock._now = SESSION.bar_end(2, 5) + timedelta(minutes=2)
    timed.desk.execute()
    timed.close(3, CALM)
    assert timed.fills("exit") == [], "filled at an open from before the order"
    timed.close(4, CALM)
    assert {fill.us for fill in timed.fills("exit")} == {start_of(4)}


@pytest.mark.parametrize(
    ("after_close", "leg"), [(timedelta(minutes=-1), "assumed_close"), (timedelta(minutes=1), None)]
)
def test_an_exit_that_comes_in_the_last_bar_is_booked_at_the_close_and_one_after_it_is_not(
    after_close: timedelta, leg: str | None
) -> None:
    timed = holding()
    timed.desk.state.book.exit_waiting[:] = timed.desk.state.book.quantity != 0
    timed.desk.state.book.exit_reason[:] = 3
    timed.clock._now = SESSION.close + after_close
    timed.desk.execute()
    timed.desk.close_session()
    held = timed.desk.state.book.quantity.any()
    assert {fill.symbol for fill in timed.fills("assumed_close")} == (
        {"AAA", "BBB"} if leg else set()
    )
    assert held == (leg is None), "a market that was open had somebody who took it"
    assert timed.fills("exit") == []


def test_a_level_that_is_moved_late_rests_where_it_was_in_the_bar_that_had_begun() -> None:
    timed = holding()
    before = float(timed.exchange.venue.state.book.stop[0])
    timed.desk.state.book.stop[0] = 10.9
    timed.clock._now = SESSION.bar_end(2, 5) + timedelta(minutes=3)
    timed.desk.execute()
    assert float(timed.exchange.venue.state.book.stop[0]) == before
    # Low enough for the new level, not for the old one.
    timed.close(3, (11.0, 11.0, 10.85, 11.0))
    assert timed.fills("stop") == []
    timed.close(4, (11.0, 11.0, 10.85, 11.0))
    assert [fill.us for fill in timed.fills("stop") if fill.symbol == "AAA"] == [start_of(4)]


def test_of_two_late_moves_the_first_works_until_the_second_does() -> None:
    timed = holding()
    late = timedelta(minutes=3)
    for number, level in ((2, 10.9), (3, 10.95)):
        if number > 2:
            timed.clock._now = SESSION.bar_end(number, 5) + late
            timed.desk.take_bar(bar(number, (11.0, 11.0, 10.97, 11.0), CALM))
        timed.desk.state.book.stop[0] = level
        timed.clock._now = SESSION.bar_end(number, 5) + late
        timed.desk.execute()
    timed.close(4, (11.0, 11.0, 10.92, 11.0))
    assert not [fill for fill in timed.fills("stop") if fill.symbol == "AAA"]
    assert float(timed.exchange.venue.state.book.stop[0]) == 10.9
    timed.close(5, (11.0, 11.0, 10.92, 11.0))
    assert [fill.us for fill in timed.fills("stop") if fill.symbol == "AAA"] == [start_of(5)]


def test_a_venue_that_has_seen_later_bars_takes_no_earlier_one() -> None:
    timed = holding()
    held = timed.exchange.positions()
    yesterday = replace(bar(1, DROP, DROP), session="2025-06-09", start_us=start_of(0) - 10**9)
    timed.exchange.observe(yesterday)
    assert timed.exchange.positions() == held
    assert timed.desk.reconcile() == {}


def test_no_fill_of_a_late_day_is_older_than_its_order() -> None:
    timed = Timed(max_entries=5, trailing="breakeven", trail_trigger_r=0.1)
    made: dict[str, int] = {}
    lateness = (6, 200, 14, 280, 9, 16, 120, 5, 30, 10)
    moves = (RANGE, BREAK, CALM, DROP, RANGE, BREAK, CALM, BREAK, DROP, CALM)
    for number, (prices, late) in enumerate(zip(moves, lateness, strict=True)):
        timed.close(number, prices, timedelta(seconds=late))
        for intent in timed.exchange.requests:
            if intent.action == "submit":
                made.setdefault(intent.client_order_id, intent.us)
    fills = [e for e in timed.ledger.events if isinstance(e, Fill) and e.client_order_id in made]
    assert fills
    for fill in fills:
        assert fill.us >= made[fill.client_order_id] - SETTLING / timedelta(microseconds=1)


def test_an_operator_leaves_now_at_the_newest_price_and_it_is_called_so() -> None:
    timed = holding()
    now = SESSION.bar_end(2, 5) + timedelta(minutes=4, seconds=57)
    timed.clock._now = now
    timed.desk.leave(Command("flatten", "enough"), {"AAA": 12.0})
    left = {fill.symbol: fill for fill in timed.fills("newest_price")}
    assert left.keys() == {"AAA", "BBB"}
    assert {fill.us for fill in left.values()} == {to_microseconds(now)}
    assert left["AAA"].price == pytest.approx(12.0 * (1 - 5 / 10_000))
    # No newer price is known of this one than its last close.
    assert left["BBB"].price == pytest.approx(CALM[3] * (1 - 5 / 10_000))
    assert timed.exchange.positions() == {}
    assert timed.desk.reconcile() == {}
    assert not [o for o in timed.exchange.open_orders() if o.is_live]


def test_an_operator_does_not_wait_for_an_exit_that_waits_for_its_bar() -> None:
    timed = holding()
    book = timed.desk.state.book
    book.exit_waiting[:] = book.quantity != 0
    book.exit_reason[:] = 3
    timed.desk.execute()
    assert timed.exchange.positions()
    timed.desk.leave(Command("leave", "shutdown"), {})
    assert timed.exchange.positions() == {}
    assert timed.desk.reconcile() == {}
    timed.close(3, CALM)
    assert timed.desk.reconcile() == {}


def test_an_exit_that_is_sent_again_is_priced_as_of_then() -> None:
    timed = holding()
    with timed.losing("submit"):
        timed.desk.leave(Command("flatten"), {"AAA": 12.0, "BBB": 12.0})
    timed.clock._now = SESSION.bar_end(3, 5) + timedelta(seconds=6)
    timed.desk.take_bar(bar(3, (10.0, 10.0, 10.0, 10.0), (10.0, 10.0, 10.0, 10.0)))
    timed.desk.resolve(timed.clock.now(), SESSION.bar_end(4, 5))
    prices = [fill.price for fill in timed.fills("newest_price")]
    assert prices == pytest.approx([10.0 * (1 - 5 / 10_000)] * 2)


def test_a_stop_rests_until_the_exit_has_arrived_and_what_it_left_is_not_left_again() -> None:
    timed = holding()
    with timed.losing("submit"):
        timed.desk.leave(Command("flatten"), {"AAA": 12.0, "BBB": 12.0})
    assert timed.desk.state.unanswered
    timed.desk.take_bar(bar(3, DROP, DROP))
    assert {fill.symbol for fill in timed.fills_heard("stop")} == {"AAA", "BBB"}
    timed.desk.resolve(timed.clock.now(), SESSION.bar_end(4, 5))
    timed.desk.execute()
    assert timed.desk.state.unanswered == {}
    assert timed.desk.reconcile() == {}
    assert timed.exchange.positions() == {}


def test_what_rested_is_not_cancelled_before_the_bars_that_passed_are_seen() -> None:
    timed = holding()
    book = timed.desk.state.book
    book.exit_waiting[:] = book.quantity != 0
    book.exit_reason[:] = 3
    with timed.losing("submit"):
        timed.desk.execute()
    asked = dict(timed.desk.state.unanswered)
    later = SESSION.bar_end(6, 5)
    timed.desk.resolve(later, SESSION.bar_end(3, 5), is_history=True)
    assert timed.desk.state.unanswered == asked
    timed.desk.take_bar(bar(3, DROP, DROP))
    assert {fill.symbol for fill in timed.fills_heard("stop")} == {"AAA", "BBB"}


def test_an_order_that_nobody_knows_of_at_the_close_is_looked_up_the_next_day() -> None:
    timed = holding()
    book = timed.desk.state.book
    book.exit_waiting[:] = book.quantity != 0
    book.exit_reason[:] = 3
    with timed.losing("submit"):
        timed.desk.execute()
    left = timed.desk.state.inheritance()
    following = SessionState(timed.desk.state.plan, SESSION)
    following.apply(SessionStarted(str(DAY), 0, 0, left))
    exits = [i for i in following.unanswered.values() if i.leg == Leg.EXIT]
    assert {intent.symbol for intent in exits} == {"AAA", "BBB"}


def test_a_request_that_is_sent_again_later_counts_from_then() -> None:
    timed = Timed()
    timed.close(0, RANGE)
    timed.close(1, BREAK)
    intent = timed.exchange.requests[0]
    later: datetime = SESSION.bar_end(1, 5) + timedelta(minutes=2)
    timed.clock._now = later
    stamped = timed.desk._dispatch.stamped(replace(intent, us=1))
    assert stamped.us == to_microseconds(later)
    assert stamped.fills_from_us == to_microseconds(later)


def test_an_exit_does_not_wait_for_the_next_bar_once_its_cancel_is_answered() -> None:
    timed = holding()
    book = timed.desk.state.book
    book.exit_waiting[:] = book.quantity != 0
    book.exit_reason[:] = 3
    with timed.losing("cancel"):
        timed.desk.execute()
    runtime: Any = SimpleNamespace(
        desk=timed.desk,
        state=timed.desk.state,
        clock=timed.clock,
        inbox=SimpleNamespace(words=list, mark_seen=lambda: None),
        pace=Pace(),
        differences=DifferenceNews(),
        notifier=SimpleNamespace(has_more=False, show=lambda message: None, keep=lambda: None),
        drain=None,
        bar_end=lambda bar: SESSION.bar_end(bar, 5),
    )
    poll(runtime)
    working = {(o.symbol, o.leg) for o in timed.exchange.open_orders()}
    assert working == {("AAA", Leg.EXIT), ("BBB", Leg.EXIT)}
