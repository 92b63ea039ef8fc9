"""Asks Alpaca for orders and finds them: each request once, of the order that stands for ours."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from threading import RLock

from blocks.exchange.alpaca.account_reader import AccountReader
from blocks.exchange.alpaca.line.answers import (
    answer_to,
    is_cancelling_already,
    is_of_the_moment,
    is_used_id,
)
from blocks.exchange.alpaca.line.budget import Urgency
from blocks.exchange.alpaca.line.replies import NoReply, Reply
from blocks.exchange.alpaca.line.requester import Requester
from blocks.exchange.alpaca.listening import Listening
from blocks.exchange.alpaca.orders.identities import Identities
from blocks.exchange.alpaca.orders.order_requests import replacement_of, submission_of
from blocks.exchange.alpaca.orders.order_views import OrderView, OrderViews
from blocks.exchange.alpaca.orders.their_order import TheirOrder, order_in
from trading.session.broker.answers import (
    Accepted,
    Answer,
    ExchangeUnavailable,
    Refusal,
    Refused,
    Unknown,
)
from trading.session.events import Intent
from trading.session.orders import Leg

NOTHING_TO_DO = Reply(204)


class OrderLine:
    """Sends what the desk asks for; requests may be made side by side, under the `lock`.

    `name` turns our symbols into Alpaca's.
    """

    def __init__(
        self,
        requester: Requester,
        identities: Identities,
        views: OrderViews,
        listening: Listening,
        lock: RLock,
        name: Callable[[str], str],
    ) -> None:
        self._requester = requester
        self._reader = AccountReader(requester)
        self._identities = identities
        self._views = views
        self._listening = listening
        self._lock = lock
        self._name = name
        # Of the last answer to these nobody knows: they are looked up before they are asked again.
        self._unsure: set[str] = set()

    def submit(self, intent: Intent) -> Answer:
        """Ask for a new order, once; one whose id was used before is the order that has it."""
        with self._lock:
            self._identities.expect(intent)
        body = submission_of(intent, self._name(intent.symbol))
        reply = self._requester.send(_urgency(intent), "POST", "/orders", body)
        self._listening.hint()
        if is_used_id(reply):
            return self._that_was_sent(intent)
        answer = answer_to(reply)
        if isinstance(answer, Accepted):
            self._learn(reply)
        if isinstance(answer, Refused) and intent.leg == Leg.ENTRY and is_of_the_moment(reply):
            # At the next bar the symbol may decide again.
            return Refused(Refusal.RETRY, answer.words)
        return answer

    def replace(self, intent: Intent) -> Answer:
        """Ask for another price or quantity of a working order, which Alpaca ends for a new one."""

        def ask(current: TheirOrder) -> Reply | NoReply:
            ours = intent.client_order_id
            body = replacement_of(intent, current)
            if not body:
                return NOTHING_TO_DO
            with self._lock:
                name = self._identities.next_client_id(ours)
                if name is not None:
                    self._identities.used(name)
                    body["client_order_id"] = name
                self._unsure.add(ours)
            path = f"/orders/{current.id}"
            reply = self._requester.send(_urgency(intent), "PATCH", path, body)
            answer = answer_to(reply, current.id)
            if isinstance(answer, Accepted):
                self._learn(reply, ours)
            if not isinstance(answer, Unknown):
                self._unsure.discard(ours)
            return reply

        return self._ask_current(intent, ask)

    def cancel(self, intent: Intent) -> Answer:
        """Ask for a working order to be cancelled; that it is gone is told by its news."""

        def ask(current: TheirOrder) -> Reply | NoReply:
            return self._requester.send(Urgency.EXIT, "DELETE", f"/orders/{current.id}")

        return self._ask_current(intent, ask)

    def look_up(self, ours: str) -> OrderView | None:
        """Return an order of ours as Alpaca has it now. Raises ExchangeUnavailable."""
        with self._lock:
            theirs = self._identities.theirs(ours)
            found = self._reader.order(theirs) if theirs else None
            found = found or self._reader.order_by_client_id(ours)
            if found is None:
                return None
            self._views.take([found])
            while (successor := found.replaced_by) is not None:
                found = self._reader.order(successor)
                if found is None:
                    break
                self._views.take([found])
            self._unsure.discard(ours)
            return self._views.of(ours)

    def _that_was_sent(self, intent: Intent) -> Answer:
        """Return what is known of an order that Alpaca has under the same id already."""
        try:
            view = self.look_up(intent.client_order_id)
        except ExchangeUnavailable as error:
            return Unknown(error.what)
        if view is None:
            return Unknown("alpaca knows the client order id, and no order that has it")
        return Accepted(view.current.id)

    def _ask_current(self, intent: Intent, ask: Callable[[TheirOrder], Reply | NoReply]) -> Answer:
        """Ask something of the order that stands for ours now, and of its successor if need be.

        Alpaca replaces orders by itself too, and refuses what is asked of the old one.
        """
        ours = intent.client_order_id
        try:
            view = self._known(intent) or self.look_up(ours)
            if view is None:
                return Refused(Refusal.PERMANENT, "alpaca has no such order")
            asked = view.current.id
            reply = ask(view.current)
            self._listening.hint()
            if isinstance(reply, Reply) and reply.status in (404, 422):
                view = self.look_up(ours)
                if view is not None and view.current.id != asked and not view.current.is_ended:
                    asked = view.current.id
                    reply = ask(view.current)
        except ExchangeUnavailable as error:
            return Refused(Refusal.RETRY, f"the order was not looked up: {error.what}")
        if intent.action == "cancel" and is_cancelling_already(reply):
            return Accepted(asked)
        return answer_to(reply, asked)

    def _known(self, intent: Intent) -> OrderView | None:
        """Return an order of ours as it was told last, unless something is unsure about it."""
        ours = intent.client_order_id
        with self._lock:
            if ours in self._unsure:
                return None
            leg = self._identities.unnamed_leg(self._name(intent.symbol), intent.leg)
            if leg and not self._identities.theirs(ours):
                self._identities.know({leg: ours})
            return self._views.of(ours)

    def _learn(self, reply: Reply | NoReply, ours: str = "") -> None:
        if not isinstance(reply, Reply):
            return
        # What it is of is certain; a part of it that cannot be read comes with the news.
        with self._lock, suppress(ExchangeUnavailable):
            order = order_in(reply.document)
            if ours:
                self._identities.know({order.id: ours})
                self._identities.points_to(ours, order.id)
            self._views.take([order])


def _urgency(intent: Intent) -> Urgency:
    return Urgency.ENTRY if intent.leg == Leg.ENTRY else Urgency.EXIT
