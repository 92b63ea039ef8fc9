"""Alpaca as an exchange: the desk's requests as Alpaca's, and its account as ours."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from functools import partial
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
from trading.session.exchange_port import EventPage, ExchangeEvent, StreamPosition
from trading.session.orders import TERMINAL, Leg, Order

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

NOTHING_TO_DO = Reply(204)
# Orders of earlier days are others', and rest: they are looked at now and then.
OTHERS_EVERY_SECONDS = 30.0


class AlpacaExchange:
    """One account at Alpaca.

    `now` is the session's clock, aware UTC, and `steady` one that only goes forward, seconds.
    `symbols` are ours, so that Alpaca's names of them are understood. `transport` takes the place
    of the network, `stream` that of Alpaca's trade updates; with a transport and no stream, news
    come by asking alone. The stream is started when events are asked for. `wait` takes seconds,
    for a turn to send, and `told` turns times of news, microseconds since 1970 UTC, into the
    session's. Requests may be made side by side.
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
        wait: Callable[[float], None] = time.sleep,
        told: Callable[[int], int] | None = None,
    ) -> None:
        self._told = told
        self.name = access.name
        client = _client(access, now, transport)
        self._client = client
        self._budget = RequestBudget(access.requests_a_minute, steady)
        self._requester = Requester(client, self._budget, access, wait)
        self._reader = AccountReader(self._requester)
        self._symbols = {name_of(symbol): symbol for symbol in symbols}
        self._identities = Identities()
        self._views = OrderViews(self._identities)
        self._make_stream = partial(_stream, access, transport, stream)
        self._listening = Listening(steady)
        self._news = AlpacaNews(
            self._reader, self._identities, self._views, self._listening, now, steady, self._symbol
        )
        self._identity = ""
        # Of the last answer to these nobody knows: they are looked up before they are asked again.
        self._unsure: set[str] = set()
        self._steady = steady
        self._others_at = float("-inf")
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

    def find_order(self, client_order_id: str) -> Order | None:
        """Return an order by our client order id, None if it never arrived."""
        view = self._looked_up(client_order_id)
        return None if view is None else self._order(view)

    def open_orders(self) -> list[Order]:
        """Return every order that may still be filled, whoever sent it and on whatever day."""
        with self._lock:
            self._news.look_at_orders()
            if self._steady() - self._others_at >= OTHERS_EVERY_SECONDS:
                self._news.look_at_others()
                self._others_at = self._steady()
            return [self._order(v) for v in self._views.all() if v.status not in TERMINAL]

    def positions(self) -> dict[str, int]:
        """Return signed quantities by symbol; a part of a share counts as a whole one."""
        found = positions_in(self._requester.read("/positions"))
        return {self._symbol(name): shares for name, shares in found.items()}

    def events(self, since: StreamPosition) -> EventPage:
        """Return what happened after a position; asks only where there may be news."""
        with self._lock:
            if not self._identity:
                self.account()
            self._listening.open(self._make_stream)
            page = self._news.page(since, self._identity)
        told = self._told
        return page if told is None else page._replace(events=[_at(told, e) for e in page.events])

    def know(self, their_ids: Mapping[str, str]) -> None:
        """Learn by Alpaca's ids the client order ids that the journal has for them."""
        with self._lock:
            self._identities.know(their_ids)

    def observe(self, bar: BarClosed, begins_anew: Collection[str] = ()) -> None:
        """Ask at the next opportunity: what a bar did is known before it is decided on."""
        self._listening.hint()

    def end_session(self, session: str, close_us: int) -> None:
        """Ask once more: orders of the day end there by themselves."""
        self._listening.hint()

    def close(self) -> None:
        """Let go of the connections."""
        self._listening.close()
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

    def _ask_current(self, intent: Intent, ask: Callable[[TheirOrder], Reply | NoReply]) -> Answer:
        """Ask something of the order that stands for ours now, and of its successor if need be.

        Alpaca replaces orders by itself too, and refuses what is asked of the old one.
        """
        ours = intent.client_order_id
        try:
            view = self._known(intent) or self._looked_up(ours)
            if view is None:
                return Refused(Refusal.PERMANENT, "alpaca has no such order")
            asked = view.current.id
            reply = ask(view.current)
            self._listening.hint()
            if isinstance(reply, Reply) and reply.status in (404, 422):
                view = self._looked_up(ours)
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
            self._unsure.discard(ours)
            return self._views.of(ours)

    def _order(self, view: OrderView) -> Order:
        return self._views.order(view, self._symbol(view.current.symbol))

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

    def _name(self, symbol: str) -> str:
        name = name_of(symbol)
        self._symbols.setdefault(name, symbol)
        return name

    def _symbol(self, name: str) -> str:
        return self._symbols.get(name, name)


def _at(told: Callable[[int], int], item: ExchangeEvent) -> ExchangeEvent:
    """Return news with its time in our own words."""
    return replace(item, event=replace(item.event, us=told(item.event.us)))


def _urgency(intent: Intent) -> Urgency:
    return Urgency.ENTRY if intent.leg == Leg.ENTRY else Urgency.EXIT


def _stream(
    access: BrokerAccess, transport: BaseAdapter | None, stream: UpdateStream | None
) -> UpdateStream | None:
    if stream is not None or transport is not None:
        return stream
    from blocks.exchange.alpaca.trade_updates import TradeUpdates

    return TradeUpdates(access)


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
