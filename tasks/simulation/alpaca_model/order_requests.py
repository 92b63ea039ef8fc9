"""A request for an order: read from JSON, and refused where it contradicts itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import TypeVar

from tasks.simulation.alpaca_model.answers import Json, forbidden, invalid, unprocessable
from tasks.simulation.alpaca_model.their_orders import OrderClass, Side, TheirType, number_text

Word = TypeVar("Word", bound=StrEnum)

LONGEST_CLIENT_ID = 48
TIMES_IN_FORCE = ("day", "gtc", "opg", "cls", "ioc", "fok")
OF_COMPLEX_ORDERS = ("day", "gtc")
# From a dollar on a price has cents, below it a hundredth of them.
CENT = Decimal("0.01")
LEAST_CENT = Decimal("0.0001")


@dataclass(frozen=True, slots=True)
class OrderRequest:
    """What `POST /v2/orders` asks for; `take_profit` and `stop_loss` are the legs' prices."""

    symbol: str
    side: Side
    qty: Decimal
    order_class: OrderClass
    order_type: TheirType
    time_in_force: str
    limit_price: Decimal | None
    stop_price: Decimal | None
    take_profit: Decimal | None
    stop_loss: Decimal | None
    stop_loss_limit: Decimal | None
    client_order_id: str
    extended_hours: bool


def read_request(body: Json) -> OrderRequest:
    """Return the request that a body makes, or raise ApiRefusal."""
    if not isinstance(body, dict):
        raise invalid("request body format is invalid")
    symbol, client_order_id = body.get("symbol"), body.get("client_order_id") or ""
    if not isinstance(symbol, str) or not symbol:
        raise invalid("symbol is required")
    if not isinstance(client_order_id, str) or len(client_order_id) > LONGEST_CLIENT_ID:
        raise invalid(f"client_order_id must be no more than {LONGEST_CLIENT_ID} characters")
    order_class = _word(body, "order_class", OrderClass, OrderClass.SIMPLE)
    legs = {name: _leg(body, name) for name in ("take_profit", "stop_loss")}
    take_profit = price(legs["take_profit"], "limit_price")
    order_type = _word(body, "type", TheirType, None)
    limit_price = price(body, "limit_price")
    if order_class is OrderClass.OCO and limit_price is None:
        limit_price = take_profit
    qty = price(body, "qty")
    if qty is None:
        raise invalid("qty is required")
    if qty <= 0:
        raise unprocessable("qty must be > 0")
    request = OrderRequest(
        symbol,
        _word(body, "side", Side, None),
        qty,
        order_class,
        order_type,
        str(body.get("time_in_force", "")),
        limit_price,
        price(body, "stop_price"),
        take_profit,
        price(legs["stop_loss"], "stop_price"),
        price(legs["stop_loss"], "limit_price"),
        client_order_id,
        body.get("extended_hours") is True,
    )
    _refuse_contradictions(request)
    return request


def price(body: Mapping[str, Json], name: str) -> Decimal | None:
    """Return a number of a body, None where it is left out."""
    said = body.get(name)
    if said is None or said == "":
        return None
    try:
        number = Decimal(str(said))
    except InvalidOperation:
        raise invalid(f"invalid {name}") from None
    if not number.is_finite():
        raise invalid(f"invalid {name}")
    return number


def refuse_fraction_of_cent(name: str, number: Decimal | None) -> None:
    """Raise where a price has more digits than the exchanges take."""
    if number is None:
        return
    if number <= 0:
        raise unprocessable(f"{name} must be > 0")
    if number % (CENT if number >= 1 else LEAST_CENT) != 0:
        said = number_text(number)
        raise unprocessable(
            f"invalid {name} {said}. sub-penny increment does not fulfill minimum pricing criteria"
        )


def _leg(body: Mapping[str, Json], name: str) -> Mapping[str, Json]:
    leg = body.get(name) or {}
    if not isinstance(leg, dict):
        raise invalid(f"invalid {name}")
    return leg


def _word(body: Mapping[str, Json], name: str, words: type[Word], left_out: Word | None) -> Word:
    said = body.get(name)
    if not said and left_out is not None:
        return left_out
    try:
        return words(str(said))
    except ValueError:
        raise invalid(f"invalid {name}") from None


def _refuse_contradictions(request: OrderRequest) -> None:
    if request.time_in_force not in TIMES_IN_FORCE:
        raise invalid("invalid time_in_force")
    _refuse_prices(request)
    for name in ("limit_price", "stop_price", "take_profit", "stop_loss", "stop_loss_limit"):
        refuse_fraction_of_cent(name, getattr(request, name))
    if request.order_class is not OrderClass.SIMPLE:
        _refuse_legs(request)
    if request.extended_hours and (
        request.order_type is not TheirType.LIMIT
        or request.time_in_force != "day"
        or request.order_class is not OrderClass.SIMPLE
    ):
        raise unprocessable("extended hours order must be DAY limit orders")
    if request.qty % 1 != 0:
        if request.time_in_force != "day":
            raise unprocessable("fractional orders must be DAY orders")
        if request.order_class is not OrderClass.SIMPLE:
            raise unprocessable("fractional orders must be simple orders")


def _refuse_prices(request: OrderRequest) -> None:
    kind = request.order_type
    for name, needs in (
        ("limit", kind in (TheirType.LIMIT, TheirType.STOP_LIMIT)),
        ("stop", kind in (TheirType.STOP, TheirType.STOP_LIMIT)),
    ):
        is_there = getattr(request, f"{name}_price") is not None
        if needs != is_there:
            raise invalid(f"{kind} orders require {'' if needs else 'no '}{name} price")


def _refuse_legs(request: OrderRequest) -> None:
    kind = request.order_class
    if request.time_in_force not in OF_COMPLEX_ORDERS:
        raise unprocessable(f"{kind} orders must be DAY or GTC orders")
    has_profit, has_stop = request.take_profit is not None, request.stop_loss is not None
    if kind is OrderClass.OTO:
        if has_profit == has_stop:
            raise unprocessable("oto orders require either take_profit or stop_loss")
        return
    if kind is OrderClass.OCO:
        if request.order_type is not TheirType.LIMIT:
            raise unprocessable("oco orders must be limit orders")
        has_profit = True
    if not has_profit:
        raise unprocessable(f"{kind} orders require take_profit.limit_price")
    if not has_stop:
        raise unprocessable(f"{kind} orders require stop_loss.stop_price")


def refuse_cheap(qty: Decimal, price_usd: Decimal) -> None:
    """Raise where an order is worth less than a dollar."""
    if qty * price_usd < 1:
        raise forbidden("cost basis must be >= minimal amount of order 1")


def leg_prices(request: OrderRequest) -> list[tuple[Decimal | None, Decimal | None]]:
    """Return limit price and stop price of each leg: the profit's before the loss's."""
    legs: list[tuple[Decimal | None, Decimal | None]] = []
    if request.order_class is OrderClass.SIMPLE:
        return legs
    if request.take_profit is not None and request.order_class is not OrderClass.OCO:
        legs.append((request.take_profit, None))
    if request.stop_loss is not None:
        legs.append((request.stop_loss_limit, request.stop_loss))
    return legs


def leg_type(limit_price: Decimal | None, stop_price: Decimal | None) -> TheirType:
    """Return the type of a leg by the prices that it has."""
    if stop_price is None:
        return TheirType.LIMIT
    return TheirType.STOP if limit_price is None else TheirType.STOP_LIMIT
