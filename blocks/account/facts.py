"""What an account's ledger and telemetry say now, read at one moment for health and the API."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import orjson

from blocks.account.absence import refuse_absent
from blocks.ledger import lease
from blocks.ledger.damage import reading_rows
from blocks.ledger.format import lost_message_table
from blocks.ledger.ledger import REPLAYED, DuckDBLedger, rows_of
from blocks.ledger.notes.broker_view import BrokerView, is_replayed, read_broker_view
from blocks.ledger.notes.halts import Halt, read_halts
from blocks.ledger.notes.kept_plan import newest_plan
from blocks.ledger.open_session import OpenSession, open_session
from blocks.ledger.parity.tables import ParityRow, read_parity
from blocks.ledger.tables import read_positions
from blocks.messages.outbox_rows import waiting
from blocks.records.position import Position
from trading.market.calendar import from_microseconds

# A reader gives up sooner than a trader, and says so.
WAIT_SECONDS = 5.0
# So many of the newest replays of sessions say how well journals come again.
REPLAYS = 5
LIVE_ORDERS = "status NOT IN ('filled', 'cancelled', 'rejected', 'expired')"


@dataclass(frozen=True, slots=True)
class ClosedSession:
    """The newest session that was closed, and when it was to end."""

    session: date
    closes: datetime


@dataclass(frozen=True)
class AccountFacts:
    """The ledger at one moment; money in USD, None where nothing was written yet.

    `held_by` names the process that trades the account now, `taken_at` is when it took it, or the
    last one did. `open_session` was not closed yet. `last_bar` is the START of the last consumed
    bar, `blocked` says by symbol where ledger and exchange differ, `unknown_orders` how many orders
    there are whose outcome nobody knows. `parity` is what the newest replays of sessions found,
    the newest first. `outbox_lost` is a table of messages that was removed. `broker` is how the
    account looked at its broker when it was asked last.
    """

    account: str
    plan: Mapping[str, Any] = field(default_factory=dict)
    held_by: str | None = None
    taken_at: datetime | None = None
    open_session: OpenSession | None = None
    last_bar: datetime | None = None
    equity: float | None = None
    positions: tuple[Position, ...] = ()
    orders: Mapping[str, int] = field(default_factory=dict)
    trades: int = 0
    realized: float = 0.0
    blocked: Mapping[str, str] = field(default_factory=dict)
    unknown_orders: int = 0
    halt: Halt | None = None
    outbox_open: int = 0
    outbox_oldest: datetime | None = None
    outbox_refused: str | None = None
    outbox_lost: str = ""
    reserved: float = 0.0
    closed_session: ClosedSession | None = None
    parity: tuple[ParityRow, ...] = ()
    broker: BrokerView | None = None
    is_replayed: bool = False

    @property
    def is_real_time(self) -> bool:
        """Return whether the account follows the clock, as replays do not."""
        return not (self.is_replayed or self.account.startswith(REPLAYED))

    def is_stopped(self, now: datetime) -> bool:
        """Return whether an operator stopped the session of now, and nobody trades it."""
        begun = self.open_session
        is_resting = begun is not None and begun.is_stopped and now < begun.closes
        return is_resting and self.held_by is None

    @property
    def interval(self) -> timedelta:
        """Return the length of a bar."""
        return timedelta(minutes=float(self.plan.get("interval_minutes", 5)))

    @property
    def last_bar_end(self) -> datetime | None:
        """Return the END of the last consumed bar."""
        return None if self.last_bar is None else self.last_bar.astimezone(UTC) + self.interval

    @property
    def capital(self) -> float | None:
        """Return the money that the account began with."""
        return float(self.plan["capital"]) if "capital" in self.plan else None

    @property
    def value(self) -> float | None:
        """Return the account's equity, before its first bar the money it began with."""
        return self.capital if self.equity is None else self.equity

    @property
    def gross(self) -> float:
        """Return the value of all positions, shorts counted as positive."""
        return float(sum(abs(position.market_value) for position in self.positions))

    @property
    def cash(self) -> float | None:
        """Return equity without the signed value of the positions."""
        net = float(sum(position.market_value for position in self.positions))
        return None if self.value is None else self.value - net

    @property
    def buying_power(self) -> float | None:
        """Return what entries may still cost (rules, sections 5 and 14)."""
        if self.value is None:
            return None
        return max(0.0, self.leverage * self.value - self.gross - self.reserved)

    @property
    def leverage(self) -> float:
        """Return what the plan makes of a dollar of equity."""
        return float(self.plan.get("risk", {}).get("leverage", 1.0))


def read_facts(data_dir: Path, account: str, wait_seconds: float = WAIT_SECONDS) -> AccountFacts:
    """Read an account; raises BadInput without one, StoreUnavailable when it cannot be read."""
    folder = data_dir / account
    refuse_absent(data_dir, account)
    ledger = DuckDBLedger(data_dir, account, wait_seconds=wait_seconds)
    with ledger.reading() as connection:
        # Asked after the file was waited for, so that both are of one moment.
        with reading_rows(f"the ledger of account {account}"):
            found = _facts(connection, account)
        return with_holder(found, folder)


def with_holder(facts: AccountFacts, account_folder: Path) -> AccountFacts:
    """Return facts with who trades the account now, which no store is asked for."""
    return replace(
        facts, held_by=lease.held_by(account_folder), taken_at=lease.taken_at(account_folder)
    )


def _closed_session(connection: duckdb.DuckDBPyConnection) -> ClosedSession | None:
    found = connection.execute(
        "SELECT session, (payload->>'close_us')::BIGINT FROM journal"
        " WHERE kind = 'session_started' AND session IN"
        " (SELECT session FROM journal WHERE kind = 'session_closed')"
        " ORDER BY session DESC, seq LIMIT 1"
    ).fetchone()
    if found is None or found[1] is None:
        return None
    return ClosedSession(found[0], from_microseconds(int(found[1])))


def _facts(connection: duckdb.DuckDBPyConnection, account: str) -> AccountFacts:
    def rows(sql: str) -> list[dict[str, Any]]:
        return rows_of(connection.execute(sql))

    equity = rows("SELECT ts, equity FROM equity ORDER BY ts DESC LIMIT 1")
    orders = rows("SELECT status, count(*) AS count FROM orders GROUP BY status")
    trades = rows("SELECT count(*) AS count, coalesce(sum(pnl), 0) AS pnl FROM trades")[0]
    # What rests was sized by its level; a market entry is filled before anybody looks.
    reserved = rows(
        "SELECT coalesce(sum(abs(quantity - filled) * price), 0) AS usd FROM orders"
        f" WHERE leg = 'entry' AND {LIVE_ORDERS}"
    )[0]
    differences = rows("SELECT value FROM meta WHERE name = 'differences'")
    halts = read_halts(connection)
    outbox = waiting(connection)
    broker = read_broker_view(connection)
    counts = {str(row["status"]): int(row["count"]) for row in orders}
    return AccountFacts(
        account=account,
        plan=newest_plan(connection),
        open_session=open_session(connection),
        last_bar=equity[0]["ts"] if equity else None,
        equity=float(equity[0]["equity"]) if equity else None,
        positions=tuple(read_positions(connection)),
        orders=counts,
        trades=int(trades["count"]),
        realized=float(trades["pnl"]),
        blocked=dict(orjson.loads(differences[0]["value"])) if differences else {},
        unknown_orders=counts.get("unknown", 0),
        halt=halts[0] if halts else None,
        outbox_open=outbox.count,
        outbox_oldest=outbox.oldest,
        outbox_refused=outbox.refused,
        outbox_lost=lost_message_table(connection),
        reserved=float(reserved["usd"]),
        closed_session=_closed_session(connection),
        parity=tuple(read_parity(connection, REPLAYS)),
        broker=broker,
        is_replayed=is_replayed(connection),
    )
