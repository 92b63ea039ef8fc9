"""Finds out what became of requests without an answer."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import datetime, timedelta

from blocks.exchange.comparison import given_up
from blocks.exchange.lookups import Lookups
from blocks.exchange.order_requests import answer_to
from blocks.exchange.questions import Questions
from trading.market.calendar import from_microseconds, to_microseconds
from trading.session.broker.answers import ExchangeUnavailable, Refusal
from trading.session.broker.exchange_port import Exchange
from trading.session.events import Event, Intent, update_of
from trading.session.orders import Leg, Order, Status
from trading.session.state import SessionState


class Unanswered:
    """Looks requests up by the ids of their orders, and never repeats what may have arrived."""

    def __init__(
        self,
        state: SessionState,
        exchange: Exchange,
        questions: Questions,
        record: Callable[[Event], None],
        speed: float,
    ) -> None:
        self._state = state
        self._exchange = exchange
        self._questions = questions
        self._record = record
        self._lookups = Lookups(exchange, speed)
        # Requests that the exchange has: only what comes of them is not known.
        self._accepted: set[str] = set()

    def accepted(self, client_order_id: str, us: int) -> None:
        """Note that the exchange has a request, and will say what comes of it."""
        self._accepted.add(client_order_id)
        self._questions.is_due(client_order_id, us)

    def sent(self, client_order_ids: Collection[str]) -> None:
        """Note that requests are on their way, whatever was said of earlier ones."""
        self._accepted -= set(client_order_ids)

    def unheard(self, client_order_id: str, us: int) -> None:
        """Note that a new order had no answer."""
        self._lookups.unheard(client_order_id, us)

    def refused(self, intent: Intent, refusal: Refusal, us: int) -> bool:
        """Note that a new order was refused; return whether that ends it.

        It does not where the same was sent before without an answer: that one may still arrive,
        and under a new id there would be two orders. So it is sent again under its own, later. A
        stop that is refused for good ends all the same: its position is left instead.
        """
        is_final = intent.leg != Leg.EXIT and refusal != Refusal.RETRY
        if is_final or not self._lookups.may_arrive(intent.client_order_id, us):
            return True
        self._lookups.postpone(intent.client_order_id, us)
        return False

    def settle(
        self, now: datetime, us: int, entry_deadline: datetime, *, is_history: bool
    ) -> list[Intent]:
        """Record what is found out, and return what is to be sent again.

        An entry that never arrived and whose bar is over is given up, also where others were taken
        since: a late one is another trade. While the bars that come next are history, nothing is
        sent: what rested rested through them.
        `us` is the desk's clock, 0 for none.
        """
        again: list[Intent] = []
        self._lookups.keep(self._state.unanswered)
        for intent in list(self._state.unanswered.values()):
            name = intent.client_order_id
            # What was accepted a moment ago is given the time to be heard of.
            if name in self._accepted and not self._questions.is_due(name, us):
                continue
            if not self._lookups.is_due(name, us):
                continue
            is_answered, found = self._look_up(name, us)
            if not is_answered:
                if not is_history and self._is_urgent(intent) and self._questions.is_due(name, us):
                    again.append(self._priced_now(intent))
                    self._lookups.repeated(name, us)
                continue
            is_late = (
                now > entry_deadline
                or self._is_of_an_earlier_bar(intent, us)
                or not self._is_wanted(intent)
            )
            if found is None and intent.action != "submit":
                # There is nothing to cancel or to move.
                for event in given_up(self._state.orders[name]):
                    self._record(event)
            elif found is None and intent.leg == Leg.ENTRY and is_late:
                self._record(answer_to(intent, Status.CANCELLED, "missed"))
            elif found is None and self._is_misfit(intent):
                self._record(answer_to(intent, Status.CANCELLED, "the position is another"))
            elif found is not None and _says_enough(found, intent):
                self._record(update_of(found, to_microseconds(now)))
            elif name in self._accepted and not self._questions.is_to_be_repeated(name):
                continue
            elif not is_history:
                again.append(self._priced_now(intent))
                self._lookups.sent_again(intent, us)
        return again

    def _look_up(self, client_order_id: str, us: int) -> tuple[bool, Order | None]:
        """Return whether it is known what became of a request, and the order if it is there."""
        try:
            found = self._exchange.find_order(client_order_id)
        except ExchangeUnavailable:
            self._lookups.postpone(client_order_id, us)
            return False, None
        return found is not None or self._lookups.missing(client_order_id, us), found

    def _is_urgent(self, intent: Intent) -> bool:
        """Return whether a position waits for a request that was looked for and was not there.

        It is sent again although it may arrive yet: under its id both are one order.
        """
        is_guard = intent.action == "submit" and intent.leg != Leg.ENTRY
        return is_guard and self._lookups.has_missed(intent.client_order_id)

    def _is_misfit(self, intent: Intent) -> bool:
        """Return whether more would be left than is held now: it is planned anew."""
        held = int(self._state.book.quantity[self._state.index[intent.symbol]])
        return intent.leg != Leg.ENTRY and abs(intent.quantity) > abs(held)

    def _is_of_an_earlier_bar(self, entry: Intent, us: int) -> bool:
        """Return whether the bar in which an entry was made is over: its price was of then."""
        if not us or not entry.us:
            return False
        session, minutes = self._state.session, self._state.plan.interval_minutes
        made = from_microseconds(entry.us)
        bar = max(0, (made - session.open) // timedelta(minutes=minutes))
        return us > to_microseconds(session.bar_end(bar, minutes))

    def _is_wanted(self, entry: Intent) -> bool:
        """Return whether the book still waits for an entry: one of another session is over."""
        return bool(self._state.book.pending[self._state.index[entry.symbol]] != 0)

    def _priced_now(self, intent: Intent) -> Intent:
        """Return an exit that is sent again at the newest price known now, not at that of then."""
        if not intent.is_immediate:
            return intent
        mark = float(self._state.book.mark[self._state.index[intent.symbol]])
        return replace(intent, reference_price=mark)


def _says_enough(found: Order, asked: Intent) -> bool:
    """Return whether an order as it is found tells what became of a request."""
    if asked.action == "cancel":
        return not found.is_live
    is_as_asked = (found.price, found.quantity) == (asked.price, asked.quantity)
    return asked.action == "submit" or is_as_asked or not found.is_live
