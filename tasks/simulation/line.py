"""The line between a session and its broker: requests and answers get lost, late and doubled."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Collection, Mapping
from typing import TypeVar

from blocks.process.failpoints import reach
from tasks.simulation.clock import WorldTime
from tasks.simulation.faults import Fault, Faults
from tasks.simulation.story import Story
from tasks.simulation.venue_broker import VenueBroker
from trading.session.broker.answers import (
    Answer,
    ExchangeUnavailable,
    Refusal,
    Refused,
    Unknown,
)
from trading.session.broker.exchange_port import EventPage, ExchangeEvent, StreamPosition
from trading.session.broker.facts import Abilities, BrokerAccount, BrokerClock, Instrument
from trading.session.events import BarClosed, Discrepancy, Fill, Intent, OrderUpdate
from trading.session.orders import Order

Result = TypeVar("Result")
TIME_OUT_SECONDS = 5.0
REFUSALS = [Refusal.RETRY, Refusal.PERMANENT, Refusal.BUYING_POWER, Refusal.HALTED]
OF_CANCELS = [Refusal.RETRY]
ENTRY_REFUSALS = [*REFUSALS, Refusal.WASH_TRADE, Refusal.NOT_SHORTABLE]


class SimulatedLine:
    """The exchange that a session speaks with; one a process, over one broker.

    `looked` is called after whatever may have changed something at the broker.
    """

    is_simulated = True

    def __init__(
        self,
        broker: VenueBroker,
        time: WorldTime,
        faults: Faults,
        story: Story,
        looked: Callable[[], None],
        asked: Callable[[str, Intent], None],
        answered: Callable[[Intent, Answer], None],
        halted: Mapping[str, int],
    ) -> None:
        self._broker = broker
        self._time = time
        self._faults = faults
        self._story = story
        self._looked = looked
        self._asked = asked
        self._note_answer = answered
        self._halted = halted
        self._mute_until = 0
        # How far the process has heard: what lies behind is news to come.
        self._heard = 0
        self.is_asking = False

    @property
    def name(self) -> str:
        """Return what people call the exchange."""
        return self._broker.name

    @property
    def abilities(self) -> Abilities:
        """Return what the broker can do."""
        return self._broker.abilities

    def has_news(self) -> bool:
        """Return whether something happened that the process has not heard."""
        return self._broker.happened != self._heard

    def account(self) -> BrokerAccount:
        """Return the account as the broker sees it."""
        return self._read("account", self._broker.account)

    def instrument(self, symbol: str) -> Instrument:
        """Return what the broker allows of a symbol."""
        return self._read("instrument", lambda: self._broker.instrument(symbol))

    def clock(self) -> BrokerClock:
        """Return the broker's time."""
        return BrokerClock(self._time.now, is_open=True)

    def submit(self, intent: Intent) -> Answer:
        """Ask for a new order."""
        refusals = ENTRY_REFUSALS if intent.leg == "entry" else REFUSALS
        return self._ask("submit", intent, self._broker.submit, refusals)

    def replace(self, intent: Intent) -> Answer:
        """Ask for another price or quantity of a working order."""
        return self._ask("replace", intent, self._broker.replace, REFUSALS)

    def cancel(self, intent: Intent) -> Answer:
        """Ask for a working order to be cancelled."""
        return self._ask("cancel", intent, self._broker.cancel, OF_CANCELS)

    def find_order(self, client_order_id: str) -> Order | None:
        """Return an order by its client order id."""
        return self._read("find", lambda: self._broker.find_order(client_order_id))

    def open_orders(self) -> list[Order]:
        """Return every order that rests or works."""
        return self._read("orders", self._broker.open_orders)

    def positions(self) -> dict[str, int]:
        """Return signed quantities by symbol."""
        return self._read("positions", self._broker.positions)

    def events(self, since: StreamPosition) -> EventPage:
        """Return what happened after a position, in order; repeated, later, or all of it."""
        if self._faults.strikes(Fault.RESTARTED, 0.15):
            self._story.tell("broker: its stream begins anew")
            self._broker.begin_stream()
        page = self._read("events", lambda: self._broker.events(since))
        is_mute = self._time.us < self._mute_until
        if not is_mute and page.events and self._faults.strikes(Fault.MUTE):
            self._mute_until = self._time.us + round(
                self._faults.between(Fault.MUTE, 2.0, 90.0) * 1e6
            )
            self._story.tell("broker: its stream is mute")
            is_mute = True
        if is_mute and not page.begins_anew:
            return EventPage(since, [])
        events = page.events
        if events and self._faults.strikes(Fault.REPEATED):
            everything = self._broker.events(StreamPosition("", "")).events
            count = min(
                len(everything), len(events) + int(self._faults.between(Fault.REPEATED, 1, 6))
            )
            events = everything[-count:]
        if len(events) > 1 and self._faults.strikes(Fault.REORDERED):
            events = self._in_another_order(events)
        self._heard = int(page.position.cursor)
        for event in events:
            self._story.tell(f"heard {heard(event.event)}")
        return EventPage(page.position, events, page.begins_anew)

    def _in_another_order(self, events: list[ExchangeEvent]) -> list[ExchangeEvent]:
        """Return events in an order that is drawn; the fills of a symbol stay in theirs."""
        self._story.tell("broker: it tells what happened in another order")
        others = list(events)
        self._faults.shuffle(Fault.REORDERED, others)
        fills: dict[str, deque[ExchangeEvent]] = defaultdict(deque)
        for item in events:
            if isinstance(item.event, Fill):
                fills[item.event.symbol].append(item)
        return [
            fills[item.event.symbol].popleft() if isinstance(item.event, Fill) else item
            for item in others
        ]

    def know(self, their_ids: Mapping[str, str]) -> None:
        """Learn the broker's ids that the journal has."""
        self._broker.know(their_ids)

    def observe(self, bar: BarClosed, begins_anew: Collection[str] = ()) -> None:
        """Let the venue see a bar."""
        reach("before acknowledge")
        self._broker.observe(bar, begins_anew)
        self._looked()
        reach("after acknowledge")

    def end_session(self, session: str, close_us: int) -> None:
        """Let the venue end its day."""
        reach("before acknowledge")
        self._broker.end_session(session, close_us)
        self._looked()
        reach("after acknowledge")

    def close(self) -> None:
        """Hold nothing open."""

    def _read(self, what: str, question: Callable[[], Result]) -> Result:
        if self._faults.strikes(Fault.UNREADABLE, 0.3):
            self._pass(TIME_OUT_SECONDS)
            self._story.tell(f"broker: no answer about {what}")
            raise ExchangeUnavailable(
                f"the broker did not answer about {what}", "It is asked again"
            )
        return question()

    def _ask(
        self,
        action: str,
        intent: Intent,
        request: Callable[[Intent], Answer],
        refusals: list[Refusal],
    ) -> Answer:
        self._asked(action, intent)
        name = f"{action} {intent.client_order_id} {intent.quantity} at {intent.price}"
        reach("before acknowledge")
        answer = self._answered(name, intent, request, refusals)
        self._story.tell(f"{name}: {answer}")
        self._note_answer(intent, answer)
        self._looked()
        reach("after acknowledge")
        return answer

    def _answered(
        self,
        name: str,
        intent: Intent,
        request: Callable[[Intent], Answer],
        refusals: list[Refusal],
    ) -> Answer:
        faults = self._faults
        self._pass(faults.between(Fault.SILENT, 0.02, 0.2))
        if faults.strikes(Fault.LOST):
            self._pass(TIME_OUT_SECONDS)
            return Unknown("no answer")
        if faults.strikes(Fault.LATE):
            self._time.after(
                faults.between(Fault.LATE, 1.0, 40.0), lambda: self._arrive(name, intent, request)
            )
            self._pass(TIME_OUT_SECONDS)
            return Unknown("no answer")
        if faults.strikes(Fault.REFUSED):
            refusal = faults.choice(Fault.REFUSED, refusals)
            return Refused(refusal, f"the simulated broker says {refusal}")
        if self._time.us < self._halted.get(intent.symbol, 0) and refusals is not OF_CANCELS:
            return Refused(Refusal.HALTED, f"trading in {intent.symbol} is halted")
        answer = request(intent)
        if faults.strikes(Fault.DUPLICATE):
            request(intent)
        if faults.strikes(Fault.SILENT):
            self._looked()
            self._pass(TIME_OUT_SECONDS)
            return Unknown("no answer")
        return answer

    def _arrive(self, name: str, intent: Intent, request: Callable[[Intent], Answer]) -> None:
        self._story.tell(f"late, {name}: {request(intent)}")
        self._looked()

    def _pass(self, seconds: float) -> None:
        self.is_asking = seconds >= TIME_OUT_SECONDS
        self._looked()
        self._time.pass_seconds(seconds)
        self._looked()
        self.is_asking = False


def heard(event: Fill | OrderUpdate | Discrepancy) -> str:
    """Return an event of a broker in a few words."""
    match event:
        case Fill():
            return f"fill {event.exec_id} {event.leg} of {event.quantity} at {event.price:g}"
        case OrderUpdate():
            what = f"{event.client_order_id or event.their_id} {event.leg} is {event.status}"
            return f"{what} of {event.quantity} at {event.price} {event.reason}".rstrip()
        case Discrepancy():
            return f"{event.symbol} {event.reason}"
