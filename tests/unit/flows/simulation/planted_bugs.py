"""Mistakes that somebody could make, each as a small change of the product, and what finds them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from blocks.exchange import comparison, exchange_news, order_desk
from blocks.exchange.order_desk import OrderDesk
from blocks.ledger import lease
from flows.simulation.world import Style
from trading.plan import RunPlan
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
)
