"""A session's execution priced: each order once more at the simulated venue, on final bars."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from trading.engine.book_changes import apply_entry_fill, cancel_entry, plan_entry, plan_exit
from trading.parity.findings import Execution, PricedFill
from trading.session.events import BarClosed, Event, Fill, Intent, SessionStarted, intent_of
from trading.session.orders import Leg, Order
from trading.session.state import SessionState
from trading.session.venue.simulated_venue import SimulatedVenue

# An order is priced as it was sent: what the account could afford was judged when it was made.
_ENOUGH_USD = 1e12


def accepted_bars(
    state: SessionState, started: SessionStarted, final: Sequence[BarClosed]
) -> dict[int, BarClosed]:
    """Return final bars by number, without what the data gate rejects: no venue sees that.

    `state` is new.
    """
    state.apply(started)
    accepted = {}
    for bar in final:
        accepted[bar.bar] = state.gate.judge(bar).accepted
        state.apply(bar)
    return accepted


def price_execution(
    state: SessionState, events: Sequence[Event], final: Mapping[int, BarClosed]
) -> Execution:
    """Return each real fill beside the model's of the same order; `state` is new.

    The venue is given each position's orders when they were made, and the final bars: it fills an
    order in the first bar after it, at that bar's prices with the plan's costs. What is late,
    slipped or left out at the exchange is the shortfall. `final` has by number the final bars that
    the data gate accepts.
    """
    pricing = _Pricing(state, final)
    for event in events:
        state.apply(event)
        pricing.take(event)
    return Execution(tuple(pricing.fills()))


@dataclass
class _Position:
    """One position of a symbol from its entry to its exit, at a venue of its own."""

    venue: SimulatedVenue
    filled: list[Fill] = field(default_factory=list)
    real: list[Fill] = field(default_factory=list)

    def hear(self, events: Sequence[object]) -> None:
        self.filled += [event for event in events if isinstance(event, Fill)]

    @property
    def held(self) -> int:
        return int(self.venue.state.book.quantity[0])

    def ask(self, intent: Intent) -> None:
        """Ask for what was asked at the exchange; of a position it is what is held here."""
        if intent.leg != Leg.ENTRY and intent.action != "cancel":
            if self.held == 0:
                return
            intent = replace(intent, quantity=-self.held)
        request = {
            "submit": self.venue.submit,
            "replace": self.venue.replace,
            "cancel": self.venue.cancel,
        }[intent.action]
        self.hear(request(replace(intent, us=0, fills_from_us=0)))


class _Pricing:
    def __init__(self, state: SessionState, final: Mapping[int, BarClosed]) -> None:
        self._state = state
        self._final = final
        self._positions: dict[str, list[_Position]] = {}
        self._bars: list[BarClosed] = []

    def take(self, event: Event) -> None:
        """Follow an event that the state has taken."""
        match event:
            case SessionStarted():
                for symbol, s in self._state.index.items():
                    if self._state.book.quantity[s] != 0:
                        self._inherit(symbol, s)
            case BarClosed():
                self._see(self._final.get(event.bar, event))
            case Intent():
                self._ask(event)
            case Fill():
                self._of_order(event.symbol, event.client_order_id).real.append(event)

    def fills(self) -> Iterator[PricedFill]:
        """Yield each real fill with the model's price, in the order of their time."""
        session = self._state.session
        close_us = int(session.close.timestamp() * 1_000_000)
        found: list[PricedFill] = []
        for positions in self._positions.values():
            for position in positions:
                position.hear(position.venue.end_session(session.date.isoformat(), close_us))
                found += _priced(position)
        yield from sorted(found, key=lambda fill: (fill.us, fill.symbol, fill.exec_id))

    def _see(self, final: BarClosed) -> None:
        self._bars.append(final)
        for symbol, positions in self._positions.items():
            for position in positions:
                position.hear(position.venue.observe(self._of(final, symbol)))

    def _ask(self, intent: Intent) -> None:
        if intent.leg == Leg.ENTRY and intent.action == "submit":
            self._positions.setdefault(intent.symbol, []).append(self._new(intent.symbol))
        self._of_order(intent.symbol, intent.client_order_id).ask(intent)

    def _of_order(self, symbol: str, name: str) -> _Position:
        """Return the position that an order is of, the symbol's newest where none knows it."""
        positions = self._positions.setdefault(symbol, [])
        if not positions:
            positions.append(self._new(symbol))
        known = (each for each in reversed(positions) if name in each.venue.state.orders)
        return next(known, positions[-1])

    def _new(self, symbol: str) -> _Position:
        venue = SimulatedVenue(self._state.rules, (symbol,), _ENOUGH_USD)
        for bar in self._bars:
            venue.observe(self._of(bar, symbol))
        return _Position(venue)

    def _inherit(self, symbol: str, s: int) -> None:
        """Begin with a position that was held overnight, and with what rests for it."""
        book, position = self._state.book, self._new(symbol)
        venue_book = position.venue.state.book
        quantity, price = int(book.quantity[s]), float(book.entry_price[s])
        plan_entry(venue_book, 0, quantity, price, float(book.initial_stop[s]), math.nan)
        units = self._state.rules.tick_units
        apply_entry_fill(venue_book, 0, quantity, price, 0.0, int(book.entry_us[s]), units)
        cancel_entry(venue_book, 0)
        venue_book.stop[0] = venue_book.target[0] = math.nan
        self._positions.setdefault(symbol, []).append(position)
        for order in self._state.orders.values():
            if order.symbol == symbol and order.leg != Leg.ENTRY and order.is_live:
                self._rest(position, order)
        if book.exit_waiting[s]:
            plan_exit(venue_book, 0, int(book.exit_reason[s]))

    @staticmethod
    def _rest(position: _Position, order: Order) -> None:
        position.ask(intent_of(replace(order, filled=0)))

    def _of(self, bar: BarClosed, symbol: str) -> BarClosed:
        s = self._state.index[symbol]
        return replace(
            bar,
            open=[bar.open[s]],
            high=[bar.high[s]],
            low=[bar.low[s]],
            close=[bar.close[s]],
            volume=[bar.volume[s]],
            gates=bar.gates[s : s + 1],
        )


def _priced(position: _Position) -> Iterator[PricedFill]:
    for name in dict.fromkeys(fill.client_order_id for fill in position.real):
        real = [fill for fill in position.real if fill.client_order_id == name]
        model = [fill for fill in position.filled if fill.client_order_id == name]
        if not model and real[0].leg != Leg.ENTRY:
            # It was left there by another order: what counts is the price at which.
            model = [fill for fill in position.filled if fill.leg != Leg.ENTRY]
        is_alike = [fill.quantity for fill in real] == [fill.quantity for fill in model]
        for number, fill in enumerate(real):
            price = model[number].price if is_alike else _average(model)
            yield PricedFill(
                fill.us,
                fill.symbol,
                fill.leg,
                fill.exec_id,
                fill.quantity,
                fill.price,
                price,
            )


def _average(fills: Sequence[Fill]) -> float | None:
    shares = sum(abs(fill.quantity) for fill in fills)
    return sum(abs(fill.quantity) * fill.price for fill in fills) / shares if shares else None
