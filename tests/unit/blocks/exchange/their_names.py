"""An exchange that has the legs of an entry under ids of its own, as a real one does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from tests.unit.replay.in_memory import MemoryExchange
from trading.plan import RunPlan
from trading.session.broker.answers import Accepted, Answer, Refusal, Refused
from trading.session.broker.exchange_port import EventPage, ExchangeEvent, StreamPosition
from trading.session.broker.facts import SIMULATED
from trading.session.events import Discrepancy, Fill, Intent, OrderUpdate
from trading.session.orders import Leg, Order

LEGS = (Leg.STOP, Leg.TARGET)


class TheirExchange(MemoryExchange):
    """Names each order itself; of a leg it says only whose entry it protects, until it is told."""

    abilities = replace(SIMULATED, leg_ids_settable=False)

    def __init__(self, plan: RunPlan) -> None:
        super().__init__(plan)
        self.our_ids: dict[str, str] = {}

    def restarted(self, plan: RunPlan) -> TheirExchange:
        """Return the same account as another process sees it, which knows no id of ours."""
        again = TheirExchange(plan)
        again.venue, again.stream_of_events = self.venue, self.stream_of_events
        return again

    def their_id(self, client_order_id: str) -> str:
        return f"T-{client_order_id[::-1]}"

    def know(self, their_ids: Mapping[str, str]) -> None:
        self.our_ids |= their_ids

    def submit(self, intent: Intent) -> Answer:
        answer = super().submit(intent)
        if isinstance(answer, Accepted):
            self.our_ids[self.their_id(intent.client_order_id)] = intent.client_order_id
            return Accepted(self.their_id(intent.client_order_id))
        return answer

    def replace(self, intent: Intent) -> Answer:
        return super().replace(intent) if self._knows(intent) else _unheard_of(intent)

    def cancel(self, intent: Intent) -> Answer:
        return super().cancel(intent) if self._knows(intent) else _unheard_of(intent)

    def _knows(self, intent: Intent) -> bool:
        return intent.client_order_id in self.our_ids.values() or intent.leg not in LEGS

    def find_order(self, client_order_id: str) -> Order | None:
        found = super().find_order(client_order_id)
        is_leg = found is not None and found.leg in LEGS
        return None if is_leg and client_order_id not in self.our_ids.values() else found

    def open_orders(self) -> list[Order]:
        return [self._as_theirs(order) for order in super().open_orders()]

    def _as_theirs(self, order: Order) -> Order:
        their_id = self.their_id(order.client_order_id)
        order = replace(order, their_id=their_id)
        if order.leg not in LEGS or their_id in self.our_ids:
            return order
        return replace(order, client_order_id="", protects=self._entry_of(order.client_order_id))

    def events(self, since: StreamPosition) -> EventPage:
        page = super().events(since)
        return page._replace(events=[self._told(item) for item in page.events])

    def _told(self, item: ExchangeEvent) -> ExchangeEvent:
        event = item.event
        if isinstance(event, Discrepancy):
            return item
        their_id = self.their_id(event.client_order_id)
        if event.leg not in LEGS or their_id in self.our_ids:
            return replace(item, their_id=their_id)
        nameless = replace(event, client_order_id="")
        return ExchangeEvent(nameless, their_id, self._entry_of(event.client_order_id))

    def _entry_of(self, leg_id: str) -> str:
        orders = self.venue.state.orders.values()
        return next(o.client_order_id for o in orders if leg_id in (o.stop_id, o.target_id))

    def forget_updates_of(self, leg: Leg) -> None:
        """Lose what the stream would say of a leg before its fill."""
        self.stream_of_events[:] = [
            event
            for event in self.stream_of_events
            if not (isinstance(event, OrderUpdate) and event.leg == leg)
        ]

    def fill_of(self, order: Order, quantity: int, price: float) -> Fill:
        """Say of a leg that a part of it was filled, in the venue's books too."""
        fill = Fill(
            f"{order.client_order_id}.{quantity}.{len(self.stream_of_events)}",
            order.client_order_id,
            order.symbol,
            order.leg,
            quantity,
            price,
            0.0,
            1,
        )
        self.venue.state.book.quantity[self.venue.index[order.symbol]] += quantity
        self.stream_of_events.append(fill)
        return fill


def _unheard_of(intent: Intent) -> Refused:
    return Refused(Refusal.PERMANENT, f"order {intent.client_order_id} is not found")
