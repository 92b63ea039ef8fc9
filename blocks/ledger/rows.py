"""The ledger's row mapper: where floats of the engine become decimals of the books."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

import duckdb
import orjson
from pydantic import ValidationError

from blocks.ledger.message_payloads import payload_of, payload_to_json
from blocks.stores.insertion import MANY_ROWS, insert, insert_in_order, insert_many, put
from trading.engine.book import Book
from trading.engine.tapes.trade_tape import DecisionRow, TradeRow
from trading.gate.findings import GateReport
from trading.market.calendar import from_microseconds
from trading.plan import RunPlan
from trading.reasons import ExitReason
from trading.selection.universe import ELIGIBLE, Universe
from trading.session.entry_terms import TARGET_KINDS
from trading.session.messages.message import Kind, Message, system_message
from trading.session.orders import Order

MICRO = Decimal("0.000001")


@dataclass(frozen=True, slots=True)
class GateRow:
    """What the data gate found in a session, and by check in all up to it (`totals`)."""

    report: GateReport
    totals: dict[str, int]

    def to_json(self) -> str:
        """Return it as the ledger keeps it."""
        return orjson.dumps(
            {
                "counts": self.report.counts,
                "totals": self.totals,
                "findings": [finding.as_dict() for finding in self.report.findings],
                "others": self.report.others,
            }
        ).decode()


@dataclass
class Projection:
    """What changed since the last projection, ready to be written; writing twice is once.

    `drawdown` is since when the account is halted by its drawdown, "" where it is not.
    """

    session: str
    orders: list[Order] = field(default_factory=list)
    trades: list[tuple[Any, ...]] = field(default_factory=list)
    positions: list[tuple[Any, ...]] | None = None
    equity: list[tuple[int, float]] = field(default_factory=list)
    decisions: list[tuple[Any, ...]] = field(default_factory=list)
    universe: list[tuple[Any, ...]] = field(default_factory=list)
    messages: list[tuple[Any, ...]] = field(default_factory=list)
    differences: dict[str, str] | None = None
    gate: GateRow | None = None
    drawdown: str | None = None
    transfers: list[tuple[Any, ...]] = field(default_factory=list)


def money(value: float | None) -> Decimal | None:
    """Return USD as the ledger keeps it, six decimals; None for what is not there."""
    if value is None or math.isnan(value):
        return None
    return Decimal(repr(float(value))).quantize(MICRO)


def known(value: float) -> float | None:
    """Return a number that is no money, None for what is not there."""
    return None if math.isnan(value) else value


def moment(us: float) -> datetime:
    """Return microseconds since 1970 as an aware UTC time."""
    return from_microseconds(int(us))


def trade_row(
    session: str, number: int, trade: TradeRow[float], symbols: tuple[str, ...], strategy: str
) -> tuple[Any, ...]:
    """Return a trade of the tape as a row of the trades table."""
    return (
        session,
        number,
        symbols[int(trade.symbol)],
        "long" if trade.side > 0 else "short",
        int(trade.quantity),
        moment(trade.entry_us),
        money(trade.entry_price),
        moment(trade.exit_us),
        money(trade.exit_price),
        ExitReason(int(trade.exit_reason)).word,
        money(trade.pnl),
        trade.pnl_pct,
        known(trade.r_multiple),
        strategy,
    )


def decision_row(session: str, row: DecisionRow[float], plan: RunPlan) -> tuple[Any, ...]:
    """Return a decision of the tape as a row of the decisions table."""
    return (
        session,
        moment(row.us),
        plan.symbols[int(row.symbol)],
        plan.word_of(int(row.reason)),
        money(row.price),
        money(row.range_high or math.nan),
        money(row.range_low or math.nan),
        money(row.stop),
        known(row.target_offset),
        int(row.quantity),
        known(row.atr),
        money(row.equity),
        money(row.level),
        known(row.score),
        known(row.relative_opening_volume),
        str(TARGET_KINDS[int(row.target_kind)]),
    )


def universe_rows(session: str, universe: Universe, plan: RunPlan) -> list[tuple[Any, ...]]:
    """Return what a session's selection judged, a row a symbol of the universe table."""
    return [
        (
            session,
            symbol,
            plan.word_of(int(universe.reason[0, s])) if universe.reason[0, s] else ELIGIBLE,
            int(universe.rank[0, s]) or None,
            money(float(universe.price[0, s])),
            known(float(universe.daily_atr[0, s])),
            known(float(universe.daily_volume[0, s])),
            known(float(universe.relative_opening_volume[0, s])),
        )
        for s, symbol in enumerate(plan.symbols)
    ]


def message_row(session: str, message: Message) -> tuple[Any, ...]:
    """Return a message as (id, session, kind, ts, payload), a row of the outbox without number.

    One that is not whole is kept as a warning: words for people never stop the books.
    """
    try:
        payload = payload_of(message)
    except ValidationError as error:
        fields = ", ".join(".".join(map(str, each["loc"])) for each in error.errors())
        payload = payload_of(
            system_message(
                Kind.SYSTEM_WARNING,
                f"{message.event_type} {message.id} could not be written: {fields}",
                session,
                message.account_id or "unknown",
                message.timestamp,
                {"component": "messages"},
            )
        )
    kind = str(payload.event_type)
    return message.id, session, kind, message.timestamp, payload_to_json(payload)


def position_rows(book: Book, symbols: tuple[str, ...]) -> list[tuple[Any, ...]]:
    """Return the book's open positions as rows of the positions table."""
    return [
        (
            symbol,
            int(book.quantity[s]),
            moment(book.entry_us[s]),
            money(float(book.entry_price[s])),
            money(float(book.mark[s])),
            money(float(book.stop[s])),
            money(float(book.target[s])),
            ExitReason(int(book.exit_reason[s])).word if book.exit_waiting[s] else "",
        )
        for s, symbol in enumerate(symbols)
        if book.quantity[s] != 0
    ]


def write_projection(connection: duckdb.DuckDBPyConnection, projection: Projection) -> None:
    """Write a projection inside a transaction."""
    orders = [
        (
            order.client_order_id,
            projection.session,
            order.symbol,
            str(order.leg),
            order.quantity,
            order.filled,
            money(order.level if order.price is None else order.price),
            str(order.status),
            order.reason,
        )
        for order in projection.orders
    ]
    insert(
        connection,
        "orders",
        orders,
        "ON CONFLICT (client_order_id) DO UPDATE SET quantity = excluded.quantity,"
        " filled = excluded.filled, price = excluded.price, status = excluded.status",
    )
    insert(connection, "trades", projection.trades, "ON CONFLICT DO NOTHING")
    if projection.positions is not None:
        connection.execute("DELETE FROM positions")
        insert(connection, "positions", projection.positions, "")
    _write_equity(connection, projection)
    insert(connection, "transfers", projection.transfers, "")
    insert_in_order(
        connection, "decisions", projection.decisions, "ON CONFLICT DO NOTHING", by="bar", place=1
    )
    insert(connection, "universe", projection.universe, "ON CONFLICT DO NOTHING")
    write_messages(connection, projection.messages)


def _write_equity(connection: duckdb.DuckDBPyConnection, projection: Projection) -> None:
    points = dict(projection.equity)
    if len(points) < MANY_ROWS:
        for us, value in points.items():
            point = {"session": projection.session, "equity": money(value)}
            put(connection, "equity", {"ts": moment(us)}, point)
        return
    # A session that is taken up again writes all of its day at once.
    rows = [(moment(us), projection.session, money(value)) for us, value in points.items()]
    over = "ON CONFLICT (ts) DO UPDATE SET session = excluded.session, equity = excluded.equity"
    insert_many(connection, "equity", rows, over)


def write_messages(connection: duckdb.DuckDBPyConnection, rows: list[tuple[Any, ...]]) -> None:
    """Add rows as made by `message_row` to the outbox, numbered; those that are there stay."""
    if not rows:
        return
    ids = [row[0] for row in rows]
    marks = ", ".join("?" * len(ids))
    last, known = connection.execute(
        f"SELECT coalesce(max(number), 0), list(id) FILTER (id IN ({marks})) FROM outbox", ids
    ).fetchall()[0]
    new = {row[0]: row for row in rows if row[0] not in (known or ())}
    numbered = [(last + n, *row) for n, row in enumerate(new.values(), start=1)]
    insert(connection, "outbox", numbered)
