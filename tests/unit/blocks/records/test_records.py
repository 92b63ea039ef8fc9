"""Trades, orders, positions and signals: what is written reads as one, and nonsense does not."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from blocks.account.status import account_status
from blocks.ledger.ledger import DuckDBLedger
from blocks.ledger.tables import read_latest_trades, read_orders, read_signals, read_trades
from blocks.records.fields import Record, Side
from blocks.records.order import Order
from blocks.records.position import Position
from blocks.records.signal import Signal
from blocks.records.trade import Trade
from trading.errors import StoreUnavailable

ENTERED = datetime(2025, 6, 10, 14, 5, tzinfo=UTC)
TRADE: dict[str, Any] = {
    "trade_id": "2025-06-10/0", "session": date(2025, 6, 10), "symbol": "AAPL", "side": "long",
    "quantity": 10, "status": "closed", "entry_time": ENTERED, "entry_price": Decimal("200.1"),
    "exit_time": ENTERED + timedelta(hours=1), "exit_price": Decimal("201.1"),
    "exit_reason": "target", "pnl": Decimal("10"), "pnl_pct": 0.005, "r_multiple": 2.0,
    "strategy": "orb",
}  # fmt: skip
OPEN: dict[str, Any] = {
    name: TRADE[name]
    for name in ("trade_id", "symbol", "side", "quantity", "entry_time", "entry_price")
} | {"status": "open"}
ORDER: dict[str, Any] = {
    "client_order_id": "ob-20250610-AAPL-entry-1-0123456789", "session": date(2025, 6, 10),
    "symbol": "AAPL", "leg": "entry", "quantity": -10, "filled": 4, "price": Decimal("200.1"),
    "status": "working", "reason": "enter_short",
}  # fmt: skip
POSITION: dict[str, Any] = {
    "symbol": "AAPL", "quantity": -4, "entry_time": ENTERED, "entry_price": Decimal("100"),
    "mark": Decimal("90"), "stop": Decimal("110"), "target": None, "exit_reason": "",
}  # fmt: skip
SIGNAL: dict[str, Any] = {
    "session": date(2025, 6, 10), "bar": ENTERED, "symbol": "AAPL", "reason": "enter_long",
    "price": Decimal("200"), "stop": Decimal("199"), "quantity": 10,
}  # fmt: skip


def test_everything_that_a_session_writes_is_read_back_whole(traded: Path) -> None:
    ledger = DuckDBLedger(traded, "replay")
    tables = {"trades": 0, "orders": 0, "decisions": 0}
    with ledger.reading() as connection:
        for table in tables:
            row = connection.execute(f"SELECT count(*) FROM {table}").fetchone()
            tables[table] = row[0] if row else 0
        trades = read_trades(connection)
        orders = read_orders(connection, live=False)
        signals = read_signals(connection, 100_000)
        newest_first = read_latest_trades(connection, 1000)
        rows = connection.execute(
            "SELECT symbol, pnl, exit_price FROM trades"
            " ORDER BY session, exit_time, entry_time, number"
        ).fetchall()
    found = {"trades": len(trades), "orders": len(orders), "decisions": len(signals)}
    assert min(found.values()) > 2
    assert found == tables
    # To the last of six decimals, which a float would not be.
    assert [(trade.symbol, trade.pnl, trade.exit_price) for trade in trades] == rows
    assert {trade.trade_id for trade in newest_first} == {trade.trade_id for trade in trades}
    entered = [signal for signal in signals if signal.side is not None]
    sent = {(order.symbol, order.quantity) for order in orders if order.leg == "entry"}
    assert {(s.symbol, s.quantity if s.side is Side.LONG else -s.quantity) for s in entered} >= sent


@pytest.mark.parametrize(
    ("kind", "whole", "change"),
    [
        (Trade, TRADE, {"entry_time": datetime(2025, 6, 10, 14, 5)}),
        (Trade, TRADE, {"side": "buy"}),
        (Trade, TRADE, {"quantity": 0}),
        (Trade, TRADE, {"entry_price": Decimal(0)}),
        (Trade, TRADE, {"pnl": Decimal("NaN")}),
        (Trade, TRADE, {"r_multiple": float("inf")}),
        (Trade, TRADE, {"exit_price": None}),
        (Trade, TRADE, {"status": "open"}),
        (Trade, OPEN, {"status": "closed"}),
        (Trade, OPEN, {"pnl": Decimal(1)}),
        (Trade, TRADE, {"broker": "mine"}),
        (Order, ORDER, {"quantity": 0}),
        (Order, ORDER, {"filled": -1}),
        (Order, ORDER, {"status": "lost"}),
        (Order, ORDER, {"leg": "hedge"}),
        (Order, ORDER, {"client_order_id": ""}),
        (Position, POSITION, {"quantity": 0}),
        (Position, POSITION, {"mark": Decimal("NaN")}),
        (Position, POSITION, {"stop": Decimal("Infinity")}),
        (Signal, SIGNAL, {"stop": Decimal("200")}),
        (Signal, SIGNAL, {"stop": None}),
        (Signal, SIGNAL, {"quantity": 0}),
        (Signal, SIGNAL, {"reason": "enter_short"}),
        (Signal, SIGNAL, {"price": None}),
        (Signal, SIGNAL, {"bar": datetime(2025, 6, 10, 14, 5)}),
    ],
)
def test_what_cannot_be_is_refused(
    kind: type[Record], whole: dict[str, Any], change: dict[str, Any]
) -> None:
    kind.model_validate(whole)
    with pytest.raises(ValidationError):
        kind.model_validate(whole | change)


def test_a_position_knows_its_worth_an_order_what_is_left_of_it_and_a_signal_its_side() -> None:
    position = Position(**POSITION)
    assert position.side is Side.SHORT
    assert (position.market_value, position.unrealized_pnl) == (Decimal(-360), Decimal(40))
    order = Order(**ORDER)
    assert (order.remaining, order.is_live) == (6, True)
    assert not Order(**ORDER | {"status": "filled", "filled": 10}).is_live
    assert Signal(**SIGNAL).side is Side.LONG
    assert Signal(**SIGNAL | {"reason": "no_breakout", "stop": None}).side is None


def test_times_are_in_utc_and_json_has_numbers_for_money() -> None:
    new_york = ENTERED.astimezone(timezone(timedelta(hours=-4)))
    position = Position(**POSITION | {"entry_time": new_york})
    assert position.entry_time.utcoffset() == timedelta(0)
    shown = position.model_dump(mode="json")
    assert shown["entry_time"] == "2025-06-10T14:05:00+00:00"
    assert (shown["mark"], shown["target"]) == (90.0, None)
    assert isinstance(shown["mark"], float)


def test_a_damaged_row_is_one_line_that_names_it(data_dir: Path) -> None:
    ledger = DuckDBLedger(data_dir, "replay")
    with ledger.changing() as connection:
        connection.execute("UPDATE trades SET side = 'sideways' WHERE number = 0")
    with pytest.raises(StoreUnavailable, match=r"row 2025-06-1\d/0 of .* trades .* side: ") as told:
        account_status(data_dir, "replay")
    assert "restore" in told.value.hint
