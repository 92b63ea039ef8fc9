"""What happened at an exchange, as events that a session can book."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, replace

from blocks.exchange.books import Books
from blocks.process.failpoints import reach
from trading.session.events import Discrepancy, Event, Fill, Intent, OrderUpdate, intent_of
from trading.session.objections import objection_to
from trading.session.orders import TERMINAL, Leg, is_ours
from trading.session.ports import Exchange, ExchangeEvent, StreamPosition
from trading.session.state import SessionState


class ExchangeNews:
    """Reads an exchange's stream from where the ledger ends, and believes no other stream's number.

    `cursor` is how far the stream was read. Of a stream that is another than before, or that went
    back, everything is read again: what is in the books already is left out.
    """

    def __init__(self, exchange: Exchange, ledger: Books) -> None:
        self._exchange = exchange
        self._ledger = ledger
        # An exchange may repeat them at every look.
        self._misnumbered: set[tuple[int, str]] = set()
        self.cursor = ledger.cursor()

    def read(self, state: SessionState) -> Iterator[Event]:
        """Yield the events since the cursor, each after the state has taken the one before.

        What cannot be booked is a discrepancy of its symbol; nothing is left out without a word.
        """
        position = self._exchange.stream()
        is_another = self._is_another(position)
        booked = self._ledger.executions() if is_another else frozenset()
        if is_another:
            self.cursor = StreamPosition(position.identity, 0)
        elif not self.cursor.identity:
            # A ledger of an earlier version knows a number only.
            self.cursor = StreamPosition(position.identity, self.cursor.number)
        for item in self._exchange.events_since(self.cursor.number):
            reach("before apply")
            if not (is_another and _is_in_the_books(state, item.event, booked)):
                yield from self._events(state, item)
            self.cursor = self.cursor._replace(number=max(item.number, self.cursor.number))
            reach("after apply")

    def _is_another(self, position: StreamPosition) -> bool:
        return (
            self.cursor.identity not in ("", position.identity)
            or self.cursor.number > position.number
        )

    def _events(self, state: SessionState, item: ExchangeEvent) -> Iterator[Event]:
        event = item.event
        if isinstance(event, Discrepancy):
            yield Discrepancy(
                event.symbol,
                f"event {item.number} of the exchange cannot be read",
                {"number": item.number},
            )
            return
        if event.client_order_id not in state.orders and is_ours(event.client_order_id):
            yield from self.adopted(state, event.client_order_id)
        objection = objection_to(state, event)
        if item.number <= self.cursor.number:
            if (item.number, event.client_order_id) in self._misnumbered:
                return
            self._misnumbered.add((item.number, event.client_order_id))
            yield _complaint(event, item.number, f"the exchange numbered an event {item.number}")
        if objection:
            yield _complaint(event, item.number, objection)
        else:
            yield event

    def adopted(self, state: SessionState, client_order_id: str) -> Iterator[Intent]:
        """Yield the intent of an entry that the exchange has under an id of ours, and we have not.

        So it is after a ledger was brought back that is older than the exchange's account.
        """
        order = self._exchange.find_order(client_order_id)
        if order is not None and order.leg == Leg.ENTRY and order.symbol in state.index:
            yield replace(intent_of(order), is_adopted=True)


def _complaint(event: Fill | OrderUpdate, number: int, reason: str) -> Discrepancy:
    said: dict[str, object] = {field.name: getattr(event, field.name) for field in fields(event)}
    return Discrepancy(event.symbol, reason, {"number": number, **said}, event.us)


def _is_in_the_books(
    state: SessionState, event: Fill | OrderUpdate | Discrepancy, booked: frozenset[str]
) -> bool:
    if isinstance(event, Discrepancy):
        return False
    if isinstance(event, Fill):
        return event.exec_id in booked or state.has_heard(event.exec_id)
    order = state.orders.get(event.client_order_id)
    if order is not None:
        return order.status in TERMINAL
    # Of an earlier session only what still is open concerns this one: see reconciliation.
    return state.session.date.strftime("%Y%m%d") != event.client_order_id[3:11]
