"""Mistakes that somebody could make, each as a small change of the product, and what finds them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from duckdb import DuckDBPyConnection

from blocks.exchange import comparison, exchange_news
from blocks.exchange.dispatch import Dispatch
from blocks.exchange.order_desk import OrderDesk
from blocks.ledger import lease
from blocks.messages.session_notifier import SessionNotifier
from flows.simulation.drawn import Style
from trading.engine.book import Book
from trading.engine.tapes.trade_tape import Tape
from trading.plan import RunPlan
from trading.rules import Rules
from trading.session import state as state_module
from trading.session.broker.answers import Unknown
from trading.session.events import ExchangeView, Fill, Intent
from trading.session.messages.message import Message
from trading.session.orders import Leg, Order
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
    """An entry that had no answer is asked for again under another name."""
    ask = Dispatch.ask

    def insisting(dispatch: Dispatch, intents: Sequence[Intent]) -> None:
        before = len(dispatch._answers)
        ask(dispatch, intents)
        for intent, answer in dispatch._answers[before:]:
            if isinstance(answer, Unknown) and intent.leg == Leg.ENTRY:
                name = intent.client_order_id
                again = replace(intent, client_order_id=name[:-1] + "10"[name.endswith("1")])
                dispatch._record(again)
                dispatch._record.__self__.commit()
                ask(dispatch, [again])

    patch.setattr(Dispatch, "ask", insisting)


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


def _books_half_of_an_entry(patch: Patch) -> None:
    """An entry's fill counts half, and nobody compares quantities."""
    book_fill = state_module.book_fill

    def half(
        book: Book, tape: Tape, rules: Rules, s: int, fill: Fill, order: Order | None, **named: Any
    ) -> None:
        if fill.leg == Leg.ENTRY and abs(fill.quantity) > 1:
            fill = replace(fill, quantity=int(fill.quantity / 2))
        book_fill(book, tape, rules, s, fill, order, **named)

    patch.setattr(state_module, "book_fill", half)
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


def _forbids_exits_with_entries(patch: Patch) -> None:
    wanted = OrderPlanner.wanted

    def forbidden(planner: OrderPlanner, state: SessionState, *given: Any) -> list[Intent]:
        return [] if state.last_bar >= state._cutoff else wanted(planner, state, *given)

    patch.setattr(OrderPlanner, "wanted", forbidden)


def _says_nothing_of_what_is_held(patch: Patch) -> None:
    """Positions are not left at the session's end, and people hear of no error."""
    send = SessionNotifier.send

    def silent(notifier: SessionNotifier, kind: str, text: str, **named: Any) -> None:
        if kind != "SYSTEM_ERROR":
            send(notifier, kind, text, **named)

    show = SessionNotifier.show

    def hidden(notifier: SessionNotifier, message: Message) -> None:
        if message.event_type != "SYSTEM_ERROR":
            show(notifier, message)

    patch.setattr(SessionNotifier, "send", silent)
    patch.setattr(SessionNotifier, "show", hidden)
    _forbids_exits_with_entries(patch)


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
        17,
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
        12,
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
        "books half of an entry and compares no quantities",
        "ledger-equals-exchange",
        Style.ALPACA,
        "none",
        2,
        _books_half_of_an_entry,
    ),
    PlantedBug(
        "asks for stops of twice the position",
        "exits-within-position",
        Style.MOCK,
        "none",
        1,
        _asks_for_stops_of_twice_the_position,
    ),
    PlantedBug(
        "says nothing of what is held at the end",
        "nothing-held-untold",
        Style.ALPACA,
        "none",
        24,
        _says_nothing_of_what_is_held,
    ),
    PlantedBug(
        "forbids exits with entries",
        "exits-go-on",
        Style.ALPACA,
        "none",
        24,
        _forbids_exits_with_entries,
    ),
    PlantedBug(
        "takes the same epoch again",
        "session-ends",
        Style.MOCK,
        "lease-theft",
        2,
        _takes_the_same_epoch_again,
    ),
    PlantedBug(
        "counts on an answer",
        "no-unforeseen-error",
        Style.MOCK,
        "unread",
        1,
        _counts_on_an_answer,
    ),
)
