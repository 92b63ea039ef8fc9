"""Whether the account may send an order: what the broker tests before it takes one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from tasks.simulation.alpaca_model.answers import Json, forbidden, invalid, unprocessable
from tasks.simulation.alpaca_model.assets import Asset
from tasks.simulation.alpaca_model.holdings import Holdings
from tasks.simulation.alpaca_model.order_book import OrderBook
from tasks.simulation.alpaca_model.order_requests import CENT, OrderRequest, refuse_cheap
from tasks.simulation.alpaca_model.their_orders import (
    OrderClass,
    Side,
    TheirOrder,
    TheirStatus,
    TheirType,
    number_text,
)

# What a short costs beyond its price in buying power: the broker asks for the ask and 3 %.
SHORT_COLLAR = Decimal("1.03")
# Below it an account has no margin, and may not sell short.
LEAST_MARGIN_EQUITY = 2000


@dataclass(slots=True)
class AccountFlags:
    """What the broker has set on the account; `multiplier` is that of the intraday margin."""

    number: str = "PA3DOUBLE001"
    multiplier: int = 4
    may_short: bool = True
    is_trading_blocked: bool = False
    is_account_blocked: bool = False
    is_suspended_by_user: bool = False
    status: str = "ACTIVE"
    more: dict[str, Json] = field(default_factory=dict)


def held_for_orders(book: OrderBook, symbol: str, side: Side) -> list[TheirOrder]:
    """Return the orders by which a position is spoken for: of alternatives one."""
    found: list[TheirOrder] = []
    for order in book.open_orders(symbol):
        if order.side is not side:
            continue
        parent = book.parent(order)
        # A held leg closes what its parent has yet to open.
        is_waiting = order.status is TheirStatus.HELD and order.order_class is not OrderClass.OCO
        if is_waiting or any(other in found for other in book.alternatives(order)):
            continue
        if parent is None or not parent.is_open or parent not in found:
            found.append(order)
    return found


def buying_power(book: OrderBook, flags: AccountFlags) -> Decimal:
    """Return what may still be bought: equity by the multiplier, less what is held and ordered."""
    holdings = book.holdings
    gross = holdings.long_value - holdings.short_value
    left = holdings.equity * flags.multiplier - gross - _reserved(book)
    return max(left, Decimal(0))


def _reserved(book: OrderBook) -> Decimal:
    total = Decimal(0)
    for order in book.open_orders():
        if not order.parent_id and _opens(book.holdings, order.symbol, order.side):
            total += order.remaining * _cost(book.holdings, order)
    return total


def _opens(holdings: Holdings, symbol: str, side: Side) -> bool:
    return holdings.quantity(symbol) * side.sign >= 0


def _cost(holdings: Holdings, order: OrderRequest | TheirOrder) -> Decimal:
    """Return what one share of an order counts for in buying power, USD."""
    last = holdings.prices.get(order.symbol, Decimal(0))
    price = order.limit_price or order.stop_price or last
    if order.side is Side.SELL:
        return max(price, last) * SHORT_COLLAR if order.limit_price is None else price
    return price


def refuse_order(
    request: OrderRequest, book: OrderBook, assets: Mapping[str, Asset], flags: AccountFlags
) -> None:
    """Raise ApiRefusal for the first thing that speaks against an order."""
    _refuse_account(flags)
    if request.client_order_id in book.by_client_id:
        raise invalid("client_order_id must be unique")
    asset = assets.get(request.symbol)
    if asset is None:
        raise unprocessable(f'asset "{request.symbol}" not found')
    if not asset.is_tradable:
        raise unprocessable(f'asset "{request.symbol}" is not tradable')
    if asset.is_halted:
        raise unprocessable(f'trading is halted for asset "{request.symbol}"')
    if request.qty % 1 != 0 and not asset.is_fractionable:
        raise forbidden(f'asset "{request.symbol}" is not fractionable')
    opens = _opens(book.holdings, request.symbol, request.side)
    if request.order_class is OrderClass.BRACKET and not opens:
        raise unprocessable("bracket orders must be entry orders")
    if request.order_class is OrderClass.OCO and opens:
        raise unprocessable("oco orders must be exit orders")
    refuse_prices(request, book.holdings)
    _refuse_wash_trade(request, book)
    if opens:
        _refuse_opening(request, book, asset, flags)
    else:
        _refuse_closing(request.qty, request.symbol, request.side, book)


def _refuse_account(flags: AccountFlags) -> None:
    if flags.is_account_blocked:
        raise forbidden("account is blocked")
    if flags.is_trading_blocked:
        raise forbidden("account is not authorized to trade")
    if flags.is_suspended_by_user:
        raise forbidden("new orders are rejected by user request")
    if flags.status != "ACTIVE":
        raise forbidden("account is not active")


def refuse_prices(request: OrderRequest, holdings: Holdings) -> None:
    """Raise where a stop would be reached at once, or a leg lies on the wrong side."""
    last, sign = holdings.prices.get(request.symbol), request.side.sign
    refuse_reached_stop(request.side, request.stop_price, last)
    if request.order_class is OrderClass.OCO:
        refuse_reached_stop(request.side, request.stop_loss, last)
        base, sign = request.limit_price, -sign
    else:
        base = request.limit_price or request.stop_price or last
    if base is None or request.order_class is OrderClass.SIMPLE:
        return
    said: dict[str, Json] = {"base_price": number_text(base)}
    above, below = (">=", "<=") if sign > 0 else ("<=", ">=")
    plus, minus = ("+", "-") if sign > 0 else ("-", "+")
    profit, loss = request.take_profit, request.stop_loss
    if request.order_class is OrderClass.OCO:
        profit = None
    if profit is not None and (profit - base) * sign < CENT:
        raise unprocessable(
            f"take_profit.limit_price must be {above} base_price {plus} 0.01", **said
        )
    if loss is not None and (base - loss) * sign < CENT:
        raise unprocessable(f"stop_loss.stop_price must be {below} base_price {minus} 0.01", **said)


def refuse_reached_stop(side: Side, stop_price: Decimal | None, last: Decimal | None) -> None:
    """Raise where the market is at a stop or beyond it."""
    if stop_price is None or last is None or (stop_price - last) * side.sign > 0:
        return
    how = "greater" if side is Side.BUY else "less"
    raise unprocessable(
        f"stop price must be {how} than current price", current_price=number_text(last)
    )


def _refuse_wash_trade(request: OrderRequest, book: OrderBook) -> None:
    """Raise where an order could trade with one of the account's own on the other side."""
    for other in book.open_orders(request.symbol):
        if other.side is request.side or other.status is TheirStatus.HELD:
            continue
        if request.order_type is other.order_type is TheirType.LIMIT:
            buy, sell = request.limit_price, other.limit_price
            if request.side is Side.SELL:
                buy, sell = sell, buy
            if buy is not None and sell is not None and buy < sell:
                continue
            reason = "opposite side limit order exists"
        else:
            reason = "opposite side market/stop order exists"
        raise forbidden(
            "potential wash trade detected. use complex orders",
            existing_order_id=other.id,
            reject_reason=reason,
        )


def _refuse_opening(
    request: OrderRequest, book: OrderBook, asset: Asset, flags: AccountFlags
) -> None:
    holdings = book.holdings
    if request.side is Side.SELL:
        if not flags.may_short or holdings.equity < LEAST_MARGIN_EQUITY:
            raise forbidden("account is not allowed to short")
        if not asset.is_shortable:
            raise unprocessable(f'asset "{request.symbol}" cannot be sold short')
        if request.qty % 1 != 0:
            raise unprocessable("fractional orders cannot be sold short")
    price = _cost(holdings, request)
    if price > 0:
        refuse_cheap(request.qty, price)
    _refuse_cost(request.qty * price, book, flags)


def _refuse_cost(cost: Decimal, book: OrderBook, flags: AccountFlags) -> None:
    left = buying_power(book, flags)
    if cost > left:
        raise forbidden(
            "insufficient buying power",
            buying_power=number_text(round(left, 2)),
            cost_basis=number_text(round(cost, 2)),
        )


def refuse_more(qty: Decimal, order: TheirOrder, book: OrderBook, flags: AccountFlags) -> None:
    """Raise where an order cannot be made larger by a quantity."""
    if _opens(book.holdings, order.symbol, order.side):
        _refuse_cost(qty * _cost(book.holdings, order), book, flags)
    else:
        _refuse_closing(qty, order.symbol, order.side, book)


def _refuse_closing(qty: Decimal, symbol: str, side: Side, book: OrderBook) -> None:
    existing = abs(book.holdings.quantity(symbol))
    others = held_for_orders(book, symbol, side)
    held = sum((order.remaining for order in others), Decimal(0))
    available = max(existing - held, Decimal(0))
    if qty > available:
        asked, left = number_text(qty), number_text(available)
        raise forbidden(
            f"insufficient qty available for order (requested: {asked}, available: {left})",
            available=left,
            existing_qty=number_text(existing),
            held_for_orders=number_text(held),
            related_orders=[order.id for order in others],
            symbol=symbol,
        )
