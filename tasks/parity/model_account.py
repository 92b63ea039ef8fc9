"""An account in memory: the simulated venue behind the exchange's port, and books that forget."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from blocks.ledger.rows import Projection
from trading.session.broker.answers import Answer
from trading.session.broker.exchange_port import BEGINNING, EventPage, ExchangeEvent, StreamPosition
from trading.session.broker.facts import SIMULATED, BrokerAccount, BrokerClock, Instrument
from trading.session.events import BarClosed, Event, Intent
from trading.session.inheritance import take_book
from trading.session.orders import Order, Status
from trading.session.state import SessionState
from trading.session.venue.facts import account_of, answer_in, clock_of, instrument_of
from trading.session.venue.orders import VenueEvent
from trading.session.venue.simulated_venue import SimulatedVenue


class ModelBooks:
    """Books of a session that is only thought through: nothing is written."""

    def __init__(self) -> None:
        self._cursor = BEGINNING

    def commit(
        self,
        events: Sequence[Event],
        *,
        epoch: int,
        session: str = "",
        cursor: StreamPosition | None = None,
        projection: Projection | None = None,
    ) -> None:
        """Remember how far the exchange was heard."""
        self._cursor = cursor or self._cursor

    def cursor(self) -> StreamPosition:
        """Return how far the exchange was heard."""
        return self._cursor

    def executions(self) -> frozenset[str]:
        """Return no execution: the stream is never another."""
        return frozenset()


class ModelExchange:
    """The simulated venue in memory; it begins with what a session has inherited."""

    name = "model"
    is_simulated = True
    abilities = SIMULATED

    def __init__(self, state: SessionState, inheritance: dict[str, object]) -> None:
        plan = state.plan
        self._venue = SimulatedVenue(plan.rules(), plan.symbols, plan.capital)
        self._happened: list[VenueEvent] = []
        book = inheritance.get("book")
        if isinstance(book, dict):
            take_book(self._venue.state.book, book, plan.symbols, plan.symbols)
        self._venue.state.orders = {
            name: order
            for name, order in state.orders.items()
            if order.status in (Status.WORKING, Status.TRIGGERED)
        }

    def account(self) -> BrokerAccount:
        """Return the account at the last marks."""
        return account_of(self._venue)

    def instrument(self, symbol: str) -> Instrument:
        """Return what is allowed of a symbol."""
        return instrument_of(self._venue, symbol)

    def clock(self) -> BrokerClock:
        """Return the START of the last bar that was seen."""
        return clock_of(self._venue)

    def submit(self, intent: Intent) -> Answer:
        """Take an order."""
        return self._answer(self._venue.submit(intent), intent)

    def replace(self, intent: Intent) -> Answer:
        """Move a resting order's price or quantity."""
        return self._answer(self._venue.replace(intent), intent)

    def cancel(self, intent: Intent) -> Answer:
        """Cancel a working order."""
        return self._answer(self._venue.cancel(intent), intent)

    def _answer(self, happened: list[VenueEvent], intent: Intent) -> Answer:
        self._happened += happened
        return answer_in(happened, intent)

    def observe(self, bar: BarClosed, begins_anew: Collection[str] = ()) -> None:
        """Fill against a bar."""
        self._happened += self._venue.observe(bar, begins_anew)

    def end_session(self, session: str, close_us: int) -> None:
        """Book what found no further bar and expire the rest."""
        self._happened += self._venue.end_session(session, close_us)

    def find_order(self, client_order_id: str) -> Order | None:
        """Return an order by its client order id."""
        return self._venue.state.orders.get(client_order_id)

    def know(self, their_ids: Mapping[str, str]) -> None:
        """Learn nothing: orders have no other ids here."""

    def events(self, since: StreamPosition) -> EventPage:
        """Return what happened after a position, in order."""
        news = [ExchangeEvent(event) for event in self._happened[int(since.cursor or 0) :]]
        return EventPage(StreamPosition(self.name, str(len(self._happened))), news)

    def open_orders(self) -> list[Order]:
        """Return every order that rests or works."""
        return [order for order in self._venue.state.orders.values() if order.is_live]

    def positions(self) -> dict[str, int]:
        """Return signed quantities by symbol, zeros left out."""
        held = self._venue.state.book.quantity
        return {name: int(held[s]) for s, name in enumerate(self._venue.symbols) if held[s]}

    def close(self) -> None:
        """Let go of nothing."""
