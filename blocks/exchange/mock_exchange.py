"""The mock exchange: the simulated venue with a memory of its own on disk."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson

from blocks.account_files import EXCHANGE_FILE
from blocks.ledger.event_rows import event_from_row, event_to_row, order_from_json, order_to_json
from blocks.process.failpoints import reach
from blocks.stores.connection import DAMAGED
from blocks.stores.duckdb_file import DuckDBFile
from blocks.stores.file_lock import LOCK_DEADLINE_SECONDS
from blocks.stores.insertion import insert, put
from trading.engine.book import Book
from trading.errors import StoreUnavailable
from trading.plan import RunPlan
from trading.session.array_json import arrays_to_json
from trading.session.broker.answers import Answer
from trading.session.broker.exchange_port import EventPage, ExchangeEvent, StreamPosition
from trading.session.broker.facts import SIMULATED, BrokerAccount, BrokerClock, Instrument
from trading.session.events import BarClosed, Discrepancy, Fill, Intent, OrderUpdate
from trading.session.inheritance import take_book
from trading.session.orders import Order
from trading.session.venue.facts import account_of, answer_in, clock_of, instrument_of
from trading.session.venue.orders import VenueEvent
from trading.session.venue.simulated_venue import SimulatedVenue

SCHEMA = """
CREATE TABLE IF NOT EXISTS events (number BIGINT PRIMARY KEY, kind VARCHAR, payload VARCHAR);
CREATE TABLE IF NOT EXISTS orders (client_order_id VARCHAR PRIMARY KEY, content VARCHAR);
CREATE TABLE IF NOT EXISTS account (name VARCHAR PRIMARY KEY, value VARCHAR);
"""

# The list of what is held is made anew from the quantities, and what lies behind its end is noise.
STORED = tuple(name for name in Book._fields if name != "held")


class MockExchange:
    """Fills by the rules of the simulated venue; its store is its own, the ledger never reads it.

    Each request changes the store in one transaction, or not at all. What the plan names no more
    and still is held or ordered here stays; `stored_symbols` are those of a store that an earlier
    version wrote.
    """

    name = "mock"
    is_simulated = True
    abilities = SIMULATED

    def __init__(
        self,
        folder: Path,
        account: str,
        plan: RunPlan,
        stored_symbols: Sequence[str] | None = None,
        wait_seconds: float = LOCK_DEADLINE_SECONDS,
    ) -> None:
        self._plan = plan
        self._stored_symbols = stored_symbols or plan.symbols
        # Only this process uses the store, so it stays open.
        path = folder / account / EXCHANGE_FILE
        self._file = DuckDBFile(path, SCHEMA, hold_seconds=3600.0, wait_seconds=wait_seconds)
        self._venue = SimulatedVenue(plan.rules(), plan.symbols, plan.capital)
        self._saved_orders: dict[str, Order] = {}
        self._number = 0
        self._identity = ""
        self._misnumbered = False
        self._has_repeated_numbers = False
        self._is_stale = False
        self._is_of_old_version = False
        self._load()
        if self._is_of_old_version:
            # At once: whose symbols these are is known now, and not once a session has begun.
            self._save([])

    def account(self) -> BrokerAccount:
        """Return the account at the last marks that were seen."""
        return account_of(self._venue)

    def instrument(self, symbol: str) -> Instrument:
        """Return what is allowed of a symbol: everything, of those of the plan."""
        return instrument_of(self._venue, symbol)

    def clock(self) -> BrokerClock:
        """Return the START of the last bar that was seen: the store knows no other time."""
        return clock_of(self._venue)

    def submit(self, intent: Intent) -> Answer:
        """Take an order; the same client order id twice is one order."""
        return answer_in(self._do(lambda: self._venue.submit(intent)), intent)

    def replace(self, intent: Intent) -> Answer:
        """Move a resting order's price or quantity."""
        return answer_in(self._do(lambda: self._venue.replace(intent)), intent)

    def cancel(self, intent: Intent) -> Answer:
        """Cancel a working order."""
        return answer_in(self._do(lambda: self._venue.cancel(intent)), intent)

    def observe(self, bar: BarClosed, begins_anew: Collection[str] = ()) -> None:
        """Fill against a bar; one that was seen before changes nothing."""
        more = len(self._venue.symbols) - len(bar.open)
        if more > 0:
            names = ("open", "high", "low", "close", "volume")
            longer: dict[str, Any] = {name: [*getattr(bar, name), *[None] * more] for name in names}
            bar = replace(bar, **longer)
        self._do(lambda: self._venue.observe(bar, begins_anew))

    def end_session(self, session: str, close_us: int) -> None:
        """Book what found no further bar and expire the rest."""
        self._do(lambda: self._venue.end_session(session, close_us))

    def find_order(self, client_order_id: str) -> Order | None:
        """Return an order by its client order id, of this or an earlier session."""
        with self._file.transaction() as connection:
            row = connection.execute(
                "SELECT content FROM orders WHERE client_order_id = ?", [client_order_id]
            ).fetchone()
        return None if row is None else order_from_json(row[0])

    def open_orders(self) -> list[Order]:
        """Return every order that rests or works."""
        return [order for order in self._venue.state.orders.values() if order.is_live]

    def know(self, their_ids: Mapping[str, str]) -> None:
        """Learn nothing: orders have no other ids here than those of their intents."""

    def events(self, since: StreamPosition) -> EventPage:
        """Return what happened after a position, whose cursor is an event's number.

        Of a store that is another, or that went back, that is everything, as it is where the cursor
        was spoiled, and once where two events have one number: the second may be news.
        """
        position = StreamPosition(self._identity, str(self._number))
        cursor = since.cursor or "0"
        number = int(cursor) if cursor.isdecimal() else self._number + 1
        begins_anew = since.identity not in ("", self._identity) or number > self._number
        begins_anew = begins_anew or self._has_repeated_numbers
        first = 0 if begins_anew else number
        if first >= self._number and not self._misnumbered:
            return EventPage(position, [], begins_anew)
        with self._file.transaction() as connection:
            rows = connection.execute(
                "SELECT number, kind, payload FROM events WHERE number > ? OR number < 1"
                " ORDER BY number",
                [first],
            ).fetchall()
        self._has_repeated_numbers = False
        found: list[ExchangeEvent] = []
        for row_number, kind, payload in rows:
            found += _events_in(int(row_number), kind, payload)
        return EventPage(position, found, begins_anew)

    def positions(self) -> dict[str, int]:
        """Return signed quantities by symbol, zeros left out."""
        quantity = self._venue.state.book.quantity
        return {
            symbol: int(quantity[s]) for s, symbol in enumerate(self._venue.symbols) if quantity[s]
        }

    def close(self) -> None:
        """Let go of the store."""
        self._file.release()

    def _do(self, request: Callable[[], Sequence[VenueEvent]]) -> Sequence[VenueEvent]:
        if self._is_stale:
            self._load()
        events = request()
        # What is not on disk has not happened.
        self._is_stale = True
        self._save(events)
        self._is_stale = False
        return events

    def _save(self, events: Sequence[VenueEvent]) -> None:
        state = self._venue.state
        changed = [
            order
            for order_id, order in state.orders.items()
            if self._saved_orders.get(order_id) != order
        ]
        rows = [
            (number, *event_to_row(event)) for number, event in enumerate(events, self._number + 1)
        ]
        reach("before acknowledge")
        with self._file.transaction() as connection:
            insert(connection, "events", rows)
            insert(
                connection,
                "orders",
                ((order.client_order_id, order_to_json(order)) for order in changed),
                "ON CONFLICT (client_order_id) DO UPDATE SET content = excluded.content",
            )
            content = orjson.dumps(self._content()).decode()
            put(connection, "account", {"name": "state"}, {"value": content})
        self._number += len(rows)
        self._saved_orders = dict(state.orders)
        reach("after acknowledge")

    def _content(self) -> dict[str, Any]:
        state = self._venue.state
        return {
            "book": arrays_to_json(state.book, STORED),
            "symbols": list(self._venue.symbols),
            "session": state.session,
            "last_bar": state.last_bar,
            "last_us": state.last_us,
            "is_ended": state.is_ended,
            "not_before": state.not_before,
            "orders": list(state.orders),
        }

    def _load(self) -> None:
        """Read the store; raises StoreUnavailable where it holds what no version wrote."""
        try:
            self._read()
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            path = self._file.path
            raise StoreUnavailable(
                f"what store {path} holds cannot be read", DAMAGED[path.name].capitalize()
            ) from error

    def _read(self) -> None:
        self._venue = SimulatedVenue(self._plan.rules(), self._plan.symbols, self._plan.capital)
        self._saved_orders = {}
        with self._file.transaction() as connection:
            row = connection.execute("SELECT value FROM account WHERE name = 'state'").fetchone()
            known = connection.execute(
                "SELECT value FROM account WHERE name = 'identity'"
            ).fetchone()
            self._identity = known[0] if known else uuid.uuid4().hex
            if known is None:
                connection.execute("INSERT INTO account VALUES ('identity', ?)", [self._identity])
            numbers = connection.execute(
                "SELECT coalesce(max(number), 0), coalesce(min(number), 1),"
                " count(*) - count(DISTINCT number) FROM events"
            ).fetchall()[0]
            self._number, self._misnumbered = max(0, int(numbers[0])), int(numbers[1]) < 1
            self._has_repeated_numbers = int(numbers[2]) > 0
            self._is_stale = False
            if row is None:
                return
            content = orjson.loads(row[0])
            orders = connection.execute("SELECT client_order_id, content FROM orders").fetchall()
        by_id = {id_: order_from_json(text) for id_, text in orders}
        content["orders"] = [by_id[order_id] for order_id in content["orders"]]
        self._is_of_old_version = "symbols" not in content
        content.setdefault("symbols", list(self._stored_symbols))
        symbols = (*self._plan.symbols, *_outstanding(content, self._plan.symbols))
        self._venue = SimulatedVenue(self._plan.rules(), symbols, self._plan.capital)
        state = self._venue.state
        take_book(state.book, content["book"], content["symbols"], symbols)
        state.session, state.last_bar = content["session"], content["last_bar"]
        state.last_us, state.is_ended = content["last_us"], content["is_ended"]
        state.not_before = {
            id_: [(int(from_us), price) for from_us, price in waiting]
            for id_, waiting in content.get("not_before", {}).items()
        }
        state.orders = {order.client_order_id: order for order in content["orders"]}
        self._saved_orders = dict(state.orders)


def _events_in(number: int, kind: str, payload: str) -> list[ExchangeEvent]:
    """Return what a row of the stream says; one without a right number complains of it first."""
    event = event_from_row(kind, payload)
    said: dict[str, object] = {"number": number}
    if isinstance(event, Fill | OrderUpdate):
        told: list[Fill | OrderUpdate | Discrepancy] = [event]
        if number < 1:
            why = f"the exchange numbered an event of order {event.client_order_id} {number}"
            told.insert(0, Discrepancy(event.symbol, why, said, event.us))
        return [ExchangeEvent(one) for one in told]
    if isinstance(event, Discrepancy):
        why = f"event {number} of the exchange cannot be read"
        return [ExchangeEvent(Discrepancy(event.symbol, why, said))]
    return []


def _outstanding(content: dict[str, Any], symbols: Sequence[str]) -> list[str]:
    """Return the symbols of a store, other than these, that are held, entered or have an order."""
    ordered = {order.symbol for order in content["orders"] if order.is_live}
    book = content["book"]
    found = zip(content["symbols"], book["quantity"], book["pending"], strict=True)
    return [
        symbol
        for symbol, quantity, pending in found
        if symbol not in symbols and (quantity or pending or symbol in ordered)
    ]
