"""What happened at an exchange, as events that a session can book."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, replace

from blocks.exchange.books import Books
from blocks.exchange.order_names import first_word_of, named_event
from blocks.process.failpoints import reach
from trading.session.broker.exchange_port import Exchange, ExchangeEvent
from trading.session.events import Discrepancy, Event, Fill, Intent, OrderUpdate, intent_of
from trading.session.objections import is_of_others, objection_to
from trading.session.orders import TERMINAL, Leg, Order, Status, is_ours
from trading.session.state import SessionState


class ExchangeNews:
    """Reads an exchange's stream from where the ledger ends.

    `cursor` is how far the stream was read. Of a stream that begins anew everything is read again:
    what is in the books already is left out.
    """

    def __init__(self, exchange: Exchange, ledger: Books) -> None:
        self._exchange = exchange
        self._ledger = ledger
        # An exchange may repeat them at every look.
        self._complaints: set[tuple[str, str] | Fill | OrderUpdate] = set()
        # When orders ended by the exchange's clock: its news may come out of order.
        self._ended_us: dict[str, int] = {}
        self.cursor = ledger.cursor()
        self._known_ids = 0

    def read(self, state: SessionState) -> Iterator[Event]:
        """Yield the events since the cursor, each after the state has taken the one before.

        What cannot be booked is a discrepancy of its symbol; nothing is left out without a word.
        """
        self._make_known(state)
        page = self._exchange.events(self.cursor)
        booked = self._booked(state) if page.begins_anew else None
        for item in page.events:
            reach("before apply")
            yield from self._events(state, item, booked)
            reach("after apply")
        self.cursor = page.position
        self._make_known(state)

    def _booked(self, state: SessionState) -> _Booked:
        # The simulated exchange has one id for an execution, however often it is told.
        orders = {} if self._exchange.is_simulated else state.orders
        shares = {name: order.filled for name, order in orders.items()}
        return _Booked(state, self._ledger.executions(), shares)

    def _make_known(self, state: SessionState) -> None:
        """Let the exchange know under which ids of ours the journal has what it names otherwise."""
        can = self._exchange.abilities
        if can.leg_ids_settable and can.replaces_in_place:
            return
        if len(state.their_ids) != self._known_ids:
            self._exchange.know(state.their_ids)
            self._known_ids = len(state.their_ids)

    def _events(
        self, state: SessionState, item: ExchangeEvent, booked: _Booked | None
    ) -> Iterator[Event]:
        """Yield what an event comes to; `booked` is what is journalled, of a stream begun anew."""
        item = named_event(state, item)
        if booked is not None and booked.holds(item):
            return
        if self._is_repeated(state, item.event):
            return
        if isinstance(item.event, Discrepancy):
            yield item.event
            return
        order_id = item.event.client_order_id or item.protects
        if order_id not in state.orders and is_ours(order_id):
            yield from self.adopted(state, order_id)
            item = named_event(state, item)
        event = item.event
        assert not isinstance(event, Discrepancy)
        if is_of_others(state, event):
            return
        if isinstance(event, OrderUpdate) and not order_id:
            # It moved nothing. What others have open is seen by comparing, while it is open.
            return
        objection = objection_to(state, event)
        if objection:
            if event not in self._complaints:
                self._complaints.add(event)
                yield _complaint(event, objection)
            return
        if isinstance(event, OrderUpdate) and event.status in TERMINAL:
            self._ended_us[event.client_order_id] = event.us
        first_word = first_word_of(state, item)
        if first_word is not None:
            yield first_word
        yield event

    def _is_repeated(self, state: SessionState, event: Fill | OrderUpdate | Discrepancy) -> bool:
        """Return whether an event was heard before, or says nothing new of an order."""
        match event:
            case Discrepancy(symbol=symbol, reason=reason):
                is_old = (symbol, reason) in self._complaints
                self._complaints.add((symbol, reason))
                return is_old
            case Fill(exec_id=exec_id):
                return state.has_heard(exec_id)
            case OrderUpdate(client_order_id=order_id):
                order = state.orders.get(order_id)
                if order is None or order_id in state.unanswered:
                    return False
                return _is_old(order, event, self._ended_us.get(order_id, 0))

    def adopted(self, state: SessionState, client_order_id: str) -> Iterator[Intent]:
        """Yield the intent of an entry that the exchange has under an id of ours, and we have not.

        So it is after a ledger was brought back that is older than the exchange's account.
        """
        order = self._exchange.find_order(client_order_id)
        if order is not None and order.leg == Leg.ENTRY and order.symbol in state.index:
            yield replace(intent_of(order), is_adopted=True)


def _is_old(order: Order, update: OrderUpdate, ended_us: int) -> bool:
    """Return whether an update says what is known, or is from before the order's end."""
    if update.their_id not in ("", order.their_id):
        return False
    if order.status in TERMINAL:
        if update.status in TERMINAL:
            return update.status == order.status
        return order.status == Status.FILLED or 0 < update.us < ended_us
    said = (update.status, update.price, update.quantity)
    return said == (order.status, order.price, order.quantity)


def _complaint(event: Fill | OrderUpdate, reason: str) -> Discrepancy:
    said: dict[str, object] = {field.name: getattr(event, field.name) for field in fields(event)}
    return Discrepancy(event.symbol, reason, said, event.us)


class _Booked:
    """What is in the books when a stream begins anew, and is told by it once more.

    A broker may tell of an order's shares in other pieces than were heard. So `shares` are counted,
    by client order id, beside the ids of the `executions`.
    """

    def __init__(
        self, state: SessionState, executions: frozenset[str], shares: dict[str, int]
    ) -> None:
        self._state = state
        self._executions = executions
        self._shares = shares

    def holds(self, item: ExchangeEvent) -> bool:
        """Return whether an event is in the books; each is to be asked about once, in turn."""
        event = item.event
        if isinstance(event, Discrepancy):
            return False
        if isinstance(event, Fill):
            left = self._shares.get(event.client_order_id, 0) - abs(event.quantity)
            self._shares[event.client_order_id] = left
            is_heard = event.exec_id in self._executions or self._state.has_heard(event.exec_id)
            return is_heard or left >= 0
        order = self._state.orders.get(event.client_order_id)
        if order is not None:
            return order.status in TERMINAL
        # Of an earlier session only what still is open concerns this one: see reconciliation.
        order_id = event.client_order_id or item.protects
        return self._state.session.date.strftime("%Y%m%d") != order_id[3:11]
