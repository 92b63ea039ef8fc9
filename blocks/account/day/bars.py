"""The bars of a session as it consumed them, from its journal, and what was drawn from them."""

from __future__ import annotations

from datetime import UTC
from typing import Any

import duckdb
import orjson
from pydantic import FiniteFloat

from blocks.account.day.begun_session import BegunSession
from blocks.ledger.damage import of_journal, reading_rows
from blocks.records.fields import Moment, Record
from trading.errors import BadInput
from trading.market.calendar import from_microseconds

COLUMNS = ("open", "high", "low", "close", "volume")
# No session has more: a market that never closes, in bars of a minute.
MOST_BARS = 1440


class ConsumedBar(Record):
    """One bar of a symbol, named by its START; prices in USD, None where the bar was missing."""

    number: int
    start: Moment
    open: FiniteFloat | None
    high: FiniteFloat | None
    low: FiniteFloat | None
    close: FiniteFloat | None
    volume: FiniteFloat | None


class Levels(Record):
    """The strategy's two levels at a bar, USD, by which an entry was decided; None without one."""

    start: Moment
    upper: FiniteFloat | None
    lower: FiniteFloat | None


class NewestBar(Record):
    """The bar that a session consumed last: each symbol's prices, and when it arrived.

    `arrived` is by the session's own clock; `prices` are open, high, low, close in USD and volume.
    """

    number: int
    start: Moment
    end: Moment
    arrived: Moment | None
    prices: dict[str, tuple[FiniteFloat | None, ...]]


def read_bars(
    connection: duckdb.DuckDBPyConnection, begun: BegunSession, symbol: str, after: int = -1
) -> list[ConsumedBar]:
    """Return a symbol's bars with numbers above `after`; raises BadInput if it is not traded."""
    place = place_of(begun, symbol)
    picked = ", ".join(f"(payload->>'$.{name}[{place}]')::DOUBLE" for name in COLUMNS)
    rows = connection.execute(
        f"SELECT (payload->>'$.bar')::BIGINT AS bar, (payload->>'$.start_us')::BIGINT, {picked}"
        " FROM journal WHERE session = ? AND kind = 'bar' AND bar > ? ORDER BY seq LIMIT ?",
        [begun.session, after, MOST_BARS],
    ).fetchall()
    return [
        ConsumedBar(
            number=number,
            start=from_microseconds(start_us),
            **dict(zip(COLUMNS, prices, strict=True)),
        )
        for number, start_us, *prices in rows
    ]


def read_levels(
    connection: duckdb.DuckDBPyConnection, begun: BegunSession, symbol: str
) -> list[Levels]:
    """Return a symbol's levels, a row for each bar at which they changed."""
    rows = connection.execute(
        "SELECT bar, range_high::DOUBLE, range_low::DOUBLE FROM decisions"
        " WHERE session = ? AND symbol = ? ORDER BY bar LIMIT ?",
        [begun.session, symbol, MOST_BARS],
    ).fetchall()
    found: list[Levels] = []
    for start, upper, lower in rows:
        if not found or (found[-1].upper, found[-1].lower) != (upper, lower):
            found.append(Levels(start=start, upper=upper, lower=lower))
    return found


def newest_bar_in(content: dict[str, Any], begun: BegunSession) -> NewestBar:
    """Return the bar that a row of the journal holds."""
    start = from_microseconds(content["start_us"])
    columns = [content[name] for name in COLUMNS]
    arrived = int(content.get("arrived_us", 0))
    return NewestBar(
        number=content["bar"],
        start=start,
        end=min(start + begun.interval, begun.closes),
        arrived=from_microseconds(arrived).astimezone(UTC) if arrived else None,
        prices=dict(zip(begun.symbols, zip(*columns, strict=True), strict=False)),
    )


def read_first_prices(
    connection: duckdb.DuckDBPyConnection, begun: BegunSession
) -> dict[str, float]:
    """Return each symbol's first open of the session, USD, as far as its first bar had one."""
    row = connection.execute(
        "SELECT payload->'open' FROM journal WHERE session = ? AND kind = 'bar'"
        " ORDER BY seq LIMIT 1",
        [begun.session],
    ).fetchone()
    if row is None:
        return {}
    with reading_rows(of_journal(begun.session)):
        opens = zip(begun.symbols, orjson.loads(row[0]), strict=False)
        return {symbol: float(price) for symbol, price in opens if price is not None}


def place_of(begun: BegunSession, symbol: str) -> int:
    """Return where a symbol stands in the journal's bars; raises BadInput if it is not there."""
    try:
        return begun.symbols.index(symbol)
    except ValueError:
        raise BadInput(
            f"symbol {symbol!r} was not traded in session {begun.session}",
            "Name one of the session's own symbols; /api/sessions/DATE lists them",
        ) from None
