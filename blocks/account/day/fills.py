"""What was traded in a session, order by order, and how far positions are from their first stop."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any

import duckdb
import orjson

from blocks.account.day.begun_session import BegunSession
from blocks.ledger.damage import of_journal, reading_rows
from blocks.records.fields import Moment, Money, Record, Symbol
from blocks.records.position import Position
from trading.market.calendar import from_microseconds

MOST_FILLS = 1000


class SessionFill(Record):
    """A part of an order was traded; `quantity` is signed (buys positive), price in USD."""

    time: Moment
    symbol: Symbol
    leg: str
    quantity: int
    price: Money
    commission: Money
    client_order_id: str


def read_fills(
    connection: duckdb.DuckDBPyConnection, session: date, symbol: str | None = None
) -> list[SessionFill]:
    """Return a session's fills in their order, of one symbol or of all, the newest thousand."""
    with reading_rows(of_journal(session)):
        rows = _payloads(connection, session, "fill")
        fills = [fill_in(content) for content in rows if symbol in (None, content["symbol"])]
    return fills[-MOST_FILLS:]


def read_initial_stops(
    connection: duckdb.DuckDBPyConnection, begun: BegunSession, positions: Iterable[Position]
) -> dict[str, float]:
    """Return by symbol the stop, USD, that each position was entered with.

    A position's R counts from it, wherever its stop has been trailed to since.
    """
    found = dict(begun.initial_stops)
    held = {position.symbol for position in positions}
    if not held:
        return {}
    # What a session took over it was not entered again for: the newest entry is the position's.
    with reading_rows(of_journal(begun.session)):
        for content in _payloads(connection, begun.session, "intent"):
            if (stop := stop_in(content)) is not None:
                found[str(content["symbol"])] = stop
    return {symbol: stop for symbol, stop in found.items() if symbol in held}


def _payloads(
    connection: duckdb.DuckDBPyConnection, session: date, kind: str
) -> Iterator[dict[str, Any]]:
    """Yield what a session's rows of one kind hold, in their order.

    DuckDB would take the bars of five hundred symbols apart as well, to ask them whether they fit.
    """
    rows = connection.execute(
        "SELECT payload FROM journal WHERE session = ? AND kind = ? ORDER BY seq", [session, kind]
    ).fetchall()
    for (payload,) in rows:
        yield orjson.loads(payload)


def stop_in(content: dict[str, Any]) -> float | None:
    """Return the stop, USD, of an intent that is an entry's, None for any other."""
    is_entry = (content["leg"], content["action"]) == ("entry", "submit")
    stop = content.get("stop_price") if is_entry else None
    return None if stop is None else float(stop)


def fill_in(content: dict[str, Any]) -> SessionFill:
    """Return the fill that a row of the journal holds."""
    return SessionFill(
        time=from_microseconds(content["us"]),
        symbol=content["symbol"],
        leg=content["leg"],
        quantity=content["quantity"],
        price=content["price"],
        commission=content["commission"],
        client_order_id=content["client_order_id"],
    )
