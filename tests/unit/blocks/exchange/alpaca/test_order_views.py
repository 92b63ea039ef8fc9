"""What is kept of orders: nothing of a day that is over, and all of what may still trade."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from blocks.exchange.alpaca.orders.identities import Identities
from blocks.exchange.alpaca.orders.order_views import OrderViews
from blocks.exchange.alpaca.orders.their_order import TheirOrder, status_of
from trading.session.broker.answers import Refusal, refusal_in
from trading.session.orders import Leg, Status, client_order_id

TODAY = datetime(2026, 3, 3, 5, tzinfo=UTC)
YESTERDAY = TODAY - timedelta(hours=12)


def order(name: str, status: str, at: datetime = YESTERDAY, **more: Any) -> TheirOrder:
    ours = client_order_id("alpaca-paper", "2026-03-02", "orb", "AAPL", Leg.STOP, 1)
    said = {"id": name, "status": status, "symbol": "AAPL", "side": "sell", "submitted_at": at}
    return TheirOrder.model_validate(said | {"client_order_id": more.pop("ours", ours)} | more)


def kept(*orders: TheirOrder) -> set[str]:
    views = OrderViews(Identities())
    views.take(orders)
    views.forget_before(TODAY)
    return {o.id for o in orders if views.record(o.id) is not None}


def test_what_ended_before_today_is_forgotten_and_what_may_still_trade_is_not() -> None:
    assert kept(order("a", "filled", ours="x"), order("b", "new", ours="y")) == {"b"}
    assert kept(order("a", "canceled", TODAY, ours="x")) == {"a"}


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ({"canceled_at": TODAY}, Status.CANCELLED),
        ({"expired_at": TODAY}, Status.EXPIRED),
        ({"failed_at": TODAY}, Status.REJECTED),
        ({"filled_qty": "10"}, Status.FILLED),
        ({"filled_qty": "4", "canceled_at": ""}, Status.WORKING),
    ],
)
def test_a_status_that_nobody_knows_yet_is_an_end_where_its_order_says_when_it_ended(
    said: dict[str, Any], status: Status
) -> None:
    strange = order("a", "settled_2030", qty="10", **said)
    assert status_of(strange, is_guarded=True) == status
    assert strange.is_ended == (status != Status.WORKING)
    # What is on its way to an end is none.
    assert not order("a", "pending_cancel", qty="10", canceled_at=TODAY).is_ended


def test_what_a_live_order_replaced_is_kept_with_it_for_its_fills_count() -> None:
    old = order("a", "replaced", replaced_by="b", filled_qty="40")
    assert kept(old, order("b", "new", replaces="a")) == {"a", "b"}
    assert kept(old, order("b", "filled", replaces="a")) == set()
    # One part of it is of today: nothing of it is forgotten.
    assert kept(old, order("b", "filled", TODAY, replaces="a")) == {"a", "b"}


def test_a_target_that_fills_while_it_is_replaced_is_of_no_more_shares_than_it_was() -> None:
    filled = order("a", "filled", replaced_by="b", qty="113", filled_qty="113")
    ours = filled.client_order_id
    views = OrderViews(Identities())
    for status in ("accepted", "rejected"):
        late = order("b", status, replaces="a", qty="113", filled_qty="0", ours=f"{ours}~2")
        views.take([filled, late])
        view = views.of(ours)
        assert view is not None
        assert (view.quantity, view.filled) == (-113, 113)
    assert view.current.id == "a"
    parts = order("c", "replaced", replaced_by="d", qty="113", filled_qty="37")
    views = OrderViews(Identities())
    views.take([parts, order("d", "new", replaces="c", qty="76", ours=f"{ours}~2")])
    view = views.of(ours)
    assert view is not None
    assert view.quantity == -113


@pytest.mark.parametrize("is_old_listed", [True, False])
@pytest.mark.parametrize(
    ("ended", "status"), [("filled", Status.FILLED), ("canceled", Status.CANCELLED)]
)
def test_a_replacement_that_was_refused_does_not_stand_for_the_one_that_took_its_place(
    ended: str, status: Status, is_old_listed: bool
) -> None:
    old = order("a", "replaced", replaced_by="c", qty="92")
    refused = order("b", "rejected", YESTERDAY, replaces="a", qty="92")
    filled = "92" if ended == "filled" else "0"
    took = order("c", ended, YESTERDAY, replaces="a", qty="92", filled_qty=filled)
    # After a restart Alpaca lists them in any order, and what was replaced not always.
    for said in ([refused, took], [took, refused]):
        views = OrderViews(Identities())
        views.take([old, *said] if is_old_listed else said)
        view = views.of(old.client_order_id)
        assert view is not None
        assert (view.status, view.current.id) == (status, "c")


@pytest.mark.parametrize(
    ("leg", "refusal"),
    [(Leg.ENTRY, Refusal.PERMANENT), (Leg.EXIT, Refusal.RETRY), (Leg.STOP, Refusal.RETRY)],
)
def test_what_a_position_waits_for_is_tried_again_when_it_is_rejected_after_it_was_taken(
    leg: Leg, refusal: Refusal
) -> None:
    ours = client_order_id("alpaca-paper", "2026-03-02", "orb", "AAPL", leg, 1)
    views = OrderViews(Identities())
    views.take([order("a", "rejected", qty="113", filled_qty="0", ours=ours)])
    view = views.of(ours)
    assert view is not None
    assert refusal_in(view.update("AAPL").reason) == refusal
