"""Messages for people: what each kind says, typed, under the reference system's names.

Every id is made of what the message speaks of, so that a restart makes the same one again.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from trading.counted import counted, first_of

# A line of a log, and a message, name so many symbols; of five hundred nobody reads each.
MOST_NAMED = 20


class Kind(StrEnum):
    """What a message is about."""

    ORDER_SENT = "ORDER_SENT"
    ORDER_FILLED = "ORDER_FILLED"
    ORDER_CANCELLED = "ORDER_CANCELLED"
    TRADE_CLOSED = "TRADE_CLOSED"
    ORB_ESTABLISHED = "ORB_ESTABLISHED"
    MARKET_START = "MARKET_START"
    MARKET_CLOSE = "MARKET_CLOSE"
    DAILY_SUMMARY = "DAILY_SUMMARY"
    SYSTEM_WARNING = "SYSTEM_WARNING"
    SYSTEM_ERROR = "SYSTEM_ERROR"


TRADE_KINDS = frozenset(
    {Kind.ORDER_SENT, Kind.ORDER_FILLED, Kind.ORDER_CANCELLED, Kind.TRADE_CLOSED}
)
ERROR_KINDS = frozenset({Kind.SYSTEM_WARNING, Kind.SYSTEM_ERROR})
SEVERITIES = ("warning", "error", "critical")
ROUTINE_KINDS = frozenset(Kind) - TRADE_KINDS - ERROR_KINDS


@dataclass(frozen=True, slots=True)
class OrderMessage:
    """An order was sent, filled in part or whole, or ended unfilled; prices in USD."""

    id: str
    event_type: Kind
    timestamp: datetime
    order_id: str
    symbol: str
    side: str
    order_type: str
    quantity: int
    strategy_name: str
    signal_reason: str
    exchange: str
    account_id: str
    order_price: float | None = None
    fill_price: float | None = None
    filled_quantity: int | None = None
    remaining_quantity: int | None = None
    cancel_reason: str | None = None

    @property
    def text(self) -> str:
        """Return the message in one line."""
        order = f"{self.side} {self.quantity} {self.symbol} {self.order_type}"
        why = f" ({self.signal_reason})" if self.signal_reason else ""
        if self.event_type == Kind.ORDER_FILLED:
            return f"{order}: {self.filled_quantity} at {self.fill_price:.4f}{why}"
        if self.event_type == Kind.ORDER_CANCELLED:
            return f"{order}: {self.cancel_reason}, {self.filled_quantity} filled{why}"
        return f"{order}{why}"


@dataclass(frozen=True, slots=True)
class TradeMessage:
    """A position became flat; prices and `pnl` in USD, `pnl_pct` a fraction of the entry."""

    id: str
    event_type: Kind
    timestamp: datetime
    symbol: str
    side: str
    quantity: int
    entry_price: float
    exit_price: float
    pnl: float
    pnl_pct: float
    exit_reason: str
    strategy_name: str
    account_id: str

    @property
    def text(self) -> str:
        """Return the message in one line."""
        return (
            f"{self.side} {self.quantity} {self.symbol} {self.entry_price:.4f} ->"
            f" {self.exit_price:.4f} ({self.exit_reason}): {self.pnl:+,.2f} USD"
        )


@dataclass(frozen=True, slots=True)
class RangeLevel:
    """A symbol's opening range, USD; None where its bars were not all there."""

    symbol: str
    high: float | None
    low: float | None
    body_pct: float | None

    def __str__(self) -> str:
        if self.high is None or self.low is None:
            return f"{self.symbol} incomplete"
        return f"{self.symbol} {self.low:.4f}-{self.high:.4f}"


@dataclass(frozen=True, slots=True)
class RangeMessage:
    """The opening range of every symbol is over."""

    id: str
    event_type: Kind
    timestamp: datetime
    levels: tuple[RangeLevel, ...]
    account_id: str

    @property
    def text(self) -> str:
        """Return the message in one line."""
        return first_of([str(level) for level in self.levels], MOST_NAMED)


@dataclass(frozen=True, slots=True)
class MarketMessage:
    """A session began or ended; `status` is healthy, degraded or unhealthy."""

    id: str
    event_type: Kind
    timestamp: datetime
    status: str
    provider: str
    details: tuple[str, ...]
    account_id: str

    @property
    def text(self) -> str:
        """Return the message in one line."""
        return f"{self.status}: {'; '.join(self.details)}"


@dataclass(frozen=True, slots=True)
class SummaryMessage:
    """What a session came to; `pnl` is the change of the equity, USD.

    `breakouts` and `levels` are of opening ranges, None and empty for other strategies.
    """

    id: str
    event_type: Kind
    timestamp: datetime
    date: str
    equity: float
    pnl: float
    trades: int
    breakouts: int | None
    signals: tuple[tuple[str, int], ...]
    rejections: tuple[tuple[str, int], ...]
    levels: tuple[RangeLevel, ...]
    provider: str
    account_id: str

    @property
    def text(self) -> str:
        """Return the message in one line."""
        return (
            f"{self.date}: {counted(self.trades, 'trade')}, {self.pnl:+,.2f} USD,"
            f" equity {self.equity:,.2f} USD"
        )


@dataclass(frozen=True, slots=True)
class SystemMessage:
    """Something is wrong; `severity` is warning, error or critical."""

    id: str
    event_type: Kind
    timestamp: datetime
    severity: str
    title: str
    message: str
    component: str
    action_required: str
    details: tuple[tuple[str, str], ...]
    account_id: str

    @property
    def text(self) -> str:
        """Return the message in one line."""
        return self.message


Message = (
    OrderMessage | TradeMessage | RangeMessage | MarketMessage | SummaryMessage | SystemMessage
)


def system_message(
    kind: str, text: str, session: str, account: str, now: datetime, fields: dict[str, object]
) -> SystemMessage:
    """Return words of the bot's own as a message; the same words twice in a session are one.

    A kind that is not known is a warning under that title.
    """
    event_type = Kind(kind) if kind in ERROR_KINDS else Kind.SYSTEM_WARNING
    named = {name: str(value) for name, value in fields.items()}
    digest = hashlib.sha256("|".join((account, session, kind, text)).encode()).hexdigest()[:12]
    severity = named.pop("severity", "")
    if severity not in SEVERITIES:
        severity = "error" if event_type == Kind.SYSTEM_ERROR else "warning"
    return SystemMessage(
        f"{session}-{kind.lower()}-{digest}",
        event_type,
        now,
        severity,
        named.pop("title", "") or kind.replace("_", " ").capitalize() or "Message",
        text,
        named.pop("component", "session"),
        named.pop("action_required", ""),
        tuple(named.items()),
        account,
    )
