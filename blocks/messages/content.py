"""What a message says: title, colour, text and fields, the same on every channel."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from blocks.ledger.message_payloads import (
    MarketPayload,
    OrderPayload,
    Payload,
    RangeLevelPayload,
    RangePayload,
    SummaryPayload,
    SystemPayload,
    TradePayload,
)

BLUE, GREEN, RED, ORANGE, PURPLE, GREY = 0x3498DB, 0x2ECC71, 0xE74C3C, 0xF39C12, 0x9B59B6, 0x95A5A6
# Slippage in all that is worth a line, USD.
WORTH_SHOWING = 0.01
STATUS_COLOURS = {"healthy": GREEN, "degraded": ORANGE, "unhealthy": RED}
ORDER_COLOURS = {"ORDER_SENT": BLUE, "ORDER_FILLED": GREEN, "ORDER_CANCELLED": RED}

Fields = list[tuple[str, str]]


class Content(NamedTuple):
    """What is said; a field without a value is not shown."""

    title: str
    colour: int
    text: str
    fields: Fields


def content_of(payload: Payload) -> Content:
    """Return what a message says."""
    return Content(*_parts(payload))


def _parts(payload: Payload) -> tuple[str, int, str, Fields]:
    match payload:
        case OrderPayload():
            return _order(payload)
        case TradePayload():
            return _trade(payload)
        case RangePayload():
            return (
                "Opening range established",
                PURPLE,
                "",
                [(level.symbol, _level(level)) for level in payload.levels],
            )
        case MarketPayload():
            is_start = payload.event_type == "MARKET_START"
            title = "Session begins" if is_start else "Session is over"
            fields = [("Status", payload.status), ("Data", payload.provider)]
            return title, STATUS_COLOURS[payload.status], "\n".join(payload.details), fields
        case SummaryPayload():
            return _summary(payload)
        case SystemPayload():
            is_warning = payload.event_type == "SYSTEM_WARNING"
            fields = [
                ("Severity", payload.severity),
                ("Component", payload.component),
                ("Action required", payload.action_required),
                *payload.details,
            ]
            return payload.title, ORANGE if is_warning else RED, payload.message, fields


def _order(payload: OrderPayload) -> tuple[str, int, str, Fields]:
    what = payload.event_type.removeprefix("ORDER_").lower()
    fields = [
        ("Symbol", payload.symbol),
        ("Side", payload.side),
        ("Type", payload.order_type),
        ("Quantity", f"{payload.quantity:,}"),
        ("Strategy", payload.strategy_name),
        ("Order price", _price(payload.order_price)),
    ]
    if payload.event_type == "ORDER_FILLED":
        fields += [
            ("Fill price", _price(payload.fill_price)),
            ("Filled", _count(payload.filled_quantity)),
            ("Remaining", _count(payload.remaining_quantity)),
        ]
        cost, each = payload.slippage, payload.slippage_per_share
        if cost is not None and each is not None and abs(cost) > WORTH_SHOWING:
            word = "worse" if cost > 0 else "better"
            fields.append(("Slippage", f"{_signed(cost)} ({each:+.4f} a share, {word})"))
    if payload.event_type == "ORDER_CANCELLED":
        fields += [
            ("Filled", _count(payload.filled_quantity)),
            ("Unfilled", _count(payload.remaining_quantity)),
            ("Cancelled because", payload.cancel_reason or ""),
        ]
    fields += [
        ("Reason", payload.signal_reason),
        ("Exchange", payload.exchange),
        ("Order id", payload.order_id),
    ]
    title = f"Order {what}: {payload.side} {payload.quantity:,} {payload.symbol}"
    return title, ORDER_COLOURS[payload.event_type], "", fields


def _trade(payload: TradePayload) -> tuple[str, int, str, Fields]:
    fields = [
        ("Symbol", payload.symbol),
        ("Side", payload.side),
        ("Quantity", f"{payload.quantity:,}"),
        ("Entry", _price(payload.entry_price)),
        ("Exit", _price(payload.exit_price)),
        ("P&L", f"{_signed(payload.pnl)} ({payload.pnl_pct:+.2%})"),
        ("Exit reason", payload.exit_reason),
        ("Strategy", payload.strategy_name),
    ]
    title = f"Trade closed: {payload.symbol} {_signed(payload.pnl)}"
    return title, _colour_of(payload.pnl), "", fields


def _summary(payload: SummaryPayload) -> tuple[str, int, str, Fields]:
    fields = [
        ("Date", payload.date),
        ("Equity", f"${payload.equity:,.2f}"),
        ("P&L", _signed(payload.pnl)),
        ("Trades", str(payload.trades)),
        ("Signals", str(sum(count for _, count in payload.signals))),
        ("Signals by symbol", _counts(payload.signals)),
        ("Rejections by reason", _counts(payload.rejections)),
        ("Levels", "\n".join(f"{level.symbol} {_level(level)}" for level in payload.levels)),
        ("Data", payload.provider),
    ]
    if payload.breakouts is not None:
        fields.insert(4, ("Bars with a breakout", str(payload.breakouts)))
    title = f"Daily summary {payload.date}: {_signed(payload.pnl)}"
    return title, _colour_of(payload.pnl), "", fields


def _level(level: RangeLevelPayload) -> str:
    if level.high is None or level.low is None:
        return "incomplete: bars are missing"
    width = level.high - level.low
    return (
        f"{level.low:,.4f} to {level.high:,.4f}, ${width:,.4f} ({width / level.low:.2%}),"
        f" body {level.body_pct or 0.0:.0%}"
    )


def _colour_of(pnl: float) -> int:
    return GREEN if pnl > 0 else RED if pnl < 0 else GREY


def _signed(usd: float) -> str:
    return f"{'-' if usd < 0 else '+'}${abs(usd):,.2f}"


def _price(price: float | None) -> str:
    return "" if price is None else f"${price:,.4f}"


def _count(quantity: int | None) -> str:
    return "" if quantity is None else f"{quantity:,}"


def _counts(counts: Sequence[tuple[str, int]]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts)
