"""Trades as people ask for them: the ledger's own rows, with what telemetry knows of each.

A trade's numbers are the ledger's and cannot be changed here. `insert_trade` notes when a trade
of the ledger was seen to be closed and how late, `update_trade` adds a person's words to it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import duckdb

from blocks.ledger.ledger import DuckDBLedger
from blocks.ledger.tables import read_latest_trades, read_positions, read_trades_of
from blocks.records.fields import Moment
from blocks.records.position import Position
from blocks.records.trade import Trade, TradeStatus
from blocks.stores.duckdb_file import DuckDBFile
from blocks.stores.insertion import insert_columns
from trading.errors import BadInput

MOST_ROWS = 1000
_NOTE = {
    "session": "DATE",
    "number": "BIGINT",
    "seen_at": "TIMESTAMPTZ",
    "latency_seconds": "DOUBLE",
}


class NotedTrade(Trade):
    """A trade of the ledger with when it was seen closed, how late, and a person's words."""

    seen_at: Moment | None = None
    latency_seconds: float | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class SymbolResult:
    """What the closed trades of a symbol earned, USD; `wins` of them earned money."""

    symbol: str
    trades: int
    wins: int
    pnl: float


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
        if self.get_trade_by_id(trade_id) is None:
            raise BadInput(
                f"account {self._ledger.account} has no closed trade {trade_id}",
                "See /api/trades, or show-status --json",
            )
        session, number = parse_trade_id(trade_id)
        with self._file.transaction() as connection:
            connection.execute(
                "INSERT INTO trade_notes (session, number, note, noted_at) VALUES (?, ?, ?, ?)"
                " ON CONFLICT (session, number)"
                " DO UPDATE SET note = excluded.note, noted_at = excluded.noted_at",
                [session, number, note, now or datetime.now(UTC)],
            )

    def get_trades(
        self,
        symbol: str | None = None,
        status: TradeStatus | None = None,
        strategy: str | None = None,
        limit: int = 100,
        offset: int = 0,
    ) -> list[NotedTrade]:
        """Return trades, the open ones first and then the newest first.

        Of an open one no strategy is known.
        """
        limit, offset = max(0, min(limit, MOST_ROWS)), max(0, offset)
        with self._ledger.reading() as connection:
            opened = [] if strategy else [_open(p) for p in read_positions(connection, symbol)]
            if status == TradeStatus.CLOSED:
                opened = []
            found = opened[offset : offset + limit]
            if status == TradeStatus.OPEN or len(found) == limit:
                return found
            behind = max(0, offset - len(opened))
            closed = read_latest_trades(connection, limit - len(found), behind, symbol, strategy)
        return found + self._noted(closed)

    def get_trade_by_id(self, trade_id: str) -> NotedTrade | None:
        """Return a closed trade by its name, such as 2025-06-10/3; None where there is none."""
        session, number = parse_trade_id(trade_id)
        with self._ledger.reading() as connection:
            found = read_trades_of(connection, session, number, number + 1)
        return next(iter(self._noted(found)), None)

    def count_trades(self, symbol: str | None = None, status: TradeStatus | None = None) -> int:
        """Return how many trades there are."""
        row = self._ledger.query(
            "SELECT (SELECT count(*) FROM positions WHERE ? IS NULL OR symbol = ?) AS open,"
            " (SELECT count(*) FROM trades WHERE ? IS NULL OR symbol = ?) AS closed",
            [symbol, symbol, symbol, symbol],
        )[0]
        return sum(int(row[name]) for name in row if status is None or name == str(status))

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

    def get_symbol_results(self, since: datetime | None = None) -> list[SymbolResult]:
        """Return what each symbol's trades that were closed since a time earned, worst first."""
        rows = self._ledger.query(
            "SELECT symbol, count(*) AS trades, count(*) FILTER (pnl > 0) AS wins,"
            " coalesce(sum(pnl), 0) AS pnl FROM trades WHERE (? IS NULL OR exit_time >= ?)"
            " GROUP BY symbol ORDER BY pnl, symbol",
            [since, since],
        )
        return [
            SymbolResult(str(row["symbol"]), int(row["trades"]), int(row["wins"]),
                         float(row["pnl"]))
            for row in rows
        ]  # fmt: skip

    def _noted(self, trades: list[Trade]) -> list[NotedTrade]:
        notes = self._notes([trade.session for trade in trades if trade.session is not None])
        return [NotedTrade(**(dict(trade) | notes.get(trade.trade_id, {}))) for trade in trades]

    def _notes(self, sessions: list[date]) -> dict[str, dict[str, Any]]:
        if not sessions or not self._file.path.exists():
            return {}
        with self._file.reading() as connection:
            rows = connection.execute(
                "SELECT session, number, seen_at, latency_seconds, note FROM trade_notes"
                " WHERE session BETWEEN ? AND ?",
                [min(sessions), max(sessions)],
            ).fetchall()
        return {
            trade_id_of(session, int(number)): {
                "seen_at": seen_at,
                "latency_seconds": latency,
                "note": note,
            }
            for session, number, seen_at, latency, note in rows
        }


def _open(position: Position) -> NotedTrade:
    return NotedTrade(
        trade_id=f"open/{position.symbol}",
        symbol=position.symbol,
        side=position.side,
        quantity=abs(position.quantity),
        status=TradeStatus.OPEN,
        entry_time=position.entry_time,
        entry_price=position.entry_price,
    )


def insert_trades(
    connection: duckdb.DuckDBPyConnection, trades: Iterable[tuple[date, int, datetime, float]]
) -> set[tuple[date, int]]:
    """Note trades inside a transaction; return session and number of those not noted before."""
    ending = "ON CONFLICT DO NOTHING RETURNING session, number"
    answer = insert_columns(connection, "trade_notes", _NOTE, trades, ending)
    rows = [] if answer is None else answer.fetchall()
    return {(session, int(number)) for session, number in rows}


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
