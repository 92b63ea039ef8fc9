"""What an account's two files say, read from copies: plain DuckDB and JSON, nothing of the product.

A copy is made without a lock and thrown away when the files changed meanwhile, so that whoever
writes them never waits for a look.
"""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

LIVE = frozenset({"intended", "unknown", "working", "triggered"})
Stamp = tuple[tuple[int, int, int], ...]


@dataclass(frozen=True, slots=True)
class JournalRow:
    """A row of the ledger's journal."""

    number: int
    session: str
    kind: str
    content: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ExchangeRow:
    """A row of the exchange's stream: a fill or an order update."""

    number: int
    kind: str
    content: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Books:
    """Both sides of an account at one moment; `shown` are the ledger's open positions as people
    read them, `cursor` the last event of the exchange that the ledger took."""

    at: float
    journal: tuple[JournalRow, ...]
    cursor: int
    shown: Mapping[str, int]
    shown_orders: Mapping[str, tuple[str, int]]
    events: tuple[ExchangeRow, ...]
    orders: Mapping[str, Mapping[str, Any]]
    kept: Mapping[str, int]

    def bars(self) -> list[JournalRow]:
        return [row for row in self.journal if row.kind == "bar"]

    def fills(self) -> list[Mapping[str, Any]]:
        return [row.content for row in self.events if row.kind == "fill"]

    def positions(self) -> dict[str, int]:
        """Return what the exchange's fills add up to, by symbol, without zeros."""
        return positions_of(self.fills())

    def live_orders(self) -> list[Mapping[str, Any]]:
        return [order for order in self.orders.values() if order["status"] in LIVE]


def positions_of(fills: list[Mapping[str, Any]]) -> dict[str, int]:
    held: dict[str, int] = {}
    for fill in fills:
        held[fill["symbol"]] = held.get(fill["symbol"], 0) + int(fill["quantity"])
    return {symbol: quantity for symbol, quantity in held.items() if quantity}


def stamp_of(account: Path) -> Stamp:
    """Return what changes when a file of an account is written."""
    found = []
    for path in _files(account):
        try:
            stat = path.stat()
            found.append((stat.st_size, stat.st_mtime_ns, stat.st_ino))
        except FileNotFoundError:
            found.append((0, 0, 0))
    return tuple(found)


def read_books(account: Path, scratch: Path) -> Books | None:
    """Return what both files say, or None while they are being written or are not there yet."""
    at, before = time.time(), stamp_of(account)
    if not before[0][0] or not before[2][0]:
        return None
    scratch.mkdir(parents=True, exist_ok=True)
    for path in _files(account):
        copied = scratch / path.name
        copied.unlink(missing_ok=True)
        try:
            shutil.copyfile(path, copied)
        except FileNotFoundError:
            copied.unlink(missing_ok=True)
    if stamp_of(account) != before:
        return None
    try:
        return _books(at, scratch)
    except duckdb.Error:
        # Torn after all, or not yet given its tables.
        return None


def wait_for_books(account: Path, scratch: Path, limit_seconds: float = 120.0) -> Books:
    deadline = time.monotonic() + limit_seconds
    while (books := read_books(account, scratch)) is None:
        assert time.monotonic() < deadline, f"{account} could not be copied"
        time.sleep(0.2)
    return books


def _files(account: Path) -> list[Path]:
    return [
        account / (name + ending)
        for name in ("ledger.duckdb", "exchange-mock.duckdb")
        for ending in ("", ".wal")
    ]


def _books(at: float, scratch: Path) -> Books:
    with duckdb.connect(os.fspath(scratch / "ledger.duckdb"), read_only=True) as ledger:
        journal = tuple(
            JournalRow(int(number), str(session), kind, json.loads(content))
            for number, session, kind, content in ledger.execute(
                "SELECT seq, session, kind, payload FROM journal ORDER BY seq"
            ).fetchall()
        )
        cursor = ledger.execute("SELECT value FROM meta WHERE name = 'cursor'").fetchone()
        shown = dict(ledger.execute("SELECT symbol, quantity FROM positions").fetchall())
        shown_orders = {
            name: (status, int(filled))
            for name, status, filled in ledger.execute(
                "SELECT client_order_id, status, filled FROM orders"
            ).fetchall()
        }
    with duckdb.connect(os.fspath(scratch / "exchange-mock.duckdb"), read_only=True) as exchange:
        events = tuple(
            ExchangeRow(int(number), kind, json.loads(content))
            for number, kind, content in exchange.execute(
                "SELECT number, kind, payload FROM events ORDER BY number"
            ).fetchall()
        )
        orders = {
            name: json.loads(content)
            for name, content in exchange.execute("SELECT * FROM orders").fetchall()
        }
        state = exchange.execute("SELECT value FROM account WHERE name = 'state'").fetchone()
    kept = json.loads(state[0])["book"] if state else {}
    # The simulated exchange's cursor is a number as text, empty before its first event.
    taken = int(cursor[0]) if cursor and cursor[0] else 0
    return Books(at, journal, taken, shown, shown_orders, events, orders, kept)
