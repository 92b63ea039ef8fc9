"""What Alpaca is asked for an intent: prices to its tick, whole shares, good for the day."""

from __future__ import annotations

import math
from decimal import Decimal

from blocks.exchange.alpaca.line.replies import Json
from blocks.exchange.alpaca.orders.their_order import TheirOrder
from trading.engine.targets import target_level
from trading.prices import round_down, round_up
from trading.session.entry_terms import TARGET_KINDS
from trading.session.events import Intent
from trading.session.orders import Leg, OrderType, TargetKind

# Of a price below 1 USD Alpaca takes four decimals, else two.
UNITS_BELOW_A_DOLLAR, UNITS = 1, 100


def submission_of(intent: Intent, name: str) -> dict[str, Json]:
    """Return the body that asks for an order; `name` is Alpaca's name of the symbol."""
    is_buy = intent.quantity > 0
    body: dict[str, Json] = {
        "symbol": name,
        "qty": str(abs(intent.quantity)),
        "side": "buy" if is_buy else "sell",
        "time_in_force": "day",
        "extended_hours": False,
        "client_order_id": intent.client_order_id,
        "order_class": "simple",
    }
    if intent.leg == Leg.ENTRY:
        return body | _entry(intent, is_buy=is_buy) | _protection(intent, is_buy=is_buy)
    if intent.leg == Leg.EXIT or intent.price is None:
        return body | {"type": "market"}
    level = exit_price(intent.price, is_buy=is_buy)
    if intent.leg == Leg.STOP:
        return body | {"type": "stop", "stop_price": level}
    if intent.stop_price is None or intent.stop_id is None:
        return body | {"type": "limit", "limit_price": level}
    return body | {
        "order_class": "oco",
        "type": "limit",
        "take_profit": {"limit_price": level},
        "stop_loss": {"stop_price": exit_price(intent.stop_price, is_buy=is_buy)},
    }


def replacement_of(intent: Intent, current: TheirOrder) -> dict[str, Json]:
    """Return the body that moves an order, empty where it is as it is wanted already."""
    is_buy = intent.quantity > 0
    body: dict[str, Json] = {}
    if intent.leg == Leg.ENTRY and intent.level is not None:
        body |= _level(intent, intent.level, is_buy=is_buy)
    elif intent.price is not None:
        field = "stop_price" if intent.leg == Leg.STOP else "limit_price"
        body[field] = exit_price(intent.price, is_buy=is_buy)
    level = current.stop_price if "stop_price" in body else current.limit_price
    if level is not None and [Decimal(str(price)) for price in body.values()] == [level]:
        # Alpaca refuses to change an order into what it is.
        body = {}
    if current.qty is None or abs(intent.quantity) != current.qty:
        body["qty"] = str(abs(intent.quantity))
    return body


def exit_price(price: float, *, is_buy: bool) -> str:
    """Return a stop's or a target's price: as far from the position's favour as the tick asks."""
    return _text(price, up=is_buy)


def _entry(intent: Intent, *, is_buy: bool) -> dict[str, Json]:
    if intent.order_type == OrderType.MARKET or intent.is_reached or intent.level is None:
        return {"type": "market"}
    return {"type": intent.order_type} | _level(intent, intent.level, is_buy=is_buy)


def _level(intent: Intent, level: float, *, is_buy: bool) -> dict[str, Json]:
    if intent.order_type == OrderType.LIMIT:
        return {"limit_price": _text(level, up=not is_buy)}
    return {"stop_price": _text(level, up=is_buy)}


def _protection(intent: Intent, *, is_buy: bool) -> dict[str, Json]:
    legs: dict[str, Json] = {}
    if intent.stop_price is not None and intent.stop_id is not None:
        legs["stop_loss"] = {"stop_price": exit_price(intent.stop_price, is_buy=not is_buy)}
    target = target_of(intent)
    if target is not None and intent.target_id is not None:
        legs["take_profit"] = {"limit_price": exit_price(target, is_buy=not is_buy)}
    # One leg alone is no bracket to Alpaca.
    name = {0: "simple", 1: "oto", 2: "bracket"}[len(legs)]
    return legs | {"order_class": name}


def target_of(intent: Intent) -> float | None:
    """Return where an entry's target rests if it fills at the price that is known now, USD.

    It is moved once the fill is known.
    """
    is_resting = intent.order_type != OrderType.MARKET and not intent.is_reached
    fill = intent.level if is_resting else intent.reference_price
    if fill is None or intent.target_offset is None:
        return None
    level = float(
        target_level(
            fill,
            math.nan if intent.stop_price is None else intent.stop_price,
            intent.target_offset,
            TARGET_KINDS.index(TargetKind(intent.target_kind)),
            intent.quantity > 0,
            _units(fill),
        )
    )
    return level if level > 0 else None


def _units(price: float) -> int:
    return UNITS_BELOW_A_DOLLAR if price < 1 else UNITS


def _text(price: float, *, up: bool) -> str:
    units = _units(price)
    rounded = round_up(price, units) if up else round_down(price, units)
    return f"{rounded:.2f}" if units == UNITS else f"{rounded:.4f}"
