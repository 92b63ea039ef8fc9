"""A broker of the bracket kind in memory: legs are held until their entry is filled whole.

It has the manners that hurt: legs have ids of its own, a replaced order is a new one, exits that
together exceed the position are refused, and so is an order beside an open opposite one. A test
says what fills, what becomes of legs, and which requests are refused, delayed or lost.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal

from trading.session.broker.answers import Accepted, Answer, Refusal, Refused, Unknown
from trading.session.broker.exchange_port import EventPage, ExchangeEvent, StreamPosition
from trading.session.broker.facts import Abilities, BrokerAccount, BrokerClock, Instrument
from trading.session.events import BarClosed, Fill, Intent, order_of, update_of
from trading.session.orders import Leg, Order, Status

BRACKETS = Abilities(
    rests_protection=False,
    bracket=True,
    oto=True,
    oco=True,
    stop_entry=True,
    leg_ids_settable=False,
    replaces_in_place=False,
    counts_open_exits=True,
    at_once=4,
)
PLAIN = replace(BRACKETS, bracket=False, oto=False, oco=False, counts_open_exits=False)
# What becomes of the legs of an entry that was cancelled when it was filled in part.
FATES = ("gone", "active", "stale", "asleep")


@dataclass
class Resting:
    """An order as the broker has it; `parent` is the entry or target that it goes with."""

    order: Order
    parent: str = ""
    is_held: bool = False

    @property
    def signed_left(self) -> int:
        left = self.order.remaining
        return left if self.order.quantity > 0 else -left


@dataclass
class BracketBroker:
    """Takes requests at once and fills when it is told to."""

    abilities: Abilities = BRACKETS
    fate: str = "gone"
    adjusts_pairs: bool = True
    confirms_cancels: bool = True
    is_mute: bool = False
    names_legs: bool = False
    held: dict[str, int] = field(default_factory=dict)
    resting: dict[str, Resting] = field(default_factory=dict)
    requests: list[Intent] = field(default_factory=list)
    # By action and leg, answers that are given before anything is done.
    refuse: Callable[[Intent], Answer | None] = lambda _: None
    lost: Callable[[Intent], bool] = lambda _: False
    most_open: dict[str, tuple[int, int]] = field(default_factory=dict)
    name: str = "brackets"
    is_simulated: bool = False
    _events: list[ExchangeEvent] = field(default_factory=list)
    _kept_back: list[ExchangeEvent] = field(default_factory=list)
    _ending: list[str] = field(default_factory=list)
    _count: int = 0

    def submit(self, intent: Intent) -> Answer:
        self.requests.append(intent)
        said = self.refuse(intent) or self._objection(intent)
        if said is not None:
            return said
        if intent.client_order_id in self.resting:
            return Refused(Refusal.PERMANENT, "client_order_id must be unique")
        order = replace(order_of(intent), status=Status.WORKING, their_id=self._their_id())
        self.resting[order.client_order_id] = Resting(order)
        self._tell(order)
        if order.leg == Leg.ENTRY:
            self._hold(order, Leg.STOP, order.stop_id, order.stop_price)
            reference = order.level or order.reference_price or 0.0
            self._hold(order, Leg.TARGET, order.target_id, reference + (order.target_offset or 0))
        elif order.leg == Leg.TARGET and order.stop_id:
            self._hold(order, Leg.STOP, order.stop_id, order.stop_price)
        return self._answer(intent, Accepted(order.their_id))

    def replace(self, intent: Intent) -> Answer:
        self.requests.append(intent)
        said = self.refuse(intent)
        if said is not None:
            return said
        found = self.resting.get(intent.client_order_id)
        if found is None or not found.order.is_live:
            return Refused(Refusal.PERMANENT, "order is not open")
        is_paired = found.parent or any(r.parent == intent.client_order_id for r in self._all())
        if is_paired and abs(intent.quantity) != abs(found.order.quantity):
            return Refused(Refusal.PERMANENT, "quantity of a leg cannot be replaced")
        found.order = replace(
            found.order, price=intent.price, quantity=intent.quantity, their_id=self._their_id()
        )
        self._tell(found.order, found.parent)
        return self._answer(intent, Accepted(found.order.their_id))

    def cancel(self, intent: Intent) -> Answer:
        self.requests.append(intent)
        said = self.refuse(intent)
        if said is not None:
            return said
        found = self.resting.get(intent.client_order_id)
        if found is None or not found.order.is_live:
            state = "unknown" if found is None else found.order.status
            return Refused(Refusal.PERMANENT, f"order is {state} already")
        self._ending.append(intent.client_order_id)
        if self.confirms_cancels:
            self.confirm()
        return self._answer(intent, Accepted(found.order.their_id))

    def confirm(self) -> None:
        """End what was asked to end, unless it has been filled meanwhile."""
        ending, self._ending = self._ending, []
        for name in ending:
            if self.resting[name].order.is_live:
                self.end(name)

    def end(self, name: str, status: Status = Status.CANCELLED, reason: str = "") -> None:
        """End an order, and what goes with it."""
        ended = self.resting[name]
        ended.order = replace(ended.order, status=status)
        self._tell(ended.order, ended.parent, reason)
        for other in self._all():
            if not other.order.is_live:
                continue
            if other.parent == name and ended.order.leg == Leg.ENTRY:
                self._settle_leg(other, ended.order)
            elif self._are_paired(ended, other):
                other.order = replace(other.order, status=Status.CANCELLED)
                self._tell(other.order, other.parent)

    def fill(self, name: str, quantity: int, price: float, us: int = 0) -> None:
        """Fill so many shares of an order, not signed."""
        found = self.resting[name]
        order = found.order
        signed = quantity if order.quantity > 0 else -quantity
        found.order = order = replace(order, filled=order.filled + quantity)
        self.held[order.symbol] = self.held.get(order.symbol, 0) + signed
        self._count += 1
        id_ = name if self._is_known(found) else ""
        fill = Fill(f"x{self._count}", id_, order.symbol, order.leg, signed, price, 0.0, us)
        self._say(ExchangeEvent(fill, order.their_id, found.parent if not id_ else ""))
        if order.remaining == 0:
            found.order = order = replace(order, status=Status.FILLED)
            self._tell(order, found.parent)
        for other in self._all():
            if not other.order.is_live or other is found:
                continue
            if other.parent == name and order.leg == Leg.ENTRY:
                if not order.is_live:
                    other.is_held = False
                    other.order = replace(other.order, status=Status.WORKING)
                    self._tell(other.order, other.parent)
            elif self._are_paired(found, other):
                self._follow(other, order)
        self._see_open(order.symbol)

    def open_exits(self, symbol: str) -> int:
        """Return how many shares the open exits could sell or buy: a pair counts once."""
        held = self.held.get(symbol, 0)
        by_group: dict[str, int] = {}
        for each in self._all():
            if each.order.symbol != symbol or each.order.leg == Leg.ENTRY or each.is_held:
                continue
            if each.order.is_live and each.order.quantity * (held or 1) < 0:
                group = each.parent or each.order.client_order_id
                by_group[group] = max(by_group.get(group, 0), each.order.remaining)
        return sum(by_group.values())

    def stop_of(self, symbol: str) -> Order | None:
        """Return the stop that rests for a symbol at this moment."""
        for each in self._all():
            order = each.order
            is_stop = order.symbol == symbol and order.leg == Leg.STOP
            if is_stop and order.is_live and not each.is_held:
                return order
        return None

    def live(self, leg: Leg, symbol: str = "AAA") -> list[Order]:
        """Return the live orders of a leg."""
        return [
            each.order
            for each in self._all()
            if each.order.is_live and (each.order.leg, each.order.symbol) == (leg, symbol)
        ]

    def say_again(self) -> None:
        """Let what was kept back be heard."""
        self.is_mute = False
        self._events += self._kept_back
        self._kept_back = []

    def find_order(self, client_order_id: str) -> Order | None:
        found = self.resting.get(client_order_id)
        return None if found is None else found.order

    def open_orders(self) -> list[Order]:
        return [each.order for each in self._all() if each.order.is_live]

    def positions(self) -> dict[str, int]:
        return {symbol: quantity for symbol, quantity in self.held.items() if quantity}

    def events(self, since: StreamPosition) -> EventPage:
        at = int(since.cursor or 0)
        page = self._events[at:]
        return EventPage(StreamPosition(self.name, str(at + len(page))), list(page))

    def account(self) -> BrokerAccount:
        return BrokerAccount(Decimal(100_000), Decimal(100_000), Decimal(100_000), may_short=True)

    def instrument(self, symbol: str) -> Instrument:
        return Instrument(symbol, True, True, True, True)

    def clock(self) -> BrokerClock:
        return BrokerClock(datetime(2025, 6, 10, 15, 0, tzinfo=UTC), is_open=True)

    def know(self, their_ids: Mapping[str, str]) -> None:
        return

    def observe(self, bar: BarClosed, begins_anew: Collection[str] = ()) -> None:
        return

    def end_session(self, session: str, close_us: int) -> None:
        return

    def close(self) -> None:
        return

    def _all(self) -> list[Resting]:
        return list(self.resting.values())

    def _their_id(self) -> str:
        self._count += 1
        return f"b{self._count}"

    def _hold(self, parent: Order, leg: Leg, name: str | None, price: float | None) -> None:
        if not name:
            return
        quantity = -parent.quantity if parent.leg == Leg.ENTRY else parent.quantity
        order = Order(name, parent.symbol, leg, quantity, price=price)
        is_held = parent.leg == Leg.ENTRY
        status = Status.HELD if is_held else Status.WORKING
        order = replace(order, status=status, their_id=self._their_id())
        self.resting[name] = Resting(order, parent.client_order_id, is_held)
        self._tell(order, parent.client_order_id)

    def _settle_leg(self, leg: Resting, entry: Order) -> None:
        if entry.filled == 0 or self.fate == "gone":
            leg.order = replace(leg.order, status=Status.CANCELLED)
        elif self.fate == "active":
            quantity = entry.filled if leg.order.quantity > 0 else -entry.filled
            leg.order = replace(leg.order, quantity=quantity)
        if self.fate == "asleep" and leg.order.is_live:
            return
        leg.is_held = False
        if leg.order.is_live:
            leg.order = replace(leg.order, status=Status.WORKING)
        self._tell(leg.order, leg.parent)

    def _are_paired(self, one: Resting, other: Resting) -> bool:
        """Return whether two orders end each other."""
        if Leg.ENTRY in (one.order.leg, other.order.leg):
            return False
        groups = {one.parent or one.order.client_order_id} & {
            other.parent or other.order.client_order_id
        }
        return bool(groups)

    def _follow(self, other: Resting, filled: Order) -> None:
        if not filled.is_live:
            other.order = replace(other.order, status=Status.CANCELLED)
        elif self.adjusts_pairs:
            left = filled.remaining + other.order.filled
            quantity = left if other.order.quantity > 0 else -left
            other.order = replace(other.order, quantity=quantity)
        else:
            return
        self._tell(other.order, other.parent)

    def _is_known(self, found: Resting) -> bool:
        return self.names_legs or not found.parent

    def _tell(self, order: Order, parent: str = "", reason: str = "") -> None:
        update = update_of(order, reason=reason)
        if parent and not self.names_legs:
            update = replace(update, client_order_id="")
            self._say(ExchangeEvent(update, order.their_id, parent))
        else:
            self._say(ExchangeEvent(update, order.their_id))

    def _say(self, event: ExchangeEvent) -> None:
        (self._kept_back if self.is_mute else self._events).append(event)

    def _answer(self, intent: Intent, answer: Answer) -> Answer:
        self._see_open(intent.symbol)
        return Unknown("no answer") if self.lost(intent) else answer

    def _objection(self, intent: Intent) -> Refused | None:
        held = self.held.get(intent.symbol, 0)
        opposite = [
            each
            for each in self._all()
            if each.order.is_live
            and not each.is_held
            and each.order.symbol == intent.symbol
            and each.order.quantity * intent.quantity < 0
        ]
        if opposite:
            return Refused(Refusal.WASH_TRADE, "opposite side order exists")
        if intent.leg == Leg.ENTRY:
            return None
        if intent.quantity * held >= 0:
            return Refused(Refusal.PERMANENT, "nothing is held on that side")
        is_counted = self.abilities.counts_open_exits
        others = self.open_exits(intent.symbol) if is_counted else 0
        if abs(intent.quantity) + others > abs(held):
            words = f"insufficient qty (requested {intent.quantity}, held {held}, open {others})"
            return Refused(Refusal.BUYING_POWER, words)
        return None

    def _see_open(self, symbol: str) -> None:
        """Remember the largest excess of open exits over the position."""
        opened, held = self.open_exits(symbol), abs(self.held.get(symbol, 0))
        before = self.most_open.get(symbol)
        if before is None or opened - held > before[0] - before[1]:
            self.most_open[symbol] = (opened, held)
