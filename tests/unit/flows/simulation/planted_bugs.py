"""Mistakes that somebody could make, each as a small change of the product, and what finds them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from duckdb import DuckDBPyConnection

from blocks.exchange import comparison, exchange_news, order_desk
from blocks.exchange.order_desk import OrderDesk
from blocks.ledger import lease
from blocks.messages.session_notifier import SessionNotifier
from flows.simulation.world import Style
from trading.engine.book import Book
from trading.engine.trade_tape import Tape
from trading.plan import RunPlan
from trading.rules import Rules
from trading.session import state as state_module
from trading.session.events import ExchangeView, Fill, Intent, OrderUpdate
from trading.session.orders import Leg, Status
from trading.session.planning.order_planner import OrderPlanner
from trading.session.protection.limits import ProtectionLimits
from trading.session.state import SessionState

Patch = pytest.MonkeyPatch


@dataclass(frozen=True)
class PlantedBug:
    """A mistake, the invariant that is to break, and the first seed of its broker that finds it."""

    name: str
    invariant: str
    style: Style
    faults: str
    seed: int
    plant: Callable[[Patch], None]


def _commits_after_sending(patch: Patch) -> None:
    commit = OrderDesk.commit

    def late(desk: OrderDesk) -> None:
        if desk._uncommitted and isinstance(desk._uncommitted[-1], Intent):
            return
        commit(desk)

    patch.setattr(OrderDesk, "commit", late)


def _takes_no_answer_for_a_refusal(patch: Patch) -> None:
    """What had no answer is asked for again under another name."""
    answer_to = order_desk.answer_to

    def refused(intent: Intent, status: Status, reason: str) -> OrderUpdate:
        refusal = Status.REJECTED if status == Status.UNKNOWN else status
        return answer_to(intent, refusal, reason)

    patch.setattr(order_desk, "answer_to", refused)
    patch.setattr(state_module, "end_entry", lambda book, s, order: None)


def _books_fills_as_often_as_they_are_said(patch: Patch) -> None:
    objection_to = exchange_news.objection_to
    patch.setattr(SessionState, "has_heard", lambda state, exec_id: False)
    patch.setattr(
        exchange_news,
        "objection_to",
        lambda state, event: "" if isinstance(event, Fill) else objection_to(state, event),
    )


def _counts_no_positions(patch: Patch) -> None:
    rules = RunPlan.rules
    patch.setattr(RunPlan, "rules", lambda plan: rules(plan)._replace(max_positions=99))


def _plans_no_stops(patch: Patch) -> None:
    """A position whose entry brought no stop gets none, and nobody counts its seconds."""
    wanted = OrderPlanner.wanted

    def without(planner: OrderPlanner, *given: Any, **named: Any) -> list[Intent]:
        planned = wanted(planner, *given, **named)
        return [intent for intent in planned if intent.leg not in (Leg.STOP, Leg.TARGET)]

    patch.setattr(OrderPlanner, "wanted", without)
    patch.setattr(ProtectionLimits, "at_speed", lambda limits, speed: ProtectionLimits(3600.0))


def _keeps_its_view_to_itself(patch: Patch) -> None:
    record = OrderDesk.record

    def silent(desk: OrderDesk, event: Any) -> None:
        record(desk, event)
        if isinstance(event, ExchangeView):
            desk._uncommitted.remove(event)

    patch.setattr(OrderDesk, "record", silent)


def _goes_on_without_its_lease(patch: Patch) -> None:
    patch.setattr(lease, "check_epoch", lambda connection, epoch: None)


def _cancels_what_others_ordered(patch: Patch) -> None:
    patch.setattr(comparison, "is_ours", lambda name: True)


def _books_one_part_of_an_entry(patch: Patch) -> None:
    """Of an entry that is filled in parts the first counts, and quantities are not compared."""
    book_fill = state_module.book_fill

    def first(book: Book, tape: Tape, rules: Rules, s: int, fill: Fill, *more: Any, **named: Any):  # type: ignore[no-untyped-def]
        if fill.leg != Leg.ENTRY or book.quantity[s] == 0:
            book_fill(book, tape, rules, s, fill, *more, **named)

    patch.setattr(state_module, "book_fill", first)
    patch.setattr(comparison, "quantity_differences", lambda state, theirs: {})


def _asks_for_stops_of_twice_the_position(patch: Patch) -> None:
    wanted = OrderPlanner.wanted

    def twice(planner: OrderPlanner, *given: Any, **named: Any) -> list[Intent]:
        planned = wanted(planner, *given, **named)
        return [
            replace(intent, quantity=2 * intent.quantity) if intent.leg == Leg.STOP else intent
            for intent in planned
        ]

    patch.setattr(OrderPlanner, "wanted", twice)


def _says_nothing_of_what_is_held(patch: Patch) -> None:
    send = SessionNotifier.send

    def silent(notifier: SessionNotifier, kind: str, text: str, **named: Any) -> None:
        if "shares" not in text:
            send(notifier, kind, text, **named)

    patch.setattr(SessionNotifier, "send", silent)


def _plans_nothing_while_halted(patch: Patch) -> None:
    """An operator who forbids entries forbids exits with them."""
    wanted = OrderPlanner.wanted

    def halted(planner: OrderPlanner, state: SessionState, *given: Any) -> list[Intent]:
        return [] if state.halt.is_halted else wanted(planner, state, *given)

    patch.setattr(OrderPlanner, "wanted", halted)


def _takes_the_same_epoch_again(patch: Patch) -> None:
    """A lease that another took can never be had again."""
    take_epoch = lease.take_epoch

    def same(connection: DuckDBPyConnection, folder: Path) -> int:
        is_new = connection.execute("SELECT epoch FROM lease").fetchone() is None
        return take_epoch(connection, folder) if is_new else 1

    patch.setattr(lease, "take_epoch", same)


def _counts_on_an_answer(patch: Patch) -> None:
    """Who asks again why nothing was answered finds no words for it."""
    break_silence = OrderDesk.break_silence

    def counting(desk: OrderDesk) -> None:
        if desk.silence:
            {"": 0}[desk.silence]
        break_silence(desk)

    patch.setattr(OrderDesk, "break_silence", counting)


ALL_BUGS = (
    PlantedBug(
        "commits after sending",
        "commit-before-send",
        Style.MOCK,
        "none",
        0,
        _commits_after_sending,
    ),
    PlantedBug(
        "takes no answer for a refusal",
        "one-order-per-intent",
        Style.ALPACA,
        "lost-answer",
        4,
        _takes_no_answer_for_a_refusal,
    ),
    PlantedBug(
        "books a fill as often as it is said",
        "no-lost-fill",
        Style.MOCK,
        "repeated-event,new-stream",
        0,
        _books_fills_as_often_as_they_are_said,
    ),
    PlantedBug("counts no positions", "exposure", Style.MOCK, "none", 3, _counts_no_positions),
    PlantedBug(
        "plans no stops and counts no seconds",
        "protected",
        Style.ALPACA,
        "partial-fill",
        5,
        _plans_no_stops,
    ),
    PlantedBug(
        "keeps its view to itself",
        "journal-folds-to-state",
        Style.MOCK,
        "foreign-trade",
        0,
        _keeps_its_view_to_itself,
    ),
    PlantedBug(
        "goes on without its lease",
        "one-holder",
        Style.MOCK,
        "lease-theft",
        2,
        _goes_on_without_its_lease,
    ),
    PlantedBug(
        "cancels what others ordered",
        "foreign-untouched",
        Style.MOCK,
        "foreign-order",
        6,
        _cancels_what_others_ordered,
    ),
    PlantedBug(
        "books one part of an entry and compares no quantities",
        "ledger-equals-exchange",
        Style.ALPACA,
        "partial-fill,cancel-race",
        0,
        _books_one_part_of_an_entry,
    ),
    PlantedBug(
        "asks for stops of twice the position",
        "exits-within-position",
        Style.MOCK,
        "none",
        0,
        _asks_for_stops_of_twice_the_position,
    ),
    PlantedBug(
        "says nothing of what is held at the end",
        "nothing-held-untold",
        Style.ALPACA,
        "halt,refusal",
        0,
        _says_nothing_of_what_is_held,
    ),
    PlantedBug(
        "plans nothing while halted",
        "exits-go-on",
        Style.ALPACA,
        "operator-word",
        0,
        _plans_nothing_while_halted,
    ),
    PlantedBug(
        "takes the same epoch again",
        "session-ends",
        Style.MOCK,
        "lease-theft",
        0,
        _takes_the_same_epoch_again,
    ),
    PlantedBug(
        "counts on an answer",
        "no-unforeseen-error",
        Style.MOCK,
        "unread",
        0,
        _counts_on_an_answer,
    ),
)
