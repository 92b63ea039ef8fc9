"""An order as Alpaca says it."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, ValidationError

from blocks.exchange.alpaca.line.replies import Json
from trading.session.broker.answers import ExchangeUnavailable
from trading.session.orders import Status


def _nothing(value: object) -> object:
    """Return None for an empty text: Alpaca leaves fields empty in some answers."""
    return None if value == "" else value


def _aware(moment: datetime | None) -> datetime | None:
    """Return a moment with a zone: one that names none is UTC."""
    return moment.replace(tzinfo=UTC) if moment is not None and moment.tzinfo is None else moment


Number = Annotated[Decimal | None, BeforeValidator(_nothing)]
Moment = Annotated[datetime | None, BeforeValidator(_nothing), AfterValidator(_aware)]
Text = Annotated[str, BeforeValidator(lambda value: value or "")]

# What no request and no trade changes any more.
ENDED = {
    "filled": Status.FILLED,
    "canceled": Status.CANCELLED,
    "replaced": Status.CANCELLED,
    "rejected": Status.REJECTED,
    "expired": Status.EXPIRED,
}
UNDER_WAY = frozenset(
    {
        "accepted", "accepted_for_bidding", "calculated", "done_for_day", "held", "new",
        "partially_filled", "pending_cancel", "pending_new", "pending_replace", "stopped",
        "suspended",
    }
)  # fmt: skip
# Alpaca cannot fill these before another day, and all orders of ours end with the day.
OVER_FOR_THE_DAY = frozenset({"done_for_day", "calculated"})
# They are Alpaca's, and guard nothing while they are so.
ASLEEP = frozenset({"held", "suspended"})


class TheirOrder(BaseModel):
    """One order; quantities in shares, not signed, prices in USD, `legs` where it was asked."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: str
    status: str
    symbol: Text = ""
    client_order_id: Text = ""
    side: str | None = None
    type: str | None = None
    order_class: str | None = None
    qty: Number = None
    filled_qty: Number = None
    filled_avg_price: Number = None
    limit_price: Number = None
    stop_price: Number = None
    submitted_at: Moment = None
    updated_at: Moment = None
    failed_at: Moment = None
    expired_at: Moment = None
    canceled_at: Moment = None
    replaced_by: str | None = None
    replaces: str | None = None
    legs: list[TheirOrder] | None = None

    @property
    def filled(self) -> Decimal:
        """Return the shares that were traded, not signed."""
        return self.filled_qty or Decimal(0)

    @property
    def sign(self) -> int:
        """Return 1 for what buys, -1 for what sells."""
        return 1 if self.side == "buy" else -1

    @property
    def end(self) -> Status | None:
        """Return how the order ended for good, None while it may still trade."""
        if self.status in ENDED:
            return ENDED[self.status]
        if self.status in UNDER_WAY:
            return None
        # A status that Alpaca invents one day: what else it says tells whether it is an end.
        if self.is_whole:
            return Status.FILLED
        ends = {
            Status.REJECTED: self.failed_at,
            Status.EXPIRED: self.expired_at,
            Status.CANCELLED: self.canceled_at,
        }
        return next((end for end, moment in ends.items() if moment is not None), None)

    @property
    def is_ended(self) -> bool:
        """Return whether the order is over for good."""
        return self.end is not None

    @property
    def is_whole(self) -> bool:
        """Return whether all of it was traded."""
        return self.status == "filled" or (self.qty is not None and self.filled >= self.qty)

    @property
    def price(self) -> float | None:
        """Return the level at which it rests, USD, None for a market order."""
        level = self.stop_price if self.stop_price is not None else self.limit_price
        return None if level is None else float(level)

    @property
    def changed_us(self) -> int:
        """Return when it last changed, microseconds since 1970 UTC, 0 where Alpaca is silent."""
        return microseconds(self.updated_at or self.submitted_at)


def status_of(order: TheirOrder, *, is_guarded: bool) -> Status:
    """Return where an order is. `is_guarded` says of a leg that what it waited for is done.

    Alpaca keeps the stop of a bracket `held` beside the resting target after the entry is filled
    completely, and watches its price all the same; before that, both legs are asleep.
    """
    if order.end is not None:
        return order.end
    if order.status in OVER_FOR_THE_DAY:
        return Status.FILLED if order.is_whole else Status.EXPIRED
    if order.status == "stopped":
        # A trade is promised, and not made yet.
        return Status.TRIGGERED
    if order.status == "held" and is_guarded:
        return Status.WORKING
    # One whose status Alpaca invents one day may still trade, as long as it does not say when it
    # ended.
    return Status.HELD if order.status in ASLEEP else Status.WORKING


def order_in(document: Json) -> TheirOrder:
    """Return the order in an answer. Raises ExchangeUnavailable where there is none."""
    try:
        return TheirOrder.model_validate(document)
    except ValidationError as error:
        raise unreadable("an order", error) from None


def orders_in(document: Json) -> list[TheirOrder]:
    """Return the orders in an answer. Raises ExchangeUnavailable where it is something else."""
    if not isinstance(document, list):
        raise unreadable("a list of orders")
    return [order_in(item) for item in document]


def unreadable(what: str, error: ValidationError | None = None) -> ExchangeUnavailable:
    """Return the failure of an answer of another shape than was asked for."""
    where = ""
    if error is not None:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        # Without a place it is no object at all.
        where = f" ({place}: {first['msg']})" if place else ""
    return ExchangeUnavailable(
        f"alpaca sent something else than {what}{where}",
        "It is asked again; if that lasts, update openbell or alpaca-py",
    )


def microseconds(moment: datetime | None) -> int:
    """Return a moment as microseconds since 1970 UTC, 0 for none."""
    if moment is None:
        return 0
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    since = aware - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
