"""The ledger's tables as records: what people, other machines and commands read of the books."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any, TypeVar

import duckdb
from pydantic import TypeAdapter, ValidationError

from blocks.ledger.damage import WAY_OUT
from blocks.records.order import ENDED, Order
from blocks.records.position import Position
from blocks.records.signal import ENTRIES, Signal
from blocks.records.trade import Trade
from trading.errors import StoreUnavailable

Kind = TypeVar("Kind", bound=Order | Position | Signal | Trade)
_POSITIONS = TypeAdapter(list[Position])
_ORDERS = TypeAdapter(list[Order])
_TRADES = TypeAdapter(list[Trade])
_SIGNALS = TypeAdapter(list[Signal])

_TRADE = (
    "SELECT concat(session, '/', number) AS trade_id, session, symbol, side, quantity,"
    " 'closed' AS status, entry_time, entry_price, exit_time, exit_price, exit_reason, pnl,"
    " pnl_pct, r_multiple, strategy FROM trades"
)


def read_positions(
    connection: duckdb.DuckDBPyConnection, symbol: str | None = None
) -> list[Position]:
    """Return what is held, by symbol."""
    sql = "SELECT * FROM positions WHERE ? IS NULL OR symbol = ? ORDER BY symbol"
    return _records(connection, _POSITIONS, "positions", sql, [symbol, symbol])


def read_orders(
    connection: duckdb.DuckDBPyConnection, *, live: bool, limit: int | None = None
) -> list[Order]:
    """Return the orders that may still change, or all, the newest session's first."""
    ended = ", ".join(f"'{status}'" for status in ENDED) if live else "''"
    sql = (
        f"SELECT * FROM orders WHERE status NOT IN ({ended})"
        " ORDER BY session DESC, client_order_id LIMIT ?"
    )
    return _records(connection, _ORDERS, "orders", sql, [limit])


def read_trades(connection: duckdb.DuckDBPyConnection) -> list[Trade]:
    """Return every closed trade in order."""
    sql = f"{_TRADE} ORDER BY session, exit_time, entry_time, number"
    return _records(connection, _TRADES, "trades", sql, [])


def read_latest_trades(
    connection: duckdb.DuckDBPyConnection,
    limit: int,
    offset: int = 0,
    symbol: str | None = None,
    strategy: str | None = None,
) -> list[Trade]:
    """Return closed trades, the newest first."""
    sql = (
        f"{_TRADE} WHERE (? IS NULL OR symbol = ?) AND (? IS NULL OR strategy = ?)"
        " ORDER BY session DESC, exit_time DESC, number DESC LIMIT ? OFFSET ?"
    )
    wanted = [symbol, symbol, strategy, strategy, limit, offset]
    return _records(connection, _TRADES, "trades", sql, wanted)


def read_trades_of(
    connection: duckdb.DuckDBPyConnection, session: date, first: int, end: int
) -> list[Trade]:
    """Return a session's trades with the numbers `[first, end)`, as far as they are written."""
    sql = f"{_TRADE} WHERE session = ? AND number >= ? AND number < ? ORDER BY number"
    return _records(connection, _TRADES, "trades", sql, [session, first, end])


def read_signals(
    connection: duckdb.DuckDBPyConnection,
    limit: int,
    symbol: str | None = None,
    until: datetime | None = None,
) -> list[Signal]:
    """Return what was said of symbols at bars until one, the newest first."""
    sql = (
        "SELECT * FROM decisions WHERE (? IS NULL OR symbol = ?) AND (? IS NULL OR bar <= ?)"
        " ORDER BY bar DESC, symbol LIMIT ?"
    )
    return _records(connection, _SIGNALS, "decisions", sql, [symbol, symbol, until, until, limit])


def read_signals_of(
    connection: duckdb.DuckDBPyConnection,
    session: date,
    limit: int,
    symbol: str | None = None,
    *,
    entries_only: bool = False,
) -> list[Signal]:
    """Return what was said in a session, the newest bar first, to enter before why not."""
    sql = (
        "SELECT * FROM decisions WHERE session = ? AND (? IS NULL OR symbol = ?)"
        " AND (NOT ? OR list_contains(?, reason))"
        " ORDER BY bar DESC, list_contains(?, reason) DESC, symbol LIMIT ?"
    )
    entries = list(ENTRIES)
    values = [session, symbol, symbol, entries_only, entries, entries, limit]
    return _records(connection, _SIGNALS, "decisions", sql, values)


def read_session_trades(connection: duckdb.DuckDBPyConnection, session: date) -> list[Trade]:
    """Return a session's closed trades, what cost most first."""
    sql = f"{_TRADE} WHERE session = ? ORDER BY pnl, number"
    return _records(connection, _TRADES, "trades", sql, [session])


def read_session_orders(
    connection: duckdb.DuckDBPyConnection, session: date, limit: int
) -> list[Order]:
    """Return a session's orders, those that may still change first, then the newest."""
    ended = ", ".join(f"'{status}'" for status in ENDED)
    sql = f"SELECT * FROM orders WHERE session = ? ORDER BY status IN ({ended}), rowid DESC LIMIT ?"
    return _records(connection, _ORDERS, "orders", sql, [session, limit])


def _records(
    connection: duckdb.DuckDBPyConnection,
    kind: TypeAdapter[list[Kind]],
    table: str,
    sql: str,
    values: Iterable[object],
) -> list[Kind]:
    answer = connection.execute(sql, list(values))
    names = [column[0] for column in answer.description or []]
    rows: list[dict[str, Any]] = [dict(zip(names, row, strict=True)) for row in answer.fetchall()]
    try:
        return kind.validate_python(rows)
    except ValidationError as error:
        first = error.errors()[0]
        row = rows[int(first["loc"][0])]
        which = row.get("trade_id") or row.get("client_order_id") or row["symbol"]
        field = ".".join(str(part) for part in first["loc"][1:])
        raise StoreUnavailable(
            f"row {which} of the ledger's {table} is damaged:"
            f" {field + ': ' if field else ''}{first['msg']}",
            WAY_OUT,
        ) from error
