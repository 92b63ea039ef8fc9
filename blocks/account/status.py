"""An account's status, read from its ledger."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from blocks.account.names import PAPER, SIMULATED, is_there
from blocks.ledger.ledger import DuckDBLedger, rows_of
from blocks.messages.outbox_rows import delivery_counts
from trading.errors import BadInput


def newest_account(data_dir: Path) -> str:
    """Return the account whose ledger was written last; raises BadInput when there is none."""
    ledgers = sorted(data_dir.glob("*/ledger.duckdb"), key=lambda path: path.stat().st_mtime)
    if not ledgers:
        raise BadInput(
            f"no account is in {data_dir}", "Trade first (python -m flows run), or name --data-dir"
        )
    return ledgers[-1].parent.name


def live_account(data_dir: Path) -> str | None:
    """Return the account that is meant where none is named, None where there is none.

    It is `paper`, else `simulated`, else the one used last.
    """
    for account in (PAPER, SIMULATED):
        if is_there(data_dir, account):
            return account
    try:
        return newest_account(data_dir)
    except BadInput:
        return None


def account_status(data_dir: Path, account: str) -> dict[str, Any]:
    """Return account, equity, positions, orders, trades, halts, messages, last_bar; JSON-ready."""
    if not (data_dir / account / "ledger.duckdb").exists():
        raise BadInput(f"account {account!r} is not in {data_dir}", "Name another --account")
    with DuckDBLedger(data_dir, account).reading() as connection:
        status: dict[str, Any] = plain(_status(connection, account))
    return status


def _status(connection: duckdb.DuckDBPyConnection, account: str) -> dict[str, Any]:
    def rows(sql: str) -> list[dict[str, Any]]:
        return rows_of(connection.execute(sql))

    equity = rows("SELECT ts, equity FROM equity ORDER BY ts DESC LIMIT 1")
    return {
        "account": account,
        "equity": equity[0]["equity"] if equity else None,
        "positions": rows("SELECT * FROM positions ORDER BY symbol"),
        "orders": rows(
            "SELECT * FROM orders WHERE status NOT IN"
            " ('filled', 'cancelled', 'rejected', 'expired') ORDER BY client_order_id"
        ),
        "trades": rows(
            "SELECT * EXCLUDE (number) FROM trades ORDER BY session, exit_time, entry_time, number"
        ),
        "halts": rows(
            "SELECT ts, command, reason FROM commands WHERE number >"
            " (SELECT coalesce(max(number), 0) FROM commands WHERE command = 'resume')"
            " ORDER BY number"
        ),
        "messages": delivery_counts(connection),
        "last_bar": equity[0]["ts"] if equity else None,
    }


def plain(value: Any) -> Any:
    """Return a value as JSON may have it."""
    match value:
        case dict():
            return {name: plain(item) for name, item in value.items()}
        case list():
            return [plain(item) for item in value]
        case Decimal():
            return float(value)
        case datetime() | date():
            return value.isoformat()
        case _:
            return value
