"""What was traded in a session, order by order, and how far positions are from their first stop."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

import duckdb
import orjson

from blocks.account.day.begun_session import BegunSession
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
    rows = connection.execute(
        "SELECT payload FROM journal WHERE session = ? AND kind = 'fill'"
        " AND (? IS NULL OR payload->>'symbol' = ?) ORDER BY seq DESC LIMIT ?",
        [session, symbol, symbol, MOST_FILLS],
    ).fetchall()
    return [_fill(orjson.loads(payload)) for (payload,) in reversed(rows)]


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
    rows = connection.execute(
        "SELECT payload->>'symbol', (payload->>'stop_price')::DOUBLE FROM journal"
        " WHERE session = ? AND kind = 'intent' AND payload->>'leg' = 'entry'"
        " AND payload->>'action' = 'submit' ORDER BY seq",
        [begun.session],
    ).fetchall()
    # What a session took over it was not entered again for: the newest entry is the position's.
    found |= {str(symbol): float(stop) for symbol, stop in rows if stop is not None}
    return {symbol: stop for symbol, stop in found.items() if symbol in held}


def _fill(content: dict[str, Any]) -> SessionFill:
    return SessionFill(
        time=from_microseconds(content["us"]),
        symbol=content["symbol"],
        leg=content["leg"],
        quantity=content["quantity"],
        price=content["price"],
        commission=content["commission"],
        client_order_id=content["client_order_id"],
    )
