"""Notify: tell people what happened; never delays and never stops an order."""

from __future__ import annotations

from tasks.session_runtime import SessionRuntime
from trading.events import Event, Fill, Intent, OrderUpdate
from trading.orders import Leg, Status
from trading.tape import TRADES


def notify(runtime: SessionRuntime) -> int:
    """Send a message for each order, fill and refusal since the last time; return how many."""
    news, runtime.news = runtime.news, []
    sent = 0
    for event in news:
        message = _message(event)
        if message is not None:
            kind, text = message
            runtime.notifier.send(kind, text, session=runtime.name)
            sent += 1
    return sent


def notify_summary(runtime: SessionRuntime) -> None:
    """Send the session's summary."""
    state = runtime.state
    count = int(state.tape.counts[TRADES])
    profit = float(state.tape.trades[:count, 8].sum())
    runtime.notifier.send(
        "DAILY_SUMMARY",
        f"{runtime.name}: {count} trades, {profit:+.2f} USD, equity {state.equity():,.2f} USD",
        source=runtime.market.name,
    )


def _message(event: Event) -> tuple[str, str] | None:
    match event:
        case Intent(action="submit", leg=leg) if leg in (Leg.ENTRY, Leg.EXIT):
            side = "buy" if event.quantity > 0 else "sell"
            why = f" ({event.reason})" if event.reason else ""
            return "ORDER_SENT", f"{side} {abs(event.quantity)} {event.symbol} {leg}{why}"
        case Fill():
            side = "bought" if event.quantity > 0 else "sold"
            return (
                "ORDER_FILLED",
                f"{side} {abs(event.quantity)} {event.symbol} at {event.price:.4f} ({event.leg})",
            )
        case OrderUpdate(status=Status.REJECTED):
            return "ORDER_CANCELLED", f"{event.symbol} {event.leg} refused: {event.reason}"
        case _:
            return None
