"""What must hold of an account's books whatever struck it, checked without the product's code."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.system.faults.books import Books, JournalRow, positions_of

MICROSECONDS = 1_000_000
# Booked at the end of what the exchange saw, by rule no trade of a later bar.
AT_THE_END = "assumed_close"


@dataclass(frozen=True, slots=True)
class Audit:
    """What was found; `is_whole` when nothing was."""

    duplicates: tuple[str, ...]
    lost: tuple[str, ...]
    differences: tuple[str, ...]

    @property
    def is_whole(self) -> bool:
        return not (self.duplicates or self.lost or self.differences)

    def lines(self) -> list[str]:
        return [*self.duplicates, *self.lost, *self.differences]


def audit(books: Books, symbols: Sequence[str], bar_seconds: int = 60) -> Audit:
    """Compare both sides of an account, at a moment at which its session rests."""
    return Audit(
        tuple(_duplicates(books)),
        tuple(_lost(books)),
        (
            *_numbers(books),
            *_positions(books, symbols),
            *_orders(books),
            *_times(books, bar_seconds),
        ),
    )


def _journalled(books: Books, kind: str) -> list[Mapping[str, Any]]:
    return [row.content for row in books.journal if row.kind == kind]


def _duplicates(books: Books) -> Iterator[str]:
    """Yield what was asked for twice: an id, or two orders where one decision wants one."""
    submitted = Counter(
        intent["client_order_id"]
        for intent in _journalled(books, "intent")
        if intent["action"] == "submit"
    )
    yield from (f"order {name} was intended {n} times" for name, n in submitted.items() if n > 1)
    yield from _entered_twice(books)
    live = Counter((order["symbol"], order["leg"]) for order in books.live_orders())
    yield from (f"{n} live {leg} orders of {symbol}" for (symbol, leg), n in live.items() if n > 1)
    yield from _overfilled(books)


def _entered_twice(books: Books) -> Iterator[str]:
    """Yield entries that one bar decided twice, of which none was refused."""
    refused = {
        event["client_order_id"]
        for event in _journalled(books, "order_update")
        if event["status"] in ("rejected", "cancelled", "expired")
    }
    asked: Counter[str] = Counter()
    for row in books.journal:
        content = row.content
        if row.kind == "bar":
            asked.clear()
        elif row.kind == "intent" and content["action"] == "submit" and content["leg"] == "entry":
            if content["client_order_id"] in refused:
                continue
            asked[content["symbol"]] += 1
            if asked[content["symbol"]] > 1:
                yield f"row {row.number}: {content['symbol']} is entered twice after one bar"


def _overfilled(books: Books) -> Iterator[str]:
    filled: Counter[str] = Counter()
    for fill in books.fills():
        filled[fill["client_order_id"]] += abs(int(fill["quantity"]))
    for name, quantity in filled.items():
        wanted = abs(int(books.orders[name]["quantity"])) if name in books.orders else 0
        if quantity > wanted:
            yield f"order {name} of {wanted} was filled by {quantity}"


def _lost(books: Books) -> Iterator[str]:
    """Yield fills that one side knows and the other does not, or knows twice."""
    theirs = Counter(fill["exec_id"] for fill in books.fills())
    ours = Counter(fill["exec_id"] for fill in _journalled(books, "fill"))
    yield from (f"fill {name} is not in the journal" for name in theirs - ours)
    yield from (f"fill {name} is not the exchange's" for name in ours - theirs)
    changes = Counter(_key(row.content) for row in books.events if row.kind == "order_update")
    heard = Counter(_key(event) for event in _journalled(books, "order_update"))
    yield from (f"order update {key} is not in the journal" for key in changes - heard)


def _key(update: Mapping[str, Any]) -> tuple[Any, ...]:
    return update["client_order_id"], update["status"], update["price"], update["quantity"]


def _numbers(books: Books) -> Iterator[str]:
    numbers = [row.number for row in books.journal]
    if numbers != list(range(1, len(numbers) + 1)):
        yield f"the journal's numbers are not whole: {len(numbers)} rows up to {numbers[-1]}"
    numbers = [row.number for row in books.events]
    if numbers != list(range(1, len(numbers) + 1)):
        yield f"the exchange's numbers are not whole: {len(numbers)} rows up to {numbers[-1]}"
    if books.cursor != len(numbers):
        yield f"the ledger took {books.cursor} of {len(numbers)} events of the exchange"
    last: dict[str, int] = {}
    for row in books.bars():
        bar, before = int(row.content["bar"]), last.get(row.session, -1)
        if bar != before + 1:
            yield f"row {row.number}: bar {bar} of {row.session} follows bar {before}"
        last[row.session] = bar


def _positions(books: Books, symbols: Sequence[str]) -> Iterator[str]:
    ours = positions_of(_journalled(books, "fill"))
    theirs = books.positions()
    kept = {
        symbol: int(quantity)
        for symbol, quantity in zip(symbols, books.kept.get("quantity", []), strict=False)
        if quantity
    }
    if not ours == theirs == kept == dict(books.shown):
        yield f"positions: journal {ours}, shown {dict(books.shown)}, fills {theirs}, book {kept}"


def _orders(books: Books) -> Iterator[str]:
    filled: Counter[str] = Counter()
    for fill in books.fills():
        filled[fill["client_order_id"]] += abs(int(fill["quantity"]))
    held = books.positions()
    for name, order in books.orders.items():
        wanted = abs(int(order["quantity"]))
        if int(order["filled"]) != filled[name]:
            yield f"order {name} says {order['filled']} filled, its fills {filled[name]}"
        # The rest of a position may have left by another order before.
        if order["status"] == "filled" and order["leg"] == "entry" and filled[name] != wanted:
            yield f"order {name} of {wanted} is filled by {filled[name]}"
        status, shown_filled = books.shown_orders.get(name, ("missing", 0))
        if status != order["status"] or shown_filled != int(order["filled"]):
            yield (
                f"order {name} is shown {status} with {shown_filled} filled, the exchange has it"
                f" {order['status']} with {order['filled']}"
            )
        if order["status"] == "working" and order["leg"] == "stop":
            quantity = held.get(order["symbol"], 0)
            if int(order["quantity"]) != -quantity:
                yield f"stop {name} of {order['quantity']} protects a position of {quantity}"
    yield from (f"{symbol} is held without a stop" for symbol in unprotected(books))


def unprotected(books: Books) -> list[str]:
    """Return symbols that are held with neither a resting stop nor an exit under way."""
    covered = {
        order["symbol"]
        for order in books.live_orders()
        if order["leg"] in ("stop", "exit") or order["status"] == "triggered"
    }
    return sorted(set(books.positions()) - covered)


def _times(books: Books, bar_seconds: int) -> Iterator[str]:
    """Yield fills that stand before their order, or that have a time before it."""
    asked: dict[str, int] = {}
    known_by: dict[str, str] = {}
    now_us = 0
    for row in books.journal:
        content = row.content
        if row.kind == "bar":
            now_us = int(content["start_us"]) + bar_seconds * MICROSECONDS
        elif row.kind == "intent":
            _note_intent(row, asked, known_by, now_us)
        elif row.kind == "fill":
            name = content["client_order_id"]
            asked_us = asked.get(known_by.get(name, name))
            if asked_us is None:
                yield f"row {row.number}: a fill of {name} before its order"
            elif int(content["us"]) < asked_us and content["leg"] != AT_THE_END:
                yield f"row {row.number}: a fill of {name} at a time before its order"


def _note_intent(
    row: JournalRow, asked: dict[str, int], known_by: dict[str, str], now_us: int
) -> None:
    content = row.content
    name = content["client_order_id"]
    if content["action"] != "submit":
        return
    asked.setdefault(name, now_us)
    # A bracket's legs are the exchange's own, made when the entry fills.
    for leg in ("stop_id", "target_id"):
        if content.get(leg):
            known_by.setdefault(content[leg], name)
