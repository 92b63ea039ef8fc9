"""Requests to an exchange, side by side as far as it takes them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor

from blocks.process.failpoints import reach
from trading.session.broker.answers import Answer
from trading.session.broker.exchange_port import Exchange
from trading.session.events import Intent, OrderUpdate
from trading.session.orders import Status

Asked = tuple[Intent, Answer]


def ask(exchange: Exchange, intents: Sequence[Intent]) -> list[Asked]:
    """Send requests and return each with its answer, when all are there.

    Requests of one symbol follow each other: a cancel makes room for what comes after it. Of
    several symbols so many are under way at once as the exchange takes, by
    `abilities.at_once`; where that is one, all follow each other in this thread.
    """
    by_symbol: dict[str, list[Intent]] = {}
    for intent in intents:
        by_symbol.setdefault(intent.symbol, []).append(intent)
    at_once = min(exchange.abilities.at_once, len(by_symbol))
    if at_once <= 1:
        return _one_after_the_other(exchange, intents)
    # Threads that last a bar cost less than a request, and leave nothing to be closed.
    with ThreadPoolExecutor(at_once, thread_name_prefix="orders") as threads:
        sent = threads.map(lambda of: _one_after_the_other(exchange, of), by_symbol.values())
        return [asked for of_symbol in sent for asked in of_symbol]


def answer_to(intent: Intent, status: Status, reason: str) -> OrderUpdate:
    """Return how an order stands by the answer to its request, which has no time of its own."""
    return OrderUpdate(
        intent.client_order_id,
        intent.symbol,
        intent.leg,
        status,
        0,
        intent.price,
        intent.quantity,
        reason,
    )


def _one_after_the_other(exchange: Exchange, intents: Iterable[Intent]) -> list[Asked]:
    send = {"submit": exchange.submit, "replace": exchange.replace, "cancel": exchange.cancel}
    answers: list[Asked] = []
    for intent in intents:
        reach(f"before {intent.action}")
        answers.append((intent, send[intent.action](intent)))
        reach(f"after {intent.action}")
    return answers
