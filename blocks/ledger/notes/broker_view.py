"""How a broker's account looked when it was asked last, for those who only read the ledger."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import duckdb
import orjson

from trading.session.broker.facts import BrokerAccount
from trading.session.orders import Order

# Where an account was begun, nothing with the simulated venue; and how it looked there last.
BROKER = "broker"
BROKER_VIEW = "broker view"
# Of an account at a broker: whether its sessions are replayed, or traded when they take place.
BROKER_TIME = "broker time"
REPLAYED, OF_NOW = "replayed", "now"


@dataclass(frozen=True, slots=True)
class BrokerView:
    """A broker's account at one moment; amounts in `currency`, `number` masked.

    `blocked` says why nothing may be traded there, `not_entered` by symbol why that is not,
    `positions` are signed shares, and `orders` those that may still fill, whoever sent them.
    `as_of` is aware UTC.
    """

    name: str
    number: str
    equity: float
    cash: float
    buying_power: float
    currency: str
    may_short: bool
    blocked: str
    as_of: datetime
    positions: dict[str, int] = field(default_factory=dict)
    orders: list[dict[str, Any]] = field(default_factory=list)
    not_entered: dict[str, str] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return {
            "name": self.name,
            "account": self.number,
            "equity": self.equity,
            "cash": self.cash,
            "buying_power": self.buying_power,
            "currency": self.currency,
            "may_short": self.may_short,
            "blocked": self.blocked,
            "not_entered": self.not_entered,
            "open_orders": self.orders,
            "positions": self.positions,
            "as_of": self.as_of.isoformat(),
        }

    def to_text(self) -> str:
        """Return it as the ledger keeps it."""
        return orjson.dumps(self.as_dict()).decode()


def view_of(
    name: str,
    account: BrokerAccount,
    positions: dict[str, int],
    orders: list[Order],
    not_entered: dict[str, str],
    now: datetime,
) -> BrokerView:
    """Return what a broker said at an aware time."""
    return BrokerView(
        name,
        account.number,
        float(account.equity),
        float(account.cash),
        float(account.buying_power),
        account.currency,
        account.may_short,
        account.blocked,
        now.astimezone(UTC),
        dict(sorted(positions.items())),
        [
            {
                "client_order_id": order.client_order_id,
                "symbol": order.symbol,
                "leg": str(order.leg),
                "quantity": order.quantity,
                "filled": order.filled,
                "price": order.price,
                "status": str(order.status),
            }
            for order in orders
        ],
        dict(not_entered),
    )


def read_broker_view(connection: duckdb.DuckDBPyConnection) -> BrokerView | None:
    """Return what was kept last, None where an account is at no broker."""
    row = connection.execute("SELECT value FROM meta WHERE name = ?", [BROKER_VIEW]).fetchone()
    if row is None:
        return None
    kept = orjson.loads(row[0])
    return BrokerView(
        kept["name"],
        kept["account"],
        kept["equity"],
        kept["cash"],
        kept["buying_power"],
        kept["currency"],
        kept["may_short"],
        kept["blocked"],
        datetime.fromisoformat(kept["as_of"]),
        kept["positions"],
        kept["open_orders"],
        kept["not_entered"],
    )


def is_replayed(connection: duckdb.DuckDBPyConnection) -> bool:
    """Return whether an account at a broker is of replays, which follow no clock."""
    row = connection.execute("SELECT value FROM meta WHERE name = ?", [BROKER_TIME]).fetchone()
    return row is not None and row[0] == REPLAYED
