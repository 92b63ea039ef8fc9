"""The line to a broker of Alpaca's style: its HTTP requests get lost, late, doubled and refused."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import requests
from pydantic import SecretStr

from blocks.exchange.alpaca.exchange import ABILITIES, AlpacaExchange
from blocks.exchange.alpaca.line.access import BrokerAccess
from blocks.process.failpoints import reach
from tasks.simulation.alpaca_broker import AlpacaBroker
from tasks.simulation.alpaca_model.answers import ApiAnswer, Json, forbidden, unprocessable
from tasks.simulation.alpaca_model.transport import ModelTransport
from tasks.simulation.clock import SECOND_US, WorldTime
from tasks.simulation.faults import Fault, Faults
from tasks.simulation.line import TIME_OUT_SECONDS, heard
from tasks.simulation.story import Story
from trading.session.broker.answers import Answer
from trading.session.broker.exchange_port import EventPage, StreamPosition
from trading.session.events import Intent

ACCESS = BrokerAccess(
    SecretStr("key"), SecretStr("secret"), base_url="http://127.0.0.1:1", requests_a_minute=10**6
)
REFUSALS = [
    ApiAnswer(429, {"code": 42910000, "message": "too many requests"}),
    ApiAnswer(503, None),
    forbidden("insufficient buying power").answer,
    unprocessable("potential wash trade detected. use complex orders").answer,
    unprocessable("asset is not tradable").answer,
]
OF_CANCELS = [ApiAnswer(429, {"code": 42910000, "message": "too many requests"})]


class AlpacaLine(AlpacaExchange):
    """The real adapter and the real library over a line that fails; one a process.

    Requests follow each other: which of two threads comes first is not drawn from a seed.
    """

    def __init__(
        self,
        broker: AlpacaBroker,
        symbols: Sequence[str],
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
        self._heard = 0
        # By the id of an execution.
        self._listed_from: dict[str, int] = {}
        self.is_asking = False
        transport = ModelTransport(self._answering)
        super().__init__(
            ACCESS,
            lambda: time.now,
            symbols,
            transport=transport,
            steady=lambda: time.us / SECOND_US,
            wait=self._pass,
        )
        self.abilities = replace(ABILITIES, at_once=1)

    def has_news(self) -> bool:
        """Return whether something happened since news were asked for last."""
        return len(self._broker.model.book.updates) != self._heard

    def submit(self, intent: Intent) -> Answer:
        """Ask for a new order."""
        return self._request("submit", intent, super().submit)

    def replace(self, intent: Intent) -> Answer:
        """Ask for another price or quantity of a working order."""
        return self._request("replace", intent, super().replace)

    def cancel(self, intent: Intent) -> Answer:
        """Ask for a working order to be cancelled."""
        return self._request("cancel", intent, super().cancel)

    def events(self, since: StreamPosition) -> EventPage:
        """Return what happened after a position."""
        count = len(self._broker.model.book.updates)
        page = super().events(since)
        for event in page.events:
            self._story.tell(f"heard {heard(event.event)}")
        if page.events or self._time.us % (5 * SECOND_US) < SECOND_US:
            self._heard = count
        return page

    def _request(self, action: str, intent: Intent, ask: Callable[[Intent], Answer]) -> Answer:
        self._asked(action, intent)
        answer = ask(intent)
        name = f"{action} {intent.client_order_id} {intent.quantity} at {intent.price}"
        self._story.tell(f"{name}: {answer}")
        self._note_answer(intent, answer)
        return answer

    def _answering(self, method: str, path: str, query: dict[str, str], body: Json) -> ApiAnswer:
        faults = self._faults
        self._pass(faults.between(Fault.SILENT, 0.02, 0.2))
        if method == "GET":
            if faults.strikes(Fault.UNREADABLE, 0.3):
                self._pass(TIME_OUT_SECONDS)
                self._story.tell(f"broker: no answer to GET {path}")
                raise requests.ReadTimeout("no answer")
            return self._in_another_order(path, self._respond(method, path, query, body))
        reach("before acknowledge")
        answer = self._changed(method, path, query, body)
        self._looked()
        reach("after acknowledge")
        return answer

    def _in_another_order(self, path: str, answer: ApiAnswer) -> ApiAnswer:
        """Return an answer whose orders are shuffled, or that lists an execution only later on."""
        faults, listed = self._faults, answer.body
        if not isinstance(listed, list):
            return answer
        if path.endswith("/orders") and len(listed) > 1 and faults.strikes(Fault.REORDERED, 0.3):
            listed = list(listed)
            faults.shuffle(Fault.REORDERED, listed)
        elif "/activities" in path:
            listed = [one for one in listed if self._is_listed(one)]
        return answer._replace(body=listed)

    def _is_listed(self, execution: Json) -> bool:
        """Return whether an execution is to be seen yet; when it is is drawn at the first look."""
        assert isinstance(execution, dict)
        name = str(execution["id"])
        if name not in self._listed_from:
            is_late = self._faults.strikes(Fault.REORDERED)
            seconds = self._faults.between(Fault.REORDERED, 0.5, 20.0) if is_late else 0.0
            self._listed_from[name] = self._time.us + round(seconds * SECOND_US)
        return self._listed_from[name] <= self._time.us

    def _changed(self, method: str, path: str, query: dict[str, str], body: Json) -> ApiAnswer:
        faults = self._faults
        if faults.strikes(Fault.LOST):
            self._pass(TIME_OUT_SECONDS)
            raise requests.ReadTimeout("no answer")
        if faults.strikes(Fault.LATE):
            self._time.after(
                faults.between(Fault.LATE, 1.0, 40.0),
                lambda: self._arrive(method, path, query, body),
            )
            self._pass(TIME_OUT_SECONDS)
            raise requests.ReadTimeout("no answer")
        if faults.strikes(Fault.REFUSED):
            return faults.choice(Fault.REFUSED, OF_CANCELS if method == "DELETE" else REFUSALS)
        if method == "POST" and isinstance(body, dict):
            symbol = str(body.get("symbol"))
            if self._time.us < self._halted.get(symbol, 0):
                return unprocessable(f"trading in {symbol} is halted").answer
        if method == "DELETE" and faults.strikes(Fault.RACE):
            self._story.tell("broker: the order fills before its cancel")
            self._broker.fill(path.rpartition("/")[2])
        answer = self._respond(method, path, query, body)
        if faults.strikes(Fault.DUPLICATE):
            self._respond(method, path, query, body)
        if faults.strikes(Fault.SILENT):
            self._looked()
            self._pass(TIME_OUT_SECONDS)
            raise requests.ReadTimeout("no answer")
        return answer

    def _arrive(self, method: str, path: str, query: dict[str, str], body: Json) -> None:
        answer = self._respond(method, path, query, body)
        self._story.tell(f"late, {method} {path}: {answer.status}")
        self._looked()

    def _respond(self, method: str, path: str, query: dict[str, str], body: Json) -> ApiAnswer:
        if method in ("DELETE", "PATCH"):
            order = self._broker.model.book.orders.get(path.rpartition("/")[2])
            if order is None or not self._broker.is_ours(order):
                self._broker.touched_orders.append(path)
        answer = self._broker.model.respond(method, path, query, body, self._time.now)
        if method != "GET" and answer.status >= 400:
            self._story.tell(f"broker: {method} {path} is refused: {answer.body}")
        return answer

    def _pass(self, seconds: float) -> None:
        self.is_asking = seconds >= TIME_OUT_SECONDS
        self._looked()
        self._time.pass_seconds(seconds)
        self._looked()
        self.is_asking = False
