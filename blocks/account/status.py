"""An account's status, read from its ledger."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from blocks.account.absence import is_gone, refuse_absent
from blocks.account.entries_missed import EntriesMissed, entries_missed
from blocks.account.explanation.gate import newest_gate
from blocks.account.names import MEANT, is_there
from blocks.account.plan_changes import plan_changes
from blocks.account.protection_gaps import protection_gaps
from blocks.account_files import LEDGERS
from blocks.ledger.damage import reading_rows
from blocks.ledger.ledger import REPLAYED, DuckDBLedger, rows_of
from blocks.ledger.notes.broker_view import read_broker_view
from blocks.ledger.notes.halts import read_halts
from blocks.ledger.notes.remembered import has_simulated_bars
from blocks.ledger.tables import read_orders, read_positions, read_trades
from blocks.messages.outbox_rows import delivery_counts
from blocks.records.fields import Record
from blocks.records.order import Order
from blocks.records.position import Position
from blocks.records.trade import Trade
from trading.errors import BadInput


def accounts_in(data_dir: Path) -> list[str]:
    """Return the accounts that have a ledger in a data folder, by their names."""
    return sorted(path.parent.name for path in data_dir.glob(LEDGERS))


def newest_account(data_dir: Path) -> str:
    """Return the account whose ledger was written last; raises BadInput when there is none."""
    ledgers = sorted(data_dir.glob(LEDGERS), key=lambda path: path.stat().st_mtime)
    if not ledgers:
        raise BadInput(
            f"no account is in {data_dir}", "Trade first (openbell run), or name --data-dir"
        )
    return ledgers[-1].parent.name


def real_time_accounts(data_dir: Path) -> list[str]:
    """Return the accounts that follow the clock, as those of replays do not."""
    return [name for name in accounts_in(data_dir) if not name.startswith(REPLAYED)]


def live_account(data_dir: Path) -> str | None:
    """Return the account that is meant where none is named, None where there is none.

    It is that of a broker, real money first, else `paper`, else `simulated`, else the one used
    last. One whose ledger is gone is still meant: its loss is to be told, and not another account.
    """
    for account in MEANT:
        if is_there(data_dir, account) or is_gone(data_dir, account):
            return account
    try:
        return newest_account(data_dir)
    except BadInput:
        return None


@dataclass(frozen=True)
class AccountStatus:
    """What an account holds and did; money in USD, `last_bar` the START of the newest bar.

    `gate` is what the data gate found, see `newest_gate`; `broker` how the account looked there
    when it was asked last, None with the simulated venue; `unprotected` the newest times in which a
    position had no resting stop, see `protection_gaps`; `missed` what the newest session
    wanted to enter and did not. `has_simulated_bars` says that its bars are of no real market.
    """

    account: str
    equity: float | None
    positions: list[Position]
    orders: list[Order]
    trades: list[Trade]
    halts: list[dict[str, Any]]
    plan_changes: list[dict[str, Any]]
    transfers: list[dict[str, Any]]
    messages: dict[str, Any]
    gate: dict[str, Any]
    last_bar: datetime | None
    broker: dict[str, Any] | None = None
    unprotected: list[dict[str, Any]] = field(default_factory=list)
    missed: EntriesMissed | None = None
    has_simulated_bars: bool = False

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return {field.name: plain(getattr(self, field.name)) for field in fields(self)}


def account_status(data_dir: Path, account: str) -> AccountStatus:
    """Return how an account stands; raises BadInput without one, StoreUnavailable."""
    refuse_absent(data_dir, account)
    what = f"the ledger of account {account}"
    with DuckDBLedger(data_dir, account).reading() as connection, reading_rows(what):
        return _status(connection, account)


def _status(connection: duckdb.DuckDBPyConnection, account: str) -> AccountStatus:
    equity = connection.execute("SELECT ts, equity FROM equity ORDER BY ts DESC LIMIT 1").fetchone()
    # Read at once: the next question takes the place of this one's answer.
    halts = [halt.as_dict() for halt in read_halts(connection)]
    broker = read_broker_view(connection)
    return AccountStatus(
        account=account,
        equity=float(equity[1]) if equity else None,
        positions=read_positions(connection),
        orders=read_orders(connection, live=True),
        trades=read_trades(connection),
        halts=halts,
        plan_changes=plan_changes(connection),
        transfers=plain(
            rows_of(connection.execute("SELECT * EXCLUDE (number) FROM transfers ORDER BY number"))
        ),
        messages=plain(delivery_counts(connection)),
        gate=newest_gate(connection),
        last_bar=equity[0].astimezone(UTC) if equity else None,
        broker=None if broker is None else broker.as_dict(),
        unprotected=protection_gaps(connection),
        missed=entries_missed(lambda *asked: rows_of(connection.execute(*asked))),
        has_simulated_bars=has_simulated_bars(connection),
    )


def plain(value: Any) -> Any:
    """Return a value as JSON may have it."""
    match value:
        case Record():
            return value.model_dump(mode="json")
        case EntriesMissed():
            return value.as_dict()
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
