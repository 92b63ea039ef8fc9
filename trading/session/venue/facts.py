"""What a simulated venue says of its account, its symbols and its time, and how it answers."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from trading.engine.book import CASH, equity, gross_exposure, reserved_cost
from trading.market.calendar import from_microseconds
from trading.session.broker.answers import Accepted, Answer, Refusal, Refused
from trading.session.broker.facts import BrokerAccount, BrokerClock, Instrument
from trading.session.events import Intent, OrderUpdate
from trading.session.orders import Status
from trading.session.venue.orders import VenueEvent
from trading.session.venue.simulated_venue import SimulatedVenue


def account_of(venue: SimulatedVenue) -> BrokerAccount:
    """Return a venue's account at its last marks; nothing ever blocks it."""
    book, rules = venue.state.book, venue.rules
    worth = float(equity(book))
    # As sizing has it: see `trading.engine.risk.entry_quantity`.
    left = rules.leverage * worth - float(gross_exposure(book)) - float(reserved_cost(book))
    return BrokerAccount(
        equity=_usd(worth),
        cash=_usd(float(book.money[CASH])),
        buying_power=_usd(max(left, 0.0)),
        may_short=True,
    )


def instrument_of(venue: SimulatedVenue, symbol: str) -> Instrument:
    """Return what a venue allows of a symbol: everything but parts of a share, of those it has."""
    is_known = symbol in venue.index
    return Instrument(symbol, is_known, is_known, is_known, is_fractionable=False)


def clock_of(venue: SimulatedVenue) -> BrokerClock:
    """Return a venue's time, which is the START of the last bar that it has seen."""
    state = venue.state
    return BrokerClock(from_microseconds(state.last_us), bool(state.session) and not state.is_ended)


def answer_in(happened: Iterable[VenueEvent], intent: Intent) -> Answer:
    """Return how a venue answered a request; whatever became of it is in its events too."""
    for event in happened:
        is_its_own = event.client_order_id == intent.client_order_id
        if is_its_own and isinstance(event, OrderUpdate) and event.status == Status.REJECTED:
            return Refused(Refusal.PERMANENT, event.reason)
    return Accepted()


def _usd(amount: float) -> Decimal:
    return Decimal(f"{amount:.4f}")
