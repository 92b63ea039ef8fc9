"""What happened: the only way by which a session's state learns of the world."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from trading.session.broker.facts import EARLIER
from trading.session.orders import Leg, Order, OrderType, Status, TargetKind


@dataclass(frozen=True, slots=True)
class SessionStarted:
    """A session began, with everything that it inherits (see `SessionState.inheritance`).

    `plan` is the whole plan that it is traded with to its end (see `trading.plan_record`); rows
    of earlier versions have none.
    """

    session: str
    open_us: int
    close_us: int
    inheritance: dict[str, object]
    plan: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class BarClosed:
    """A bar as consumed: prices (USD) by symbol in configured order, None where missing.

    By symbol, `gates` holds the word of a reason that forbids entries, or nothing; `feeds` which
    provider or feed the bar is of, nothing where nobody says. `feed_changed` and `late` say that
    the session's earlier bars are of another feed, and that the bar was not complete.
    `arrived_us` is when it was consumed by the session's clock, microseconds since 1970 UTC; rows
    of earlier versions say 0.
    """

    session: str
    bar: int
    start_us: int
    open: list[float | None]
    high: list[float | None]
    low: list[float | None]
    close: list[float | None]
    volume: list[float | None]
    gates: list[str]
    sources: list[str] = field(default_factory=list)
    arrived_us: int = 0
    feeds: list[str] = field(default_factory=list)
    feed_changed: list[bool] = field(default_factory=list)
    late: list[bool] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class BarPassed:
    """A bar was history when it was decided on: its orders waited for those that followed."""

    session: str
    bar: int


@dataclass(frozen=True, slots=True)
class ExchangeView:
    """By what else than the books orders are planned from here on.

    `elsewhere` is by symbol what the exchange holds, signed, where the books hold another
    quantity; `refused` says by symbol why it is left alone until its next bar. `abilities` are what
    the exchange can do, by name. `cut` names the entries whose rest is not waited for any more,
    `paused` the symbols that are left alone for the moment.
    """

    elsewhere: dict[str, int] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    abilities: list[str] = field(default_factory=lambda: list(EARLIER))
    cut: list[str] = field(default_factory=list)
    paused: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Fill:
    """A part of an order was traded; `quantity` is signed (buys positive), price in USD."""

    exec_id: str
    client_order_id: str
    symbol: str
    leg: str
    quantity: int
    price: float
    commission: float
    us: int


@dataclass(frozen=True, slots=True)
class OrderUpdate:
    """An order changed its status or its price at the exchange.

    `their_id` is the exchange's own id of it. A refusal's `reason` is as `broker_answers.reason_of`
    makes it.
    """

    client_order_id: str
    symbol: str
    leg: str
    status: Status
    us: int
    price: float | None = None
    quantity: int = 0
    reason: str = ""
    their_id: str = ""


@dataclass(frozen=True, slots=True)
class Intent:
    """The bot is about to ask the exchange for something: submit, replace or cancel.

    `us` is when it was made, microseconds since 1970 UTC, 0 where no clock was asked. One that
    came too late for the bar that has begun fills in none that starts before `fills_from_us`. An
    `exit` with `is_immediate` is to be filled at the newest price known, which is its reference
    price. One with `is_adopted` was found at the exchange under an id of ours, and is not asked
    again. What an entry's other fields say, its order has: see `Order`.
    """

    action: str
    client_order_id: str
    symbol: str
    leg: str
    quantity: int
    epoch: int
    attempt: int = 1
    reason: str = ""
    price: float | None = None
    reference_price: float | None = None
    stop_price: float | None = None
    target_offset: float | None = None
    stop_id: str | None = None
    target_id: str | None = None
    us: int = 0
    fills_from_us: int = 0
    is_immediate: bool = False
    is_adopted: bool = False
    order_type: str = OrderType.MARKET
    level: float | None = None
    target_kind: str = TargetKind.USD
    is_reached: bool = False


class Gap(StrEnum):
    """What became of a position without a resting stop of its quantity."""

    OVER = "over"
    LEFT = "left"
    STUCK = "stuck"


@dataclass(frozen=True, slots=True)
class Unprotected:
    """A position had no resting stop for `quantity` of its shares from `since_us` to `us`.

    It has been `over` since then, or the position is `left` at market from here on, or it is
    `stuck`: it is being left already and is there all the same. `reason` says why it is left or
    stuck. `speed` is how many seconds of the session's clock went by in one of the machine's.
    """

    symbol: str
    since_us: int
    us: int
    quantity: int
    became: Gap
    reason: str = ""
    speed: float = 1.0

    @property
    def seconds(self) -> float:
        """Return how long it was, by the clock by which it is bounded: the machine's."""
        return (self.us - self.since_us) / 1e6 / self.speed


# Whose a discrepancy is that names no symbol.
EVERY_SYMBOL = "every symbol"


@dataclass(frozen=True, slots=True)
class Discrepancy:
    """Something was said of a symbol that cannot be booked; `said` is what the exchange said.

    A row of the journal that this version cannot read is one too.
    """

    symbol: str
    reason: str
    said: dict[str, object]
    us: int = 0


@dataclass(frozen=True, slots=True)
class Command:
    """An operator's word: `halt`, `flatten` or `resume`.

    A session that is stopped says two others: `leave` is a flatten without a halt, `withdraw`
    cancels the entries that rest.
    """

    command: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class SessionClosed:
    """A session is over; `equity` is its last point, USD."""

    session: str
    equity: float


@dataclass(frozen=True, slots=True)
class Transfer:
    """Money came to the account or left it, after a session: `amount` is decimal text, USD.

    It is no profit: the next session's baseline holds it.
    """

    amount: str
    note: str
    us: int


Event = (
    SessionStarted
    | BarClosed
    | BarPassed
    | ExchangeView
    | Fill
    | OrderUpdate
    | Intent
    | Unprotected
    | Discrepancy
    | Command
    | SessionClosed
    | Transfer
)


KINDS: dict[str, type[Event]] = {
    "session_started": SessionStarted,
    "bar": BarClosed,
    "bar_passed": BarPassed,
    "exchange_view": ExchangeView,
    "fill": Fill,
    "order_update": OrderUpdate,
    "intent": Intent,
    "unprotected": Unprotected,
    "discrepancy": Discrepancy,
    "command": Command,
    "session_closed": SessionClosed,
    "transfer": Transfer,
}


KIND_OF: dict[type[Event], str] = {event: kind for kind, event in KINDS.items()}


def order_of(intent: Intent) -> Order:
    """Return the order that a submit intent asks for."""
    return Order(
        intent.client_order_id,
        intent.symbol,
        Leg(intent.leg),
        intent.quantity,
        reason=intent.reason,
        price=intent.price,
        reference_price=intent.reference_price,
        stop_price=intent.stop_price,
        target_offset=intent.target_offset,
        stop_id=intent.stop_id,
        target_id=intent.target_id,
        attempt=intent.attempt,
        is_immediate=intent.is_immediate,
        order_type=OrderType(intent.order_type),
        level=intent.level,
        target_kind=TargetKind(intent.target_kind),
        is_reached=intent.is_reached,
    )


def intent_of(order: Order) -> Intent:
    """Return the submit intent that an order was sent by, as far as the order says."""
    return Intent(
        "submit",
        order.client_order_id,
        order.symbol,
        order.leg,
        order.quantity,
        0,
        order.attempt,
        order.reason,
        order.price,
        order.reference_price,
        order.stop_price,
        order.target_offset,
        order.stop_id,
        order.target_id,
        is_immediate=order.is_immediate,
        order_type=order.order_type,
        level=order.level,
        target_kind=order.target_kind,
        is_reached=order.is_reached,
    )


def update_of(order: Order, us: int = 0, reason: str = "") -> OrderUpdate:
    """Return how an order stands as news of it; `us` is when, 0 where nobody says."""
    return OrderUpdate(
        order.client_order_id,
        order.symbol,
        order.leg,
        order.status,
        us,
        order.price,
        order.quantity,
        reason,
        order.their_id,
    )
