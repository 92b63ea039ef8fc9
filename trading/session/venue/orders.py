"""The orders of the simulated venue: their fills, their protection, and how they end."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

from trading.engine.book import Book
from trading.engine.matching import participation_cap
from trading.engine.tapes.trade_tape import FILLS, FillRow, Tape
from trading.engine.targets import target_level
from trading.reasons import ExitReason, FillLeg
from trading.rules import Rules
from trading.session.entry_terms import TARGET_KINDS, terms_of
from trading.session.events import Fill, OrderUpdate, update_of
from trading.session.orders import Leg, Order, Status, attempt_of, transition

VenueEvent = Fill | OrderUpdate


@dataclass
class VenueState:
    """What a venue must not forget: its book, its orders, and how far it has seen."""

    book: Book
    orders: dict[str, Order]
    session: str = ""
    last_bar: int = -1
    last_us: int = 0
    is_ended: bool = False
    # By id what came too late for a bar that had begun: from which START on, and at which price.
    not_before: dict[str, list[tuple[int, float | None]]] = field(default_factory=dict)


class VenueOrders:
    """Keeps a venue's orders in line with its book, and says what became of them."""

    def __init__(self, rules: Rules, symbols: tuple[str, ...], state: VenueState) -> None:
        self._rules = rules
        self._symbols = symbols
        self._state = state

    def change(self, order: Order, status: Status, reason: str = "", us: int = 0) -> OrderUpdate:
        """Bring an order into a status, and report it."""
        order = transition(order, status)
        self._state.orders[order.client_order_id] = order
        return self.report(order, reason, us)

    def report(self, order: Order, reason: str = "", us: int = 0) -> OrderUpdate:
        """Return how an order stands; `us` is when, the last bar's START where it is left out."""
        return update_of(order, max(us, self._state.last_us), reason)

    def _order_for(self, symbol: str, leg: str) -> Order:
        live = [o for o in self._state.orders.values() if o.symbol == symbol and o.is_live]
        if leg in (Leg.ENTRY, Leg.STOP, Leg.TARGET):
            return next(order for order in live if order.leg == leg)
        # What is left of a fired stop or target goes on as a market exit under its own id.
        return next(
            order for order in live if order.leg == Leg.EXIT or order.status == Status.TRIGGERED
        )

    def fills(self, tape: Tape, bar: int) -> list[VenueEvent]:
        """Give the fills of a tape to their orders, and rest what protects an entry."""
        happened: list[VenueEvent] = []
        for number, row in enumerate(tape.fills[: tape.counts[FILLS]]):
            fill: FillRow[float] = FillRow(*row.tolist())
            s, quantity = int(fill.symbol), int(fill.quantity)
            symbol, leg = self._symbols[s], FillLeg(int(fill.leg)).word
            order = self._order_for(symbol, leg)
            order = replace(order, filled=order.filled + abs(quantity))
            self._state.orders[order.client_order_id] = order
            happened.append(
                Fill(
                    f"{order.client_order_id}.{bar}.{number}",
                    order.client_order_id,
                    symbol,
                    leg,
                    quantity,
                    fill.price,
                    fill.commission,
                    int(fill.us),
                )
            )
            if leg == Leg.ENTRY:
                happened += self._protect(order, quantity, s)
        return happened

    def _protect(self, entry: Order, quantity: int, s: int) -> list[VenueEvent]:
        """Rest the entry's stop and target, which the fill has put into the book."""
        legs: list[VenueEvent] = []
        # The book may already have lost the level: a stop can fire in the bar of its entry.
        if entry.stop_id is not None:
            stop = Order(entry.stop_id, entry.symbol, Leg.STOP, -quantity, price=entry.stop_price)
            legs.append(
                self.change(replace(stop, attempt=attempt_of(entry.stop_id)), Status.WORKING)
            )
        if entry.target_id is not None:
            level = self._target_level(entry, s)
            target = Order(entry.target_id, entry.symbol, Leg.TARGET, -quantity, price=level)
            legs.append(
                self.change(replace(target, attempt=attempt_of(entry.target_id)), Status.WORKING)
            )
        return legs

    def _target_level(self, entry: Order, s: int) -> float:
        terms = terms_of(entry)
        return target_level(
            float(self._state.book.entry_price[s]),
            terms.stop_price,
            math.nan if terms.target_offset is None else terms.target_offset,
            TARGET_KINDS.index(terms.target_kind),
            terms.quantity > 0,
            self._rules.tick_units,
        )

    def settle(self, s: int, opened: float, volume: float, was_waiting: bool) -> list[VenueEvent]:
        """Bring a symbol's orders in line with the book after a bar."""
        book, symbol = self._state.book, self._symbols[s]
        happened: list[VenueEvent] = []
        live = [o for o in self._state.orders.values() if o.symbol == symbol and o.is_live]
        for order in live:
            if order.leg == Leg.ENTRY:
                is_waiting = order.client_order_id in self._state.not_before
                if book.pending[s] == 0 and not is_waiting:
                    happened.append(self._entry_answer(order, opened, volume))
            elif book.quantity[s] == 0:
                done = order.filled > 0
                happened.append(self.change(order, Status.FILLED if done else Status.CANCELLED))
            elif book.exit_waiting[s] and not was_waiting and order.leg != Leg.EXIT:
                fired = ExitReason(int(book.exit_reason[s])).word == order.leg
                happened.append(self.change(order, Status.TRIGGERED if fired else Status.CANCELLED))
        return happened

    def _entry_answer(self, order: Order, opened: float, volume: float) -> OrderUpdate:
        if order.remaining == 0:
            return self.change(order, Status.FILLED)
        no_volume = participation_cap(self._rules, volume) < 1
        reason = "no_volume" if no_volume else "insufficient_funds"
        if order.filled > 0:
            capped = participation_cap(self._rules, volume) < abs(order.quantity)
            reason = "no_volume" if capped else "insufficient_funds"
            return self.change(order, Status.CANCELLED, reason)
        return self.change(order, Status.REJECTED, reason)
