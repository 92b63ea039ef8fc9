"""What the order desk expects of a place that holds orders."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from trading.session.broker.answers import Answer
from trading.session.broker.facts import Abilities, BrokerAccount, BrokerClock, Instrument
from trading.session.events import BarClosed, Discrepancy, Fill, Intent, OrderUpdate
from trading.session.orders import Order


@dataclass(frozen=True, slots=True)
class ExchangeEvent:
    """A fill or an order update; a discrepancy stands for one that cannot be read.

    The event's `client_order_id` is ours where the exchange knows it, else it is empty. `protects`
    is the id of the entry whose leg the order is, as which the exchange made it, and the event's
    `leg` says which. What has neither is of no order of ours. `their_id` is the exchange's own id
    of the order.
    """

    event: Fill | OrderUpdate | Discrepancy
    their_id: str = ""
    protects: str = ""


class StreamPosition(NamedTuple):
    """How far an exchange's stream of events has come, and which stream it is.

    The cursor is text that only its exchange reads, empty at the beginning. It says nothing of
    another stream: a store that was deleted, reset or brought back begins a new one.
    """

    identity: str
    cursor: str


BEGINNING = StreamPosition("", "")


class EventPage(NamedTuple):
    """What happened since a position, in order, and the position after it.

    `begins_anew` says that the stream is another than the one that was asked for, or that it
    cannot go on from there: then the page holds everything that the exchange has.
    """

    position: StreamPosition
    events: list[ExchangeEvent]
    begins_anew: bool = False


class Exchange(Protocol):
    """A place that holds orders.

    Requests return an answer, whatever the line does. What is only read raises ExchangeUnavailable
    when no answer came. There is no request that closes or cancels everything: what others hold at
    the account is never touched.
    """

    @property
    def name(self) -> str:
        """Return what people call the exchange."""
        ...

    @property
    def is_simulated(self) -> bool:
        """Return whether it is a part of this program: it moves no money and takes nothing late."""
        ...

    @property
    def abilities(self) -> Abilities:
        """Return what the exchange can do."""
        ...

    def account(self) -> BrokerAccount:
        """Return the account as the exchange sees it."""
        ...

    def instrument(self, symbol: str) -> Instrument:
        """Return what the exchange allows of a symbol; one it does not know is not tradable."""
        ...

    def clock(self) -> BrokerClock:
        """Return the exchange's time, a simulated one's that of the last bar that it has seen."""
        ...

    def submit(self, intent: Intent) -> Answer:
        """Ask for a new order; the same client order id twice is one order."""
        ...

    def replace(self, intent: Intent) -> Answer:
        """Ask for another price or quantity of a working order."""
        ...

    def cancel(self, intent: Intent) -> Answer:
        """Ask for a working order to be cancelled."""
        ...

    def find_order(self, client_order_id: str) -> Order | None:
        """Return an order by its client order id, or None if it never arrived."""
        ...

    def events(self, since: StreamPosition) -> EventPage:
        """Return what happened after a position, in order."""
        ...

    def open_orders(self) -> list[Order]:
        """Return every order that rests or works, whoever sent it.

        Of legs that it has under no id of ours, `protects` and `leg` say whose they are.
        """
        ...

    def positions(self) -> dict[str, int]:
        """Return signed quantities by symbol, zeros left out."""
        ...

    def know(self, their_ids: Mapping[str, str]) -> None:
        """Learn by the exchange's ids the client order ids that the journal has for them.

        Told before the stream is first read, and again when there are more.
        """
        ...

    def observe(self, bar: BarClosed, begins_anew: Collection[str] = ()) -> None:
        """Let a simulated exchange see a bar and fill against it; a real one ignores it.

        The bar is without what the data gate rejects; of the symbols that begin anew with it no
        bar before it counts.
        """
        ...

    def end_session(self, session: str, close_us: int) -> None:
        """Let a simulated exchange book what found no further bar; a real one ignores it.

        `close_us` is the session's close: what came after it was too late.
        """
        ...

    def close(self) -> None:
        """Let go of what is held open; it opens again when it is next asked."""
        ...
