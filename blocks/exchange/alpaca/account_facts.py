"""What Alpaca says of an account, a share and the time."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from blocks.exchange.alpaca.line.replies import Json
from blocks.exchange.alpaca.orders.their_order import unreadable
from trading.session.broker.facts import BrokerAccount, BrokerClock, Instrument

OPEN_ACCOUNTS = ("ACTIVE", "PAPER_ONLY")
# Its owner's personal details have changed: until that is approved it may not be allowed to trade.
UPDATED_ACCOUNT = "ACCOUNT_UPDATED"
WHERE = "see alpaca.markets"


class _Said(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    @model_validator(mode="before")
    @classmethod
    def _without_what_is_empty(cls, document: Any) -> Any:
        """Return a document without fields that say nothing: they are as if left out."""
        if not isinstance(document, dict):
            return document
        return {name: value for name, value in document.items() if value not in (None, "")}


class _Account(_Said):
    id: str
    status: str
    account_number: str = ""
    currency: str | None = "USD"
    equity: Decimal
    cash: Decimal = Decimal(0)
    buying_power: Decimal = Decimal(0)
    multiplier: Decimal | None = None
    shorting_enabled: bool = False
    trading_blocked: bool = False
    account_blocked: bool = False
    trade_suspended_by_user: bool = False


class _Asset(_Said):
    symbol: str
    status: str = "active"
    tradable: bool = False
    shortable: bool = False
    easy_to_borrow: bool = False
    fractionable: bool = False
    # Alpaca says it only of an order that it refuses; others say it here.
    halted: bool = False


class _Clock(_Said):
    timestamp: datetime
    is_open: bool


class _Position(_Said):
    symbol: str
    qty: Decimal
    side: str = ""


def account_in(document: Json) -> tuple[str, BrokerAccount]:
    """Return an account's id and what it may do. The day-trade count decides nothing any more.

    Raises ExchangeUnavailable where the answer is something else.
    """
    try:
        said = _Account.model_validate(document)
    except ValidationError as error:
        raise unreadable("an account", error) from None
    return said.id, BrokerAccount(
        equity=said.equity,
        cash=said.cash,
        buying_power=said.buying_power,
        may_short=said.shorting_enabled and (said.multiplier is None or said.multiplier > 1),
        blocked=_blocked(said),
        currency=said.currency or "USD",
        number=f"...{said.account_number[-4:]}" if said.account_number else "",
    )


def instrument_in(document: Json, symbol: str) -> Instrument:
    """Return what Alpaca allows of a symbol. Raises ExchangeUnavailable as `account_in`."""
    try:
        said = _Asset.model_validate(document)
    except ValidationError as error:
        raise unreadable(f"the asset {symbol}", error) from None
    return Instrument(
        symbol,
        is_tradable=said.tradable and said.status.lower() == "active",
        is_shortable=said.shortable,
        is_easy_to_borrow=said.easy_to_borrow,
        is_fractionable=said.fractionable,
        is_halted=said.halted or said.status.lower() == "halted",
    )


def unknown_instrument(symbol: str) -> Instrument:
    """Return what may be done with a symbol that Alpaca does not know: nothing."""
    return Instrument(symbol, False, False, False, False)


def clock_in(document: Json) -> BrokerClock:
    """Return Alpaca's time. Raises ExchangeUnavailable as `account_in`."""
    try:
        said = _Clock.model_validate(document)
    except ValidationError as error:
        raise unreadable("a clock", error) from None
    moment = said.timestamp if said.timestamp.tzinfo else said.timestamp.replace(tzinfo=UTC)
    return BrokerClock(moment.astimezone(UTC), said.is_open)


def positions_in(document: Json) -> dict[str, int]:
    """Return signed quantities by Alpaca's names. Raises ExchangeUnavailable as `account_in`.

    A part of a share counts as a whole one: it must not look like nothing.
    """
    if not isinstance(document, list):
        raise unreadable("a list of positions")
    found: dict[str, int] = {}
    for item in document:
        try:
            said = _Position.model_validate(item)
        except ValidationError as error:
            raise unreadable("a position", error) from None
        shares = whole(abs(said.qty))
        if shares:
            found[said.symbol] = -shares if said.side == "short" or said.qty < 0 else shares
    return found


def whole(shares: Decimal) -> int:
    """Return shares, not signed, with a part of one counted as one."""
    return int(shares) + (1 if shares != int(shares) else 0)


def _blocked(said: _Account) -> str:
    if said.account_blocked:
        return f"alpaca has blocked the account (account_blocked); {WHERE}"
    if said.trading_blocked:
        return f"alpaca has blocked trading in the account (trading_blocked); {WHERE}"
    if said.trade_suspended_by_user:
        return (
            "trading is suspended in the account's own settings (trade_suspended_by_user);"
            f" allow it at {WHERE.removeprefix('see ')}"
        )
    if said.status.upper() == UPDATED_ACCOUNT:
        return (
            "alpaca looks at the account's changed personal details, and may refuse orders until"
            f" it has approved them (status {UPDATED_ACCOUNT}); {WHERE}"
        )
    if said.status.upper() not in OPEN_ACCOUNTS:
        return f"the account is not open for trading: its status is {said.status[:40]}; {WHERE}"
    return ""
