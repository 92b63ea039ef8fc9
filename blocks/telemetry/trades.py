"""Trades as people ask for them: the ledger's own rows, with what telemetry knows of each.

A trade's numbers are the ledger's and cannot be changed here. `insert_trade` notes when a trade
of the ledger was seen to be closed and how late, `update_trade` adds a person's words to it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

import duckdb

from blocks.ledger.ledger import DuckDBLedger
from blocks.stores.duckdb_file import DuckDBFile
from trading.errors import BadInput

MOST_TRADES = 1000


class TradeStatus(StrEnum):
    """Whether a trade is over; an open one is a position of the ledger."""

    OPEN = "open"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class StoredTrade:
    """A trade; prices and `pnl` in USD, `pnl_pct` a fraction, what is not there yet None."""

    trade_id: str
    session: date | None
    symbol: str
    side: str
    quantity: int
    status: TradeStatus
    entry_time: datetime
    entry_price: float
    exit_time: datetime | None = None
    exit_price: float | None = None
    exit_reason: str | None = None
    pnl: float | None = None
    pnl_pct: float | None = None
    r_multiple: float | None = None
    strategy: str | None = None
    seen_at: datetime | None = None
    latency_seconds: float | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class PnlStats:
    """What closed trades earned, USD; None where there is nothing to divide by."""

    trades: int
    wins: int
    losses: int
    total_pnl: float
    win_rate: float | None
    average_win: float | None
    average_loss: float | None
    profit_factor: float | None
    largest_win: float | None
    largest_loss: float | None


class TradeStore:
    """Reads the ledger's trades and positions; keeps notes on them in the telemetry file."""

    def __init__(self, ledger: DuckDBLedger, file: DuckDBFile) -> None:
        self._ledger = ledger
        self._file = file

    def insert_trade(
        self, session: date, number: int, seen_at: datetime, latency_seconds: float
    ) -> None:
        """Note when a trade was seen closed and how long after; a second time changes nothing."""
        with self._file.transaction() as connection:
            insert_trades(connection, [(session, number, seen_at, latency_seconds)])

    def update_trade(self, trade_id: str, note: str, now: datetime | None = None) -> None:
        """Replace the note on a closed trade; raises BadInput when the ledger has no such trade."""
        session, number = parse_trade_id(trade_id)
        known = self._ledger.query(
            "SELECT 1 FROM trades WHERE session = ? AND number = ?", [session, number]
        )
        if not known:
            raise BadInput(
                f"account {self._ledger.account} has no closed trade {trade_id}",
                "See /api/trades, or show-status --json",
            )
        with self._file.transaction() as connection:
            connection.execute(
                "INSERT INTO trade_notes (session, number, note, noted_at) VALUES (?, ?, ?, ?)"
                " ON CONFLICT (session, number)"
                " DO UPDATE SET note = excluded.note, noted_at = excluded.noted_at",
                [session, number, note, now or datetime.now(UTC)],
            )

    def get_trades(
        self,
        limit: int = 50,
        offset: int = 0,
        symbol: str | None = None,
        status: TradeStatus | None = None,
    ) -> list[StoredTrade]:
        """Return trades, the open ones first and then the newest first."""
        limit = max(0, min(limit, MOST_TRADES))
        opened = [] if status == TradeStatus.CLOSED else self._open(symbol)
        found = opened[offset : offset + limit]
        if status == TradeStatus.OPEN or len(found) == limit:
            return found
        rows = self._ledger.query(
            "SELECT * FROM trades WHERE ? IS NULL OR symbol = ?"
            " ORDER BY session DESC, exit_time DESC, number DESC LIMIT ? OFFSET ?",
            [symbol, symbol, limit - len(found), max(0, offset - len(opened))],
        )
        notes = self._notes([(row["session"], int(row["number"])) for row in rows])
        for row in rows:
            session, number = row["session"], int(row.pop("number"))
            values: dict[str, Any] = {
                n: float(v) if isinstance(v, Decimal) else v for n, v in row.items()
            }
            seen_at, latency, note = notes.get((session, number), (None, None, None))
            found.append(
                StoredTrade(
                    trade_id=trade_id_of(session, number),
                    status=TradeStatus.CLOSED,
                    seen_at=seen_at,
                    latency_seconds=latency,
                    note=note,
                    **values,
                )
            )
        return found

    def get_pnl_stats(self, since: datetime | None = None, symbol: str | None = None) -> PnlStats:
        """Return what the trades that were closed since a time earned."""
        row = self._ledger.query(
            "SELECT count(*) AS trades, count(*) FILTER (pnl > 0) AS wins,"
            " count(*) FILTER (pnl < 0) AS losses, coalesce(sum(pnl), 0) AS total,"
            " coalesce(sum(pnl) FILTER (pnl > 0), 0) AS won,"
            " coalesce(-sum(pnl) FILTER (pnl < 0), 0) AS lost,"
            " max(pnl) AS largest, min(pnl) AS smallest FROM trades"
            " WHERE (? IS NULL OR exit_time >= ?) AND (? IS NULL OR symbol = ?)",
            [since, since, symbol, symbol],
        )[0]
        trades, wins, losses = int(row["trades"]), int(row["wins"]), int(row["losses"])
        won, lost = float(row["won"]), float(row["lost"])
        return PnlStats(
            trades=trades,
            wins=wins,
            losses=losses,
            total_pnl=float(row["total"]),
            win_rate=wins / trades if trades else None,
            average_win=won / wins if wins else None,
            average_loss=-lost / losses if losses else None,
            profit_factor=won / lost if lost else None,
            largest_win=float(row["largest"]) if wins else None,
            largest_loss=float(row["smallest"]) if losses else None,
        )

    def _open(self, symbol: str | None) -> list[StoredTrade]:
        rows = self._ledger.query(
            "SELECT * FROM positions WHERE ? IS NULL OR symbol = ? ORDER BY symbol",
            [symbol, symbol],
        )
        return [
            StoredTrade(
                trade_id=f"open/{row['symbol']}",
                session=None,
                symbol=row["symbol"],
                side="long" if row["quantity"] > 0 else "short",
                quantity=abs(int(row["quantity"])),
                status=TradeStatus.OPEN,
                entry_time=row["entry_time"],
                entry_price=float(row["entry_price"]),
            )
            for row in rows
        ]

    def _notes(
        self, trades: list[tuple[date, int]]
    ) -> dict[tuple[date, int], tuple[datetime | None, float | None, str | None]]:
        if not trades or not self._file.path.exists():
            return {}
        with self._file.reading() as connection:
            rows = connection.execute(
                "SELECT session, number, seen_at, latency_seconds, note FROM trade_notes"
                " WHERE session BETWEEN ? AND ?",
                [min(session for session, _ in trades), max(session for session, _ in trades)],
            ).fetchall()
        return {(row[0], int(row[1])): (row[2], row[3], row[4]) for row in rows}


def insert_trades(
    connection: duckdb.DuckDBPyConnection, trades: Iterable[tuple[date, int, datetime, float]]
) -> None:
    """Note trades inside a transaction."""
    for trade in trades:
        connection.execute(
            "INSERT INTO trade_notes (session, number, seen_at, latency_seconds)"
            " VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
            list(trade),
        )


def trade_id_of(session: date, number: int) -> str:
    """Return a trade's name."""
    return f"{session}/{number}"


def parse_trade_id(text: str) -> tuple[date, int]:
    """Return a trade's session and number, from a name such as 2025-06-10/3."""
    session, _, number = text.partition("/")
    try:
        return date.fromisoformat(session), int(number)
    except ValueError as error:
        raise BadInput(f"{text!r} names no trade", "Write it as 2025-06-10/3") from error
