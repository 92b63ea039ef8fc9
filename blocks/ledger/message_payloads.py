"""Messages as validated payloads: what the outbox keeps as JSON, and what an embed is made of."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, TypeAdapter, model_validator

from trading.session.messages.message import Message

Price = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Amount = Annotated[float, Field(allow_inf_nan=False)]
Text = Annotated[str, Field(min_length=1)]


class _Payload(BaseModel):
    model_config = ConfigDict(from_attributes=True, frozen=True, extra="forbid")

    timestamp: AwareDatetime
    account_id: Text


class OrderPayload(_Payload):
    """An order's fate; prices in USD, quantities in shares and never signed."""

    event_type: Literal["ORDER_SENT", "ORDER_FILLED", "ORDER_CANCELLED"]
    order_id: Text
    symbol: Text
    side: Literal["buy", "sell"]
    order_type: Literal["market", "limit", "stop"]
    quantity: int = Field(gt=0)
    strategy_name: Text
    signal_reason: str = ""
    fill_price: Price | None = None
    filled_quantity: int | None = Field(default=None, ge=0)
    remaining_quantity: int | None = Field(default=None, ge=0)
    cancel_reason: str | None = None
    order_price: Price | None = None
    exchange: Text

    @model_validator(mode="after")
    def _has_what_its_kind_needs(self) -> OrderPayload:
        if self.event_type == "ORDER_FILLED" and not (self.fill_price and self.filled_quantity):
            raise ValueError("ORDER_FILLED needs fill_price and filled_quantity")
        if self.event_type == "ORDER_CANCELLED" and not self.cancel_reason:
            raise ValueError("ORDER_CANCELLED needs cancel_reason")
        return self

    @property
    def slippage_per_share(self) -> float | None:
        """Return by how much the fill is worse than the order's price, USD; negative is better."""
        if self.fill_price is None or self.order_price is None:
            return None
        difference = self.fill_price - self.order_price
        return difference if self.side == "buy" else -difference

    @property
    def slippage(self) -> float | None:
        """Return what the fill cost beyond the order's price in all, USD; negative is better."""
        per_share = self.slippage_per_share
        return None if per_share is None else per_share * (self.filled_quantity or 0)


class TradePayload(_Payload):
    """A closed trade; `pnl_pct` is a fraction of the entry's value."""

    event_type: Literal["TRADE_CLOSED"]
    symbol: Text
    side: Literal["long", "short"]
    quantity: int = Field(gt=0)
    entry_price: Price
    exit_price: Price
    pnl: Amount
    pnl_pct: Amount
    exit_reason: Text
    strategy_name: Text


class RangeLevelPayload(BaseModel):
    """A symbol's opening range; None where its bars were not all there."""

    model_config = ConfigDict(from_attributes=True, frozen=True, extra="forbid")

    symbol: Text
    high: Price | None
    low: Price | None
    body_pct: Amount | None


class RangePayload(_Payload):
    """Opening ranges of every symbol."""

    event_type: Literal["ORB_ESTABLISHED"]
    levels: tuple[RangeLevelPayload, ...]


class MarketPayload(_Payload):
    """A session's beginning or end."""

    event_type: Literal["MARKET_START", "MARKET_CLOSE"]
    status: Literal["healthy", "degraded", "unhealthy"]
    provider: str
    details: tuple[str, ...]


class SummaryPayload(_Payload):
    """A session's result."""

    event_type: Literal["DAILY_SUMMARY"]
    date: Text
    equity: Amount
    pnl: Amount
    trades: int = Field(ge=0)
    breakouts: Annotated[int, Field(ge=0)] | None = None
    signals: tuple[tuple[str, int], ...]
    rejections: tuple[tuple[str, int], ...]
    levels: tuple[RangeLevelPayload, ...]
    provider: str


class SystemPayload(_Payload):
    """Trouble."""

    event_type: Literal["SYSTEM_WARNING", "SYSTEM_ERROR"]
    severity: Literal["warning", "error", "critical"]
    title: Text
    message: str
    component: str
    action_required: str
    details: tuple[tuple[str, str], ...]


Payload = Annotated[
    OrderPayload | TradePayload | RangePayload | MarketPayload | SummaryPayload | SystemPayload,
    Field(discriminator="event_type"),
]
_PAYLOAD: TypeAdapter[Payload] = TypeAdapter(Payload)


def payload_of(message: Message) -> Payload:
    """Return a message as a payload; raises pydantic's ValidationError for one that is not whole.

    The message's id stays outside: it is the outbox's key.
    """
    return _PAYLOAD.validate_python(message, from_attributes=True)


def payload_to_json(payload: Payload) -> str:
    """Return a payload as JSON; floats keep every bit."""
    return _PAYLOAD.dump_json(payload).decode()


def payload_from_json(text: str) -> Payload:
    """Return the payload that JSON holds; raises pydantic's ValidationError."""
    return _PAYLOAD.validate_json(text)
