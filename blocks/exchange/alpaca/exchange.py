"""Alpaca as an exchange: the desk's requests as Alpaca's, and its account as ours."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from threading import RLock
from typing import TYPE_CHECKING
from urllib.parse import quote

from blocks.exchange.alpaca.access import BrokerAccess
from blocks.exchange.alpaca.account_facts import (
    account_in,
    clock_in,
    instrument_in,
    positions_in,
    unknown_instrument,
)
from blocks.exchange.alpaca.account_reader import AccountReader
from blocks.exchange.alpaca.answers import answer_to, is_cancelling_already, is_used_id
from blocks.exchange.alpaca.budget import RequestBudget, Urgency
from blocks.exchange.alpaca.identities import Identities
from blocks.exchange.alpaca.listening import Listening
from blocks.exchange.alpaca.news import AlpacaNews
from blocks.exchange.alpaca.order_requests import replacement_of, submission_of
from blocks.exchange.alpaca.order_views import OrderView, OrderViews
from blocks.exchange.alpaca.replies import NoReply, Reply
from blocks.exchange.alpaca.requester import Client, Requester
from blocks.exchange.alpaca.their_order import TheirOrder, order_in
from blocks.exchange.alpaca.update_stream import UpdateStream
from blocks.providers.alpaca.names import name_of
from trading.errors import BadInput
from trading.session.broker_answers import (
    Accepted,
    Answer,
    ExchangeUnavailable,
    Refusal,
    Refused,
    Unknown,
)
from trading.session.broker_facts import Abilities, BrokerAccount, BrokerClock, Instrument
from trading.session.events import BarClosed, Intent
from trading.session.exchange_port import EventPage, StreamPosition
from trading.session.orders import Leg, Order

if TYPE_CHECKING:
    from requests.adapters import BaseAdapter

ABILITIES = Abilities(
    rests_protection=False,
    bracket=True,
    oto=True,
    oco=True,
    stop_entry=True,
    leg_ids_settable=False,
    replaces_in_place=False,
    counts_open_exits=True,
    at_once=8,
)


class AlpacaExchange:
    """One account at Alpaca.

    `now` is the session's clock, aware UTC, and `steady` one that only goes forward, seconds.
    `symbols` are ours, so that Alpaca's names of them are understood. `transport` takes the place
    of the network, `stream` that of Alpaca's trade updates; with a transport and no stream, news
    come by asking alone. Requests may be made side by side.
    """

    is_simulated = False
    abilities = ABILITIES

    def __init__(
        self,
        access: BrokerAccess,
        now: Callable[[], datetime],
        symbols: Sequence[str] = (),
        *,
        transport: BaseAdapter | None = None,
        stream: UpdateStream | None = None,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = access.name
        client = _client(access, now, transport)
        self._client = client
        self._budget = RequestBudget(access.requests_a_minute, steady)
        self._requester = Requester(client, self._budget, access)
        self._reader = AccountReader(self._requester)
        self._symbols = {name_of(symbol): symbol for symbol in symbols}
        self._identities = Identities()
        self._views = OrderViews(self._identities)
        self._stream = stream
        self._listening = Listening(self._stream, steady)
        self._news = AlpacaNews(
            self._reader, self._identities, self._views, self._listening, now, steady, self._symbol
        )
        self._identity = ""
        # Of the last answer to these nobody knows: they are looked up before they are asked again.
        self._unsure: set[str] = set()
        self._lock = RLock()

    def account(self) -> BrokerAccount:
        """Return the account as Alpaca sees it."""
        their_id, account = account_in(self._requester.read("/account"))
        self._identity = f"{self.name}:{their_id}"
        return account

    def instrument(self, symbol: str) -> Instrument:
        """Return what Alpaca allows of a symbol; of one that it does not know, nothing."""
        document = self._requester.read(f"/assets/{quote(name_of(symbol), safe='')}")
        return unknown_instrument(symbol) if document is None else instrument_in(document, symbol)

    def clock(self) -> BrokerClock:
        """Return Alpaca's time."""
        return clock_in(self._requester.read("/clock"))

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
        return answer

    def replace(self, intent: Intent) -> Answer:
        """Ask for another price or quantity of a working order, which Alpaca ends for a new one."""
        current = self._current(intent)
        if not isinstance(current, TheirOrder):
            return current
        ours = intent.client_order_id
        with self._lock:
            name = self._identities.next_client_id(ours)
            body = replacement_of(intent, name, int(current.qty or 0))
            if name is not None:
                self._identities.used(name)
            self._unsure.add(ours)
        reply = self._requester.send(_urgency(intent), "PATCH", f"/orders/{current.id}", body)
        self._listening.hint()
        answer = answer_to(reply, current.id)
        if isinstance(answer, Accepted):
            self._learn(reply, ours)
        if not isinstance(answer, Unknown):
            self._unsure.discard(ours)
        return answer

    def cancel(self, intent: Intent) -> Answer:
        """Ask for a working order to be cancelled; that it is gone is told by its news."""
        current = self._current(intent)
        if not isinstance(current, TheirOrder):
            return current
        reply = self._requester.send(Urgency.EXIT, "DELETE", f"/orders/{current.id}")
        self._listening.hint()
        if is_cancelling_already(reply):
            return Accepted(current.id)
        return answer_to(reply, current.id)

    def find_order(self, client_order_id: str) -> Order | None:
        """Return an order by our client order id, None if it never arrived."""
        view = self._looked_up(client_order_id)
        return None if view is None else view.order(self._symbol(view.current.symbol))

    def open_orders(self) -> list[Order]:
        """Return every order that may still be filled, whoever sent it and on whatever day."""
        with self._lock:
            self._news.orders_today()
            self._views.take(self._reader.open_orders())
            orders = [view.order(self._symbol(view.current.symbol)) for view in self._views.all()]
            return [order for order in orders if order.is_live]

    def positions(self) -> dict[str, int]:
        """Return signed quantities by symbol; a part of a share counts as a whole one."""
        found = positions_in(self._requester.read("/positions"))
        return {self._symbol(name): shares for name, shares in found.items()}

    def events(self, since: StreamPosition) -> EventPage:
        """Return what happened after a position; asks only where there may be news."""
        with self._lock:
            if not self._identity:
                self.account()
            return self._news.page(since, self._identity)

    def know(self, their_ids: Mapping[str, str]) -> None:
        """Learn by Alpaca's ids the client order ids that the journal has for them."""
        with self._lock:
            self._identities.know(their_ids)

    def observe(self, bar: BarClosed, begins_anew: Collection[str] = ()) -> None:
        """Do nothing: Alpaca sees the market by itself."""

    def end_session(self, session: str, close_us: int) -> None:
        """Do nothing: orders of the day end there by themselves."""

    def close(self) -> None:
        """Let go of the connections."""
        if self._stream is not None:
            self._stream.close()
        self._client.close()

    def __repr__(self) -> str:
        return f"AlpacaExchange({self.name}, keys=**********)"

    def _that_was_sent(self, intent: Intent) -> Answer:
        """Return what is known of an order that Alpaca has under the same id already."""
        try:
            view = self._looked_up(intent.client_order_id)
        except ExchangeUnavailable as error:
            return Unknown(error.what)
        if view is None:
            return Unknown("alpaca knows the client order id, and no order that has it")
        return Accepted(view.current.id)

    def _current(self, intent: Intent) -> TheirOrder | Answer:
        """Return the order that stands for ours now, or why it cannot be asked for anything."""
        ours = intent.client_order_id
        with self._lock:
            view = None if ours in self._unsure else self._views.of(ours)
            if view is None:
                leg = self._identities.unnamed_leg(self._name(intent.symbol), intent.leg)
                if (
                    leg
                    and intent.leg in (Leg.STOP, Leg.TARGET)
                    and not self._identities.theirs(ours)
                ):
                    self._identities.know({leg: ours})
        try:
            view = view or self._looked_up(ours)
        except ExchangeUnavailable as error:
            return Refused(Refusal.RETRY, f"it was not looked up: {error.what}")
        if view is None:
            return Refused(Refusal.PERMANENT, "alpaca has no such order")
        self._unsure.discard(ours)
        return view.current

    def _looked_up(self, ours: str) -> OrderView | None:
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
            return self._views.of(ours)

    def _learn(self, reply: Reply | NoReply, ours: str = "") -> None:
        if not isinstance(reply, Reply):
            return
        with self._lock:
            order = order_in(reply.document)
            if ours:
                self._identities.know({order.id: ours})
                self._identities.points_to(ours, order.id)
            self._views.take([order])

    def _name(self, symbol: str) -> str:
        name = name_of(symbol)
        self._symbols.setdefault(name, symbol)
        return name

    def _symbol(self, name: str) -> str:
        return self._symbols.get(name, name)


def _urgency(intent: Intent) -> Urgency:
    return Urgency.ENTRY if intent.leg == Leg.ENTRY else Urgency.EXIT


def _client(
    access: BrokerAccess, now: Callable[[], datetime], transport: BaseAdapter | None
) -> Client:
    # Imported here: the library brings pandas, and only who trades there pays for it.
    try:
        from blocks.exchange.alpaca.client import AlpacaTradingClient
    except ModuleNotFoundError as error:
        raise BadInput(
            f"alpaca needs the package alpaca-py, which is not installed ({error.name})",
            f"Install it: {sys.executable} -m pip install 'alpaca-py>=0.44,<0.45'",
        ) from error
    return AlpacaTradingClient(access, now, at_once=ABILITIES.at_once, transport=transport)
