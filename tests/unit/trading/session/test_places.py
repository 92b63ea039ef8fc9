"""What a broker is asked for, while an entry that is to end may still be filled there."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from trading.engine.book import Book, new_book
from trading.engine.book_changes import apply_entry_fill, cancel_entry, plan_entry
from trading.session.events import Intent
from trading.session.orders import Leg, Order, Status
from trading.session.planning.places import within_places

SYMBOLS = ("AAA", "BBB", "CCC")
PRICE = 100.0
ENDING = Order("going", "BBB", Leg.ENTRY, -50, reference_price=PRICE, status=Status.WORKING)


def _sent(book: Book, wanted: dict[str, int], *orders: Order, leverage: float = 1.0) -> list[str]:
    """Return the symbols that are entered of those wanted, in shares, with three places."""
    entries = []
    for symbol, shares in wanted.items():
        plan_entry(book, SYMBOLS.index(symbol), shares, PRICE, PRICE - 1, math.nan)
        name = f"{symbol}-entry"
        entries.append(
            Intent("submit", name, symbol, Leg.ENTRY, shares, 1, 1, reference_price=PRICE)
        )
    by_symbol = {order.symbol: [order] for order in orders}
    return [each.symbol for each in within_places(entries, book, SYMBOLS, by_symbol, 3, leverage)]


def _sell_short(book: Book, s: int, shares: int) -> None:
    plan_entry(book, s, -shares, PRICE, PRICE + 1, math.nan)
    apply_entry_fill(book, s, -shares, PRICE, 0.0, 0, 0)
    cancel_entry(book, s)


@pytest.mark.parametrize(
    ("status", "leverage", "sent"),
    [
        (Status.WORKING, 1.0, ["AAA"]),
        (Status.WORKING, 1.5, ["AAA", "CCC"]),
        # It is known to be filled, and its fills have not been heard.
        (Status.FILLED, 1.0, ["AAA"]),
        (Status.CANCELLED, 1.0, ["AAA", "CCC"]),
    ],
)
def test_an_entry_that_may_still_be_filled_keeps_its_money(
    status: Status, leverage: float, sent: list[str]
) -> None:
    order = replace(ENDING, status=status)
    book = new_book(len(SYMBOLS), 10_000.0)
    assert _sent(book, {"AAA": 50, "CCC": 50}, order, leverage=leverage) == sent


def test_one_in_whose_place_a_smaller_one_is_awaited_keeps_its_money_too() -> None:
    book = new_book(len(SYMBOLS), 10_000.0)
    plan_entry(book, 1, 1, PRICE, PRICE - 1, math.nan)
    assert _sent(book, {"AAA": 50, "CCC": 48}, ENDING) == ["AAA"]
    assert _sent(book, {"AAA": 50, "CCC": 48}, replace(ENDING, status=Status.CANCELLED)) == [
        "AAA",
        "CCC",
    ]


def test_the_entry_that_is_awaited_keeps_nothing_back_beside_what_the_book_has_for_it() -> None:
    book = new_book(len(SYMBOLS), 10_000.0)
    plan_entry(book, 1, -50, PRICE, PRICE + 1, math.nan)
    working = replace(ENDING, stop_price=PRICE + 1)
    assert _sent(book, {"AAA": 50}, working) == ["AAA"]


def test_one_that_was_filled_although_it_was_to_end_keeps_its_money_too() -> None:
    book = new_book(len(SYMBOLS), 10_000.0)
    _sell_short(book, 1, 50)
    assert _sent(book, {"AAA": 50, "CCC": 50}) == ["AAA"]


def test_prices_that_moved_a_little_since_the_decision_keep_nothing_back() -> None:
    book = new_book(len(SYMBOLS), 10_000.0)
    _sell_short(book, 1, 50)
    book.mark[1] = PRICE + 0.5
    assert _sent(book, {"AAA": 50}) == ["AAA"]
