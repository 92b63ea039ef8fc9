"""The simulated venue behind the Exchange port: orders in, events out, by `matching`.

It keeps a book of its own and knows nothing of the bot's.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import replace

from trading.engine.book import new_book
from trading.engine.book_changes import (
    begin_session,
    cancel_entry,
    cancel_exit,
    forget_bars,
    plan_exit,
    see_bar,
)
from trading.engine.matching import (
    assume_close,
    fill_exit,
    match_bar,
    venue_price,
)
from trading.engine.tapes.trade_tape import new_tape
from trading.reasons import LEG_NEWEST_PRICE, ExitReason
from trading.rules import Rules
from trading.session.array_json import prices_of
from trading.session.entry_terms import await_entry, terms_of
from trading.session.events import BarClosed, Intent, order_of
from trading.session.orders import Leg, Order, Status
from trading.session.protection.legs import PROTECTION
from trading.session.venue.orders import VenueEvent, VenueOrders, VenueState


class SimulatedVenue:
    """Takes orders and bars and says what happened; repeating a request changes nothing."""

    def __init__(self, rules: Rules, symbols: tuple[str, ...], capital: float) -> None:
        self.rules = rules
        self.symbols = symbols
        self.index = {symbol: s for s, symbol in enumerate(symbols)}
        self.state = VenueState(new_book(len(symbols), capital), {})
        self._tape = new_tape(8 * len(symbols) + 8)
        self._orders = VenueOrders(rules, symbols, self.state)

    def submit(self, intent: Intent) -> list[VenueEvent]:
        """Take an order; an id that was seen before is answered by nothing new."""
        if intent.client_order_id in self.state.orders:
            return []
        order = order_of(intent)
        refusal = self._refusal(order)
        if refusal:
            return [self._orders.change(order, Status.REJECTED, refusal, intent.us)]
        ended = self._end_protection(order, intent.us) if order.leg == Leg.EXIT else []
        if intent.is_immediate:
            return [
                *ended,
                self._orders.change(order, Status.WORKING, us=intent.us),
                *self._leave_now(order, intent.us),
            ]
        self._accept(order, intent.fills_from_us)
        return [*ended, self._orders.change(order, Status.WORKING, us=intent.us)]

    def replace(self, intent: Intent) -> list[VenueEvent]:
        """Move a resting stop or target; a request that comes too late is answered as it stands."""
        order = self.state.orders.get(intent.client_order_id)
        if order is None or order.status != Status.WORKING:
            return self._as_it_stands(order)
        order = replace(order, price=intent.price, quantity=intent.quantity)
        self._accept(order, intent.fills_from_us)
        return [self._orders.change(order, Status.WORKING, us=intent.us)]

    def cancel(self, intent: Intent) -> list[VenueEvent]:
        """Cancel a working order; a request that comes too late is answered as it stands."""
        order = self.state.orders.get(intent.client_order_id)
        if order is None or order.status != Status.WORKING:
            return self._as_it_stands(order)
        book, s = self.state.book, self.index[order.symbol]
        self.state.not_before.pop(order.client_order_id, None)
        if order.leg == Leg.ENTRY:
            cancel_entry(book, s)
        elif order.leg == Leg.EXIT:
            cancel_exit(book, s)
        else:
            (book.stop if order.leg == Leg.STOP else book.target)[s] = self._other_level(order)
        return [self._orders.change(order, Status.CANCELLED, us=intent.us)]

    def observe(self, bar: BarClosed, begins_anew: Collection[str] = ()) -> list[VenueEvent]:
        """Fill what the bar fills; a bar that was seen before changes nothing.

        Of the symbols that begin anew with it no bar before it counts.
        """
        state, book = self.state, self.state.book
        if bar.start_us <= state.last_us:
            return []
        if bar.session != state.session:
            begin_session(book)
            state.session, state.last_bar, state.is_ended = bar.session, -1, False
            state.orders = {id_: order for id_, order in state.orders.items() if order.is_live}
        prices = prices_of(bar)
        state.last_us = bar.start_us
        self._enforce_until(bar.start_us)
        for symbol in begins_anew:
            forget_bars(book, self.index[symbol])
        before = [bool(waiting) for waiting in book.exit_waiting]
        self._forget_tape()
        match_bar(book, self.rules, self._tape, prices, bar.start_us)
        happened = self._orders.fills(self._tape, bar.bar)
        for s in range(len(self.symbols)):
            happened += self._orders.settle(s, prices.open[s], prices.volume[s], before[s])
            if not math.isnan(prices.close[s]):
                see_bar(
                    book,
                    s,
                    prices.high[s],
                    prices.low[s],
                    prices.close[s],
                    prices.volume[s],
                    bar.start_us,
                )
        state.last_bar = bar.bar
        return happened

    def end_session(self, session: str, close_us: int) -> list[VenueEvent]:
        """Book exits that found no further bar and expire what is left, once a session.

        `close_us` is the session's close. An exit that came in the last bar had no bar to wait
        for; one that came after the close had no market, and waits for the next session.
        """
        state = self.state
        if state.session != session or state.is_ended:
            return []
        self._enforce_exits_until(close_us)
        self._forget_tape()
        assume_close(state.book, self.rules, self._tape)
        happened = self._orders.fills(self._tape, state.last_bar + 1)
        for s in range(len(self.symbols)):
            happened += self._orders.settle(s, math.nan, 0.0, True)
        for order in list(state.orders.values()):
            if order.is_live and (order.leg == Leg.ENTRY or self._held(order.symbol) == 0):
                cancel_entry(state.book, self.index[order.symbol])
                happened.append(self._orders.change(order, Status.EXPIRED))
        state.is_ended = True
        return happened

    def _end_protection(self, leaving: Order, us: int) -> list[VenueEvent]:
        """End the stop and target of a position that is left, in the same request.

        Whoever asks may die at any moment: between two requests nothing would protect it. What is
        left of one that has fired, of which nobody may have heard, is left by the exit.
        """
        book, s = self.state.book, self.index[leaving.symbol]
        happened: list[VenueEvent] = []
        for order in list(self.state.orders.values()):
            if order.symbol == leaving.symbol and order.leg in PROTECTION and order.is_live:
                self.state.not_before.pop(order.client_order_id, None)
                (book.stop if order.leg == Leg.STOP else book.target)[s] = math.nan
                happened.append(self._orders.change(order, Status.CANCELLED, us=us))
        return happened

    def _accept(self, order: Order, fills_from_us: int) -> None:
        """Put an order into force, or note from which bar on it is.

        The bar that follows those seen may have begun long before the order came: nothing is
        filled in it that was not there at its START. A level that is moved rests where it was
        until then, and what finds no bar in its session waits for the next one's first.
        """
        state = self.state
        if fills_from_us <= state.last_us:
            self._enforce(order)
        else:
            waiting = state.not_before.setdefault(order.client_order_id, [])
            waiting.append((fills_from_us, order.price))

    def _other_level(self, cancelled: Order) -> float:
        """Return where another order of the same leg rests, NaN where there is none."""
        levels = (
            order.price
            for order in self.state.orders.values()
            if (order.symbol, order.leg) == (cancelled.symbol, cancelled.leg)
            and order.status == Status.WORKING
            and order.client_order_id != cancelled.client_order_id
            and order.price is not None
        )
        return next(levels, math.nan)

    def _enforce_until(self, start_us: int) -> None:
        """Put into force what counts from a bar's START on."""
        for id_, waiting in list(self.state.not_before.items()):
            due = [price for from_us, price in waiting if from_us <= start_us]
            left = [(from_us, price) for from_us, price in waiting if from_us > start_us]
            if left:
                self.state.not_before[id_] = left
            else:
                del self.state.not_before[id_]
            order = self.state.orders.get(id_)
            if due and order is not None and order.status == Status.WORKING:
                # Of levels that were moved twice the one that was in force when the bar began.
                self._enforce(replace(order, price=due[-1]))

    def _enforce_exits_until(self, close_us: int) -> None:
        """Put into force the exits that came before the close."""
        for id_, waiting in list(self.state.not_before.items()):
            order = self.state.orders.get(id_)
            if order is None or order.leg != Leg.EXIT or order.status != Status.WORKING:
                continue
            if waiting[-1][0] < close_us:
                del self.state.not_before[id_]
                self._enforce(order)

    def _enforce(self, order: Order) -> None:
        book, s = self.state.book, self.index[order.symbol]
        if order.leg == Leg.ENTRY:
            await_entry(book, s, terms_of(order))
        elif order.leg == Leg.EXIT:
            plan_exit(book, s, ExitReason.of(order.reason).value)
        else:
            level = math.nan if order.price is None else order.price
            (book.stop if order.leg == Leg.STOP else book.target)[s] = level

    def _leave_now(self, order: Order, us: int) -> list[VenueEvent]:
        """Fill an exit whole at the newest price known, slipping; the fill's leg says so."""
        state, s = self.state, self.index[order.symbol]
        book = state.book
        plan_exit(book, s, ExitReason.of(order.reason).value)
        self._forget_tape()
        quantity = abs(order.quantity)
        newest = order.reference_price or float(book.mark[s])
        price = venue_price(book, self.rules, s, newest, order.quantity, book.last_volume[s])
        when = max(us, state.last_us)
        fill_exit(book, self.rules, self._tape, s, LEG_NEWEST_PRICE, quantity, price, when)
        return [
            *self._orders.fills(self._tape, state.last_bar + 1),
            *self._orders.settle(s, math.nan, 0.0, True),
        ]

    def _forget_tape(self) -> None:
        self._tape.counts[:] = 0

    def _held(self, symbol: str) -> int:
        return int(self.state.book.quantity[self.index[symbol]])

    def _refusal(self, order: Order) -> str:
        held = self._held(order.symbol)
        if order.leg == Leg.ENTRY and (
            held != 0 or self.state.book.pending[self.index[order.symbol]]
        ):
            return "position_open"
        if order.leg != Leg.ENTRY and order.quantity != -held:
            return f"quantity_not_the_position ({held})"
        return ""

    def _as_it_stands(self, order: Order | None) -> list[VenueEvent]:
        return [] if order is None else [self._orders.report(order)]
