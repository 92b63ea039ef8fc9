"""What is sent to an exchange, in which order, and what its answers say of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from blocks.exchange.objections import Objections
from blocks.exchange.order_requests import Asked, answer_to, ask
from blocks.exchange.silence import Silence
from blocks.exchange.unanswered import Unanswered
from trading.session.broker.answers import Accepted, Answer, Refusal, Refused, Unknown, reason_of
from trading.session.broker.exchange_port import Exchange
from trading.session.events import Event, Intent, update_of
from trading.session.order_times import OrderTimes, present_us
from trading.session.orders import Leg, Status
from trading.session.state import SessionState


class Dispatch:
    """Sends requests that are in the journal already, and records what is answered.

    `record` takes events into the state. `times` is None where a replay does not wait. `dry_run`
    sends nothing, and records why.
    """

    def __init__(
        self,
        state: SessionState,
        exchange: Exchange,
        record: Callable[[Event], None],
        unanswered: Unanswered,
        objections: Objections,
        silence: Silence,
        times: OrderTimes | None,
        *,
        dry_run: bool,
    ) -> None:
        self._state = state
        self._exchange = exchange
        self._record = record
        self._unanswered = unanswered
        self._objections = objections
        self._silence = silence
        self._times = times
        self._dry_run = dry_run
        # Of requests that were sent, until what the stream says of them is heard.
        self._answers: list[Asked] = []

    @property
    def is_after_the_close(self) -> bool:
        """Return whether a real exchange would keep what is sent now for another day."""
        return self._real_times is not None and self._real_times.is_over()

    def send(self, intents: Sequence[Intent]) -> None:
        """Ask for the exits, and when their answers are there for the entries."""
        if self._dry_run:
            for intent in intents:
                status = Status.REJECTED if intent.action == "submit" else Status.WORKING
                self._record(answer_to(intent, status, "dry_run"))
            return
        intents = self._without_late_ones(intents)
        self.ask([intent for intent in intents if not _is_entry(intent)])
        entries = []
        for intent in filter(_is_entry, intents):
            refusal = self._refusal_of(intent)
            if refusal:
                self._record(answer_to(intent, Status.CANCELLED, refusal))
            else:
                entries.append(intent)
        self.ask(entries)

    def ask(self, intents: Sequence[Intent]) -> None:
        """Send requests side by side, and keep their answers until the stream was heard."""
        self._unanswered.sent([intent.client_order_id for intent in intents])
        for intent, answer in ask(self._exchange, [self.stamped(intent) for intent in intents]):
            if isinstance(answer, Unknown) and intent.action == "submit":
                self._record(answer_to(intent, Status.UNKNOWN, "no answer"))
                self._unanswered.unheard(intent.client_order_id, present_us(self._times))
            self._answers.append((intent, answer))

    def take_answers(self) -> None:
        """Take into the state what only the answers to requests say.

        Most of what an answer says the stream says too, and in more words: it is heard before.
        """
        answers, self._answers = self._answers, []
        for intent, answer in answers:
            asked = self._state.unanswered.get(intent.client_order_id)
            if asked is not None and asked.action == intent.action:
                self._take_answer(intent, answer)

    def stamped(self, intent: Intent) -> Intent:
        """Return the intent as it is sent now, which may be later than it was made."""
        if self._times is None:
            return intent
        from_us = self._times.fills_from_us(self._state.last_bar)
        return replace(intent, us=self._times.now_us(), fills_from_us=from_us)

    @property
    def _real_times(self) -> OrderTimes | None:
        """Return the session's clock where an exchange has one too: a simulated one takes ours."""
        return None if self._exchange.is_simulated else self._times

    def _without_late_ones(self, intents: Sequence[Intent]) -> list[Intent]:
        """Return the requests that are sent: a broker keeps an order after the close for a day.

        It would be filled at the next open, when nobody decided it. What is asked for then ends as
        if the broker had refused it.
        """
        if self._real_times is None or not self._real_times.is_too_late_to_send():
            return list(intents)
        closed = reason_of(Refused(Refusal.RETRY, "the market is closed"))
        for intent in intents:
            if intent.action == "submit":
                self._record(answer_to(intent, Status.REJECTED, closed))
        return [intent for intent in intents if intent.action != "submit"]

    def _refusal_of(self, entry: Intent) -> str:
        """Return why an entry is not to be sent any more, an empty text where it is."""
        if self._silence.words:
            return reason_of(Refused(Refusal.RETRY, "the exchange does not answer"))
        is_late = self._times is not None and self._times.is_late(self._state.last_bar)
        return self._objections.refusal_of(entry) or ("missed" if is_late else "")

    def _take_answer(self, intent: Intent, answer: Answer) -> None:
        name = intent.client_order_id
        match answer:
            case Accepted(their_id=their_id) if their_id and intent.action != "cancel":
                # What the stream says of it later is said under our id, after a restart too.
                self._record(replace(answer_to(intent, Status.WORKING, ""), their_id=their_id))
            case Refused(refusal=refusal) if intent.action == "submit":
                if self._unanswered.refused(intent, refusal, present_us(self._times)):
                    self._record(answer_to(intent, Status.REJECTED, reason_of(answer)))
            case Refused() if self._state.orders[name].status == Status.INTENDED:
                # It was never seen to arrive, and may not have: it is looked up.
                pass
            case Refused():
                # The order stands as it stood, or has ended by itself: it is looked up.
                self._record(update_of(self._state.orders[name], reason=reason_of(answer)))
            case Accepted():
                # The stream says what comes of it.
                self._unanswered.accepted(name, present_us(self._times))
            case Unknown():
                # To be looked up.
                pass


def _is_entry(intent: Intent) -> bool:
    return intent.action == "submit" and intent.leg == Leg.ENTRY
