"""A shadow: a broker is looked at, orders are filled by the simulated venue, and none leaves."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from trading.session.broker.answers import Answer
from trading.session.broker.exchange_port import EventPage, Exchange, StreamPosition
from trading.session.broker.facts import Abilities, BrokerAccount, BrokerClock, Instrument
from trading.session.events import BarClosed, Intent
from trading.session.orders import Order


class ShadowExchange:
    """What would have become of orders at a broker, by the bars that followed.

    Account, instruments and time are the broker's. Everything that could change something goes to
    the simulated venue: no request of this class but these three reaches the broker.
    """

    is_simulated = True

    def __init__(self, venue: Exchange, broker: Exchange) -> None:
        self._venue = venue
        self._broker = broker
        self.name = f"shadow of {broker.name}"

    @property
    def abilities(self) -> Abilities:
        """Return what the venue that fills can do."""
        return self._venue.abilities

    def account(self) -> BrokerAccount:
        """Return the account as the broker sees it."""
        return self._broker.account()

    def instrument(self, symbol: str) -> Instrument:
        """Return what the broker allows of a symbol."""
        return self._broker.instrument(symbol)

    def clock(self) -> BrokerClock:
        """Return the broker's time."""
        return self._broker.clock()

    def submit(self, intent: Intent) -> Answer:
        """Let the venue take an order."""
        return self._venue.submit(intent)

    def replace(self, intent: Intent) -> Answer:
        """Let the venue move an order."""
        return self._venue.replace(intent)

    def cancel(self, intent: Intent) -> Answer:
        """Let the venue cancel an order."""
        return self._venue.cancel(intent)

    def find_order(self, client_order_id: str) -> Order | None:
        """Return an order of the venue."""
        return self._venue.find_order(client_order_id)

    def events(self, since: StreamPosition) -> EventPage:
        """Return what happened at the venue."""
        return self._venue.events(since)

    def open_orders(self) -> list[Order]:
        """Return the orders that rest at the venue."""
        return self._venue.open_orders()

    def positions(self) -> dict[str, int]:
        """Return what would be held."""
        return self._venue.positions()

    def know(self, their_ids: Mapping[str, str]) -> None:
        """Let the venue learn ids."""
        self._venue.know(their_ids)

    def observe(self, bar: BarClosed, begins_anew: Collection[str] = ()) -> None:
        """Fill as the market would have."""
        self._venue.observe(bar, begins_anew)

    def end_session(self, session: str, close_us: int) -> None:
        """Book what found no further bar."""
        self._venue.end_session(session, close_us)

    def close(self) -> None:
        """Let go of the venue's store and of the broker's connections."""
        self._venue.close()
        self._broker.close()
