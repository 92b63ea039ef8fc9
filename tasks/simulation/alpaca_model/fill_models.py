"""How orders are filled: by the bars of the simulated venue, or at once at the last price."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple, Protocol

import numpy as np

from tasks.simulation.alpaca_model.order_book import OrderBook
from tasks.simulation.alpaca_model.their_orders import OrderClass, TheirOrder, TheirType
from trading.engine.book import Book, new_book
from trading.engine.book_changes import plan_entry, rest_entry
from trading.engine.matching import match_bar, slipped
from trading.engine.tapes.trade_tape import FILLS, FillRow, new_tape
from trading.entries import LIMIT, MARKET, STOP, USD
from trading.market.bars import Prices
from trading.rules import Rules

# More than any order costs: what an account can pay the broker has tested, and no fill again.
NO_LIMIT_USD = 1e15


class MarketBar(NamedTuple):
    """One symbol's bar: prices in USD, volume in shares."""

    open: float
    high: float
    low: float
    close: float
    volume: float


class FillModel(Protocol):
    """Says which open orders of a symbol are filled, and fills them in the book of orders."""

    def begin_session(self) -> None:
        """Forget the bars of earlier sessions."""
        ...

    def take_order(self, book: OrderBook, order: TheirOrder, now: datetime) -> None:
        """Fill what a new order finds."""
        ...

    def take_price(self, book: OrderBook, symbol: str, now: datetime) -> None:
        """Fill what the last price of a symbol reaches."""
        ...

    def open_bar(self, book: OrderBook, symbol: str, bar: MarketBar, now: datetime) -> None:
        """Fill what waited for a bar's open."""
        ...

    def close_bar(self, book: OrderBook, symbol: str, bar: MarketBar, now: datetime) -> None:
        """Fill what the rest of the bar reaches."""
        ...


class LastBar(NamedTuple):
    """What the slippage of later fills needs of a bar, USD."""

    range: float
    close: float


class BarFills:
    """Fills by the rules of the simulated venue, which the engine's own functions carry out.

    A bar has two steps, so that what a client does about a partial fill at the open counts for
    the rest of the bar. Each order is matched alone, in a book with room for no other.
    """

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._last: dict[str, LastBar] = {}

    def begin_session(self) -> None:
        """Forget the bars of earlier sessions."""
        self._last.clear()

    def take_order(self, book: OrderBook, order: TheirOrder, now: datetime) -> None:
        """Let a new order wait for a bar."""

    def take_price(self, book: OrderBook, symbol: str, now: datetime) -> None:
        """Fill nothing: a price without its bar says too little."""

    def open_bar(self, book: OrderBook, symbol: str, bar: MarketBar, now: datetime) -> None:
        """Fill market orders and what is left of stops, and entries at whose level it opens."""
        at_open = MarketBar(bar.open, math.nan, math.nan, bar.close, bar.volume)
        waiting = [order for order in book.open_orders(symbol) if book.works(order)]
        # Exits first; what rests against a position is tested against the whole bar.
        for order in sorted(waiting, key=lambda order: not _closes(book, order)):
            if order.is_market or not _closes(book, order):
                self._match(book, order, at_open, now)

    def close_bar(self, book: OrderBook, symbol: str, bar: MarketBar, now: datetime) -> None:
        """Fill stops and targets, stops first; then the entries that the bar comes to later."""
        resting = [
            order for order in book.open_orders(symbol) if book.works(order) and not order.is_market
        ]
        exits = [order for order in resting if _closes(book, order)]
        entries = [order for order in resting if not _closes(book, order)]
        for order in sorted(exits, key=lambda order: order.stop_price is None):
            if order.is_open:
                self._match(book, order, bar, now)
        for order in entries:
            self._match(book, order, bar, now)
            if not order.is_open:
                self._test_stop_of(book, order, bar, now)
        self._last[symbol] = LastBar(bar.high - bar.low, bar.close)

    def _test_stop_of(
        self, book: OrderBook, entry: TheirOrder, bar: MarketBar, now: datetime
    ) -> None:
        """Test an entry's stop in the bar of its fill at a level, as if the worst came after it."""
        for leg in book.legs(entry):
            if leg.stop_price is not None and book.works(leg):
                self._match(book, leg, bar._replace(open=math.nan), now)

    def _match(self, book: OrderBook, order: TheirOrder, bar: MarketBar, now: datetime) -> None:
        """Fill an order as far as the engine's matching of one bar does."""
        scratch, tape = self._book_of(order), new_tape(4)
        prices = Prices(*(np.array([value], dtype=np.float64) for value in bar))
        match_bar(scratch, self._rules, tape, prices, 1)
        if tape.counts[FILLS] == 0:
            return
        fill: FillRow[float] = FillRow(*tape.fills[0].tolist())
        if order.order_type is TheirType.STOP_LIMIT and not order.is_triggered:
            # From the next bar on it is a limit order.
            order.is_triggered = True
            return
        if order.order_type is TheirType.STOP:
            order.is_triggered = True
        book.execute(order, Decimal(int(abs(fill.quantity))), Decimal(str(fill.price)), now)

    def _book_of(self, order: TheirOrder) -> Book:
        scratch = new_book(1, NO_LIMIT_USD)
        last = self._last.get(order.symbol)
        if last is not None:
            scratch.previous_range[0], scratch.previous_close[0] = last
        quantity = int(order.remaining) * order.side.sign
        plan_entry(scratch, 0, quantity, math.nan, math.nan, math.nan)
        kind, level = MARKET, None
        if not order.is_market:
            is_limit = order.order_type is TheirType.LIMIT or order.is_triggered
            kind, level = (LIMIT, order.limit_price) if is_limit else (STOP, order.stop_price)
        rest_entry(scratch, 0, kind, math.nan if level is None else float(level), 0, USD)
        return scratch


def _closes(book: OrderBook, order: TheirOrder) -> bool:
    """Return whether an order leaves what is held, or is a leg that does."""
    if order.parent_id or order.order_class is OrderClass.OCO:
        return True
    return book.holdings.quantity(order.symbol) * order.side.sign < 0


def _whole(order: TheirOrder) -> Decimal:
    return order.remaining


@dataclass(slots=True)
class ImmediateFills:
    """Fills at the last price, market and stop fills worse by the slippage of the rules.

    `part` says how many shares of an order are filled now, for partial fills and none at all.
    """

    rules: Rules
    part: Callable[[TheirOrder], Decimal] = _whole

    def begin_session(self) -> None:
        """Remember nothing, and so forget nothing."""

    def take_order(self, book: OrderBook, order: TheirOrder, now: datetime) -> None:
        """Fill a new order at the last price, if it has reached it."""
        self._match(book, order, now)

    def take_price(self, book: OrderBook, symbol: str, now: datetime) -> None:
        """Fill what the last price reaches, stops first."""
        found = book.open_orders(symbol)
        for order in sorted(found, key=lambda order: order.stop_price is None):
            self._match(book, order, now)

    def open_bar(self, book: OrderBook, symbol: str, bar: MarketBar, now: datetime) -> None:
        """Take the bar's open as the last price."""
        self.take_price(book, symbol, now)

    def close_bar(self, book: OrderBook, symbol: str, bar: MarketBar, now: datetime) -> None:
        """Let the price go to the bar's far ends, first against the position, and to its close."""
        held = book.holdings.quantity(symbol)
        for price in (
            (bar.low, bar.high, bar.close) if held >= 0 else (bar.high, bar.low, bar.close)
        ):
            book.holdings.prices[symbol] = Decimal(str(price))
            self.take_price(book, symbol, now)

    def _match(self, book: OrderBook, order: TheirOrder, now: datetime) -> None:
        last = book.holdings.prices.get(order.symbol)
        if last is None or not book.works(order) or not _is_reached(order, last):
            return
        qty = min(self.part(order), order.remaining)
        if order.order_type is TheirType.STOP:
            order.is_triggered = True
        if qty <= 0:
            return
        price = last
        if order.is_market:
            signed = order.side.sign
            price = Decimal(str(slipped(self.rules, float(last), signed, 0.0, math.nan, math.nan)))
        book.execute(order, qty, price, now)


def _is_reached(order: TheirOrder, last: Decimal) -> bool:
    """Return whether an order trades at a price."""
    if order.is_market:
        return True
    sign = order.side.sign
    if order.stop_price is not None and not order.is_triggered:
        if (last - order.stop_price) * sign < 0:
            return False
        order.is_triggered = True
    return order.limit_price is None or (order.limit_price - last) * sign >= 0
