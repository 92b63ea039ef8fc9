"""The audit of struck installations sees each kind of loss; else its zeros would say nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from tests.system.faults.audit import audit
from tests.system.faults.books import Books, ExchangeRow, JournalRow
from tests.system.faults.measure import unprotected_seconds
from tests.system.faults.observer import Arrivals, observe

DAY = "2026-01-05"
MINUTE_US = 60_000_000
ENTRY, STOP = "ob-entry-1", "ob-stop-1"


def update(name: str, leg: str, status: str, quantity: int) -> dict[str, Any]:
    return {
        "client_order_id": name, "symbol": "AAA", "leg": leg, "status": status, "us": 0,
        "price": None, "quantity": quantity, "reason": "",
    }  # fmt: skip


def order(name: str, leg: str, status: str, quantity: int, filled: int) -> dict[str, Any]:
    return update(name, leg, status, quantity) | {"filled": filled}


FILL = {
    "exec_id": "1", "client_order_id": ENTRY, "symbol": "AAA", "leg": "entry", "quantity": 10,
    "price": 50.0, "commission": 0.0, "us": MINUTE_US,
}  # fmt: skip
INTENT = {
    "action": "submit", "client_order_id": ENTRY, "symbol": "AAA", "leg": "entry", "quantity": 10,
    "stop_id": STOP, "target_id": None,
}  # fmt: skip
STREAM = (
    ("order_update", update(ENTRY, "entry", "working", 10)),
    ("fill", FILL),
    ("order_update", update(STOP, "stop", "working", -10)),
    ("order_update", update(ENTRY, "entry", "filled", 10)),
)


def bar(number: int) -> dict[str, Any]:
    return {"bar": number, "start_us": number * MINUTE_US, "gates": [0]}


def journal(*rows: tuple[str, Mapping[str, Any]]) -> tuple[JournalRow, ...]:
    return tuple(JournalRow(n, DAY, kind, content) for n, (kind, content) in enumerate(rows, 1))


def events(*rows: tuple[str, Mapping[str, Any]]) -> tuple[ExchangeRow, ...]:
    return tuple(ExchangeRow(n, kind, content) for n, (kind, content) in enumerate(rows, 1))


WHOLE = Books(
    at=0.0,
    journal=journal(("bar", bar(0)), ("intent", INTENT), *STREAM, ("bar", bar(1))),
    cursor=4,
    shown={"AAA": 10},
    shown_orders={ENTRY: ("filled", 10), STOP: ("working", 0)},
    events=events(*STREAM),
    orders={
        ENTRY: order(ENTRY, "entry", "filled", 10, 10),
        STOP: order(STOP, "stop", "working", -10, 0),
    },
    kept={"quantity": [10]},
)


def test_books_that_agree_are_whole() -> None:
    assert audit(WHOLE, ["AAA"]).lines() == []


def with_orders(books: Books, *changed: dict[str, Any]) -> Books:
    return replace(books, orders={**books.orders, **{o["client_order_id"]: o for o in changed}})


@pytest.mark.parametrize(
    ("kind", "spoil"),
    [
        ("lost", lambda b: replace(b, journal=journal(("bar", bar(0)), ("intent", INTENT)))),
        ("lost", lambda b: replace(b, events=b.events[:1])),
        (
            "duplicates",
            lambda b: replace(b, journal=(*b.journal, JournalRow(8, DAY, "intent", INTENT))),
        ),
        (
            "duplicates",
            lambda b: replace(
                b,
                journal=journal(
                    ("bar", bar(0)),
                    ("intent", INTENT),
                    ("intent", INTENT | {"client_order_id": "ob-entry-2"}),
                    *STREAM,
                ),
            ),
        ),
        ("duplicates", lambda b: with_orders(b, order("s2", "stop", "working", -10, 0))),
        ("duplicates", lambda b: with_orders(b, order(ENTRY, "entry", "filled", 5, 10))),
        ("differences", lambda b: replace(b, journal=b.journal[1:])),
        ("differences", lambda b: replace(b, cursor=3)),
        ("differences", lambda b: replace(b, shown={})),
        ("differences", lambda b: replace(b, kept={"quantity": [0]})),
        ("differences", lambda b: replace(b, shown_orders={})),
        ("differences", lambda b: with_orders(b, order(STOP, "stop", "cancelled", -10, 0))),
        ("differences", lambda b: with_orders(b, order(STOP, "stop", "working", -5, 0))),
        ("differences", lambda b: with_orders(b, order(ENTRY, "entry", "filled", 20, 10))),
        (
            "differences",
            lambda b: replace(b, journal=journal(("bar", bar(0)), ("bar", bar(2)))),
        ),
        (
            "differences",
            lambda b: replace(
                b, journal=journal(("bar", bar(0)), *STREAM, ("intent", INTENT), ("bar", bar(1)))
            ),
        ),
        (
            "differences",
            lambda b: replace(
                b,
                journal=journal(("bar", bar(0)), ("bar", bar(1)), ("intent", INTENT), *STREAM),
            ),
        ),
    ],
    ids=[
        "a fill that the ledger never took",
        "a fill that is not the exchange's",
        "one id intended twice",
        "two entries after one bar",
        "two stops",
        "more filled than asked for",
        "a row of the journal gone",
        "a cursor behind the stream",
        "positions shown wrongly",
        "a venue that keeps another position",
        "orders not shown",
        "nothing that protects a position",
        "a stop of another quantity",
        "fills that do not add up",
        "a bar left out",
        "a fill before its order",
        "a fill at a time before its order",
    ],
)
def test_what_is_wrong_is_seen(kind: str, spoil: Callable[[Books], Books]) -> None:
    assert getattr(audit(spoil(WHOLE), ["AAA"]), kind)


def test_time_without_a_stop_counts_until_it_rests_again() -> None:
    bare = with_orders(WHOLE, order(STOP, "stop", "cancelled", -10, 0))
    seen = [observe(replace(b, at=at)) for at, b in ((0.0, WHOLE), (2.0, bare), (5.0, WHOLE))]
    assert unprotected_seconds(seen) == 3.0
    assert observe(WHOLE).situations == {"holding", "resting"}


@pytest.mark.parametrize(("seconds", "untimely"), [(61.0, 0), (95.0, 1)])
def test_a_fill_at_a_price_of_long_before_its_order_is_untimely(
    seconds: float, untimely: int
) -> None:
    arrivals = Arrivals()
    arrivals.take(replace(WHOLE, orders={}, events=()), 0.0)
    assert arrivals.take(WHOLE, seconds) == untimely
