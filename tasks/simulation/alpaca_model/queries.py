"""What the API says of an account, its positions, orders and executions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from tasks.simulation.alpaca_model.acceptance import AccountFlags, buying_power, held_for_orders
from tasks.simulation.alpaca_model.answers import Json, invalid
from tasks.simulation.alpaca_model.order_book import OrderBook
from tasks.simulation.alpaca_model.order_changes import Execution
from tasks.simulation.alpaca_model.their_orders import (
    Side,
    TheirOrder,
    moment_text,
    number_text,
    order_json,
)

MOST_ORDERS = 500
USUAL_ORDERS = 50
MOST_ACTIVITIES = 100


def account_json(
    account_id: str, book: OrderBook, flags: AccountFlags, last_equity: Decimal, began: datetime
) -> Json:
    """Return the account as `GET /v2/account` says it."""
    holdings = book.holdings
    power = number_text(round(buying_power(book, flags), 2))
    gross = holdings.long_value - holdings.short_value
    equity = number_text(round(holdings.equity, 4))
    return {
        "id": account_id,
        "account_number": flags.number,
        "status": flags.status,
        "currency": "USD",
        "cash": number_text(round(holdings.cash, 4)),
        "portfolio_value": equity,
        "equity": equity,
        "last_equity": number_text(last_equity),
        "long_market_value": number_text(round(holdings.long_value, 4)),
        "short_market_value": number_text(round(holdings.short_value, 4)),
        "buying_power": power,
        "daytrading_buying_power": power,
        "regt_buying_power": power,
        "non_marginable_buying_power": number_text(round(max(holdings.cash, Decimal(0)), 4)),
        "initial_margin": number_text(round(gross / 2, 4)),
        "maintenance_margin": number_text(round(gross * Decimal("0.3"), 4)),
        "last_maintenance_margin": "0",
        "multiplier": str(flags.multiplier),
        "sma": "0",
        "daytrade_count": 0,
        "pattern_day_trader": False,
        "shorting_enabled": flags.may_short,
        "trading_blocked": flags.is_trading_blocked,
        "transfers_blocked": False,
        "account_blocked": flags.is_account_blocked,
        "trade_suspended_by_user": flags.is_suspended_by_user,
        "created_at": moment_text(began),
        **flags.more,
    }


def position_json(book: OrderBook, symbol: str, asset_id: str) -> Json:
    """Return a position as `GET /v2/positions` says it; a short's quantity is negative."""
    holdings = book.holdings
    position = holdings.positions[symbol]
    price = holdings.prices[symbol]
    cost = position.qty * position.entry_price
    side = Side.SELL if position.qty > 0 else Side.BUY
    held = sum((o.remaining for o in held_for_orders(book, symbol, side)), Decimal(0))
    free = max(abs(position.qty) - held, Decimal(0)) * (1 if position.qty > 0 else -1)
    profit = holdings.value(symbol) - cost
    fraction = number_text(round(profit / abs(cost), 8))
    return {
        "asset_id": asset_id,
        "symbol": symbol,
        "exchange": "NASDAQ",
        "asset_class": "us_equity",
        "asset_marginable": True,
        "avg_entry_price": number_text(position.entry_price),
        "qty": number_text(position.qty),
        "qty_available": number_text(free),
        "side": "long" if position.qty > 0 else "short",
        "market_value": number_text(holdings.value(symbol)),
        "cost_basis": number_text(cost),
        "unrealized_pl": number_text(profit),
        "unrealized_plpc": fraction,
        "unrealized_intraday_pl": number_text(profit),
        "unrealized_intraday_plpc": fraction,
        "current_price": number_text(price),
        "lastday_price": number_text(price),
        "change_today": "0",
    }


def orders_json(book: OrderBook, query: Mapping[str, str]) -> Json:
    """Return the orders that `GET /v2/orders` asks for; legs stand in their parents if nested."""
    status = query.get("status") or "open"
    if status not in ("open", "closed", "all"):
        raise invalid("invalid status")
    is_nested = query.get("nested", "").lower() == "true"
    symbols = [symbol for symbol in query.get("symbols", "").split(",") if symbol]
    after, until = _moment(query, "after"), _moment(query, "until")
    found = [
        order
        for order in book.orders.values()
        if _is_asked(book, order, status, is_nested=is_nested)
        and (not symbols or order.symbol in symbols)
        and (after is None or order.submitted_at > after)
        and (until is None or order.submitted_at < until)
        and query.get("side", order.side.value) == order.side.value
    ]
    if query.get("direction", "desc") != "asc":
        found.reverse()
    limit = _count(query, "limit", USUAL_ORDERS, MOST_ORDERS)
    return [order_json(o, book.legs(o) if is_nested else None) for o in found[:limit]]


def _is_asked(book: OrderBook, order: TheirOrder, status: str, *, is_nested: bool) -> bool:
    if is_nested and order.parent_id:
        return False
    if status == "all":
        return True
    # A parent that is filled is open still for those who ask nested, while a leg of it is.
    is_open = order.is_open or (is_nested and any(leg.is_open for leg in book.legs(order)))
    return is_open == (status == "open")


def activities_json(
    executions: Sequence[Execution], account_id: str, query: Mapping[str, str]
) -> Json:
    """Return executions as `GET /v2/account/activities` pages them."""
    after, until = _moment(query, "after"), _moment(query, "until")
    day = query.get("date", "")[:10]
    found = [
        execution
        for execution in executions
        if (after is None or execution.at > after)
        and (until is None or execution.at < until)
        and (not day or execution.at.date().isoformat() == day)
    ]
    # By their ids, which begin with the moment.
    found.sort(key=activity_id, reverse=query.get("direction", "desc") != "asc")
    token = query.get("page_token")
    if token:
        place = next((i for i, e in enumerate(found) if activity_id(e) == token), None)
        if place is None:
            raise invalid("invalid page_token")
        found = found[place + 1 :]
    size = _count(query, "page_size", MOST_ACTIVITIES, MOST_ACTIVITIES)
    return [_activity_json(execution, account_id) for execution in found[:size]]


def activity_id(execution: Execution) -> str:
    """Return the id by which an execution is paged: its moment to the millisecond, then its own."""
    return f"{execution.at:%Y%m%d%H%M%S}{execution.at.microsecond // 1000:03d}::{execution.id}"


def _activity_json(execution: Execution, account_id: str) -> Json:
    return {
        "id": activity_id(execution),
        "account_id": account_id,
        "activity_type": "FILL",
        "transaction_time": moment_text(execution.at),
        "type": "fill" if execution.leaves_qty == 0 else "partial_fill",
        "price": number_text(execution.price),
        "qty": number_text(execution.qty),
        "side": execution.side,
        "symbol": execution.symbol,
        "leaves_qty": number_text(execution.leaves_qty),
        "order_id": execution.order_id,
        "cum_qty": number_text(execution.cum_qty),
        "order_status": execution.status,
    }


def _moment(query: Mapping[str, str], name: str) -> datetime | None:
    said = query.get(name)
    if not said:
        return None
    try:
        moment = datetime.fromisoformat(said.replace("Z", "+00:00").replace(" ", "+"))
    except ValueError:
        raise invalid(f"invalid {name}") from None
    if moment.tzinfo is None:
        raise invalid(f"invalid {name}: it has no zone")
    return moment


def _count(query: Mapping[str, str], name: str, usual: int, most: int) -> int:
    said = query.get(name) or str(usual)
    if not said.isdigit() or not 1 <= int(said) <= most:
        raise invalid(f"{name} must be between 1 and {most}")
    return int(said)
