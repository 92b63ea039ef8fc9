"""Orders as the bot and an exchange speak of them, and how their state may change."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from typing import Any

from trading.errors import OpenbellError


class Leg(StrEnum):
    """Which part of a plan an order carries out."""

    ENTRY = "entry"
    STOP = "stop"
    TARGET = "target"
    EXIT = "exit"


class OrderType(StrEnum):
    """How an entry is ordered: `stop` and `limit` rest at a level."""

    MARKET = "market"
    STOP = "stop"
    LIMIT = "limit"


class TargetKind(StrEnum):
    """What an entry's target is counted in, from its fill: USD, a fraction of the fill, or R."""

    USD = "usd"
    FRACTION = "fraction"
    R = "r"


class Status(StrEnum):
    """Where an order is; `unknown` means that a request got no answer.

    One that is `held` waits for another to be filled completely, and protects nothing till then.
    """

    INTENDED = "intended"
    UNKNOWN = "unknown"
    HELD = "held"
    WORKING = "working"
    TRIGGERED = "triggered"
    FILLED = "filled"
    CANCELLED = "cancelled"
    REJECTED = "rejected"
    EXPIRED = "expired"


TERMINAL = frozenset({Status.FILLED, Status.CANCELLED, Status.REJECTED, Status.EXPIRED})
_ALLOWED: dict[Status, frozenset[Status]] = {
    Status.INTENDED: frozenset(Status) - {Status.INTENDED},
    Status.UNKNOWN: frozenset(Status) - {Status.INTENDED},
    Status.HELD: frozenset(Status) - {Status.INTENDED},
    Status.WORKING: frozenset({Status.WORKING, Status.HELD, Status.TRIGGERED, Status.UNKNOWN})
    | TERMINAL,
    Status.TRIGGERED: frozenset({Status.TRIGGERED, Status.UNKNOWN}) | TERMINAL,
}


class IllegalTransition(OpenbellError):
    """An exchange reported a change that the order's state does not allow."""


@dataclass(frozen=True, slots=True)
class Order:
    """One order. Quantities in shares: `quantity` is signed (buys positive), `filled` is not.

    An entry carries its protection: the exchange rests `stop_id` at `stop_price` and `target_id`
    at the entry fill plus `target_offset`, in `target_kind`, as soon as the entry fills. One that
    rests at a `level` goes out as a market order where price is beyond that already
    (`is_reached`): an exchange would refuse it as a stop. `their_id` is the exchange's own id of
    it, empty where it has none or nobody knows it yet. `protects` is the entry whose leg it is, of
    an order that the exchange has under no id of ours.
    """

    client_order_id: str
    symbol: str
    leg: Leg
    quantity: int
    reason: str = ""
    price: float | None = None
    reference_price: float | None = None
    stop_price: float | None = None
    target_offset: float | None = None
    stop_id: str | None = None
    target_id: str | None = None
    status: Status = Status.INTENDED
    filled: int = 0
    attempt: int = 1
    is_immediate: bool = False
    order_type: OrderType = OrderType.MARKET
    level: float | None = None
    target_kind: TargetKind = TargetKind.USD
    is_reached: bool = False
    their_id: str = ""
    protects: str = ""

    @property
    def is_live(self) -> bool:
        """Return whether the order may still change."""
        return self.status not in TERMINAL

    @property
    def remaining(self) -> int:
        """Return the unfilled quantity, not signed."""
        return abs(self.quantity) - self.filled


def transition(order: Order, status: Status, *, price: float | None = None) -> Order:
    """Return the order in its next status, or raise IllegalTransition.

    The same terminal status twice is no change: exchanges repeat themselves.
    """
    if order.status in TERMINAL:
        if order.status == status:
            return order
        raise IllegalTransition(
            f"order {order.client_order_id} is {order.status} and was reported {status}",
            "The exchange contradicts itself; check the order there by hand",
        )
    if status not in _ALLOWED[order.status]:
        raise IllegalTransition(
            f"order {order.client_order_id} cannot go from {order.status} to {status}",
            "Check the order at the exchange by hand",
        )
    return replace(order, status=status, price=order.price if price is None else price)


def client_order_id(
    account: str, session: str, strategy: str, symbol: str, leg: Leg, attempt: int
) -> str:
    """Return the id that this intent has whenever and wherever it is made, <= 48 characters.

    The hash keeps accounts and strategies apart; the rest is there for a reader's eyes.
    """
    text = "|".join((account, session, strategy, symbol, leg, str(attempt)))
    digest = hashlib.sha256(text.encode()).hexdigest()[:10]
    return f"ob-{session.replace('-', '')}-{symbol[:12]}-{leg}-{attempt}-{digest}"


# What `client_order_id` makes. A symbol may contain a dash, so the rest is read from the end.
_OURS = re.compile(r"ob-\d{8}-.+-(?:entry|stop|target|exit)-(\d+)-[0-9a-f]{10}")


def is_ours(client_order_id: str) -> bool:
    """Return whether an order's id is one that this bot makes."""
    return _OURS.fullmatch(client_order_id) is not None


def attempt_of(client_order_id: str) -> int:
    """Return the attempt that an id of ours names, 1 for any other id."""
    found = _OURS.fullmatch(client_order_id)
    return int(found[1]) if found else 1


def order_to_fields(order: Order) -> dict[str, Any]:
    """Return an order's fields by name, ready for JSON."""
    return {field.name: getattr(order, field.name) for field in fields(order)}


def order_from_fields(content: dict[str, Any]) -> Order:
    """Return the order that fields by name describe, those of earlier versions too."""
    words: dict[str, type[StrEnum]] = {
        "leg": Leg,
        "status": Status,
        "order_type": OrderType,
        "target_kind": TargetKind,
    }
    named = {name: words[name](value) for name, value in content.items() if name in words}
    return Order(**{**content, **named})
