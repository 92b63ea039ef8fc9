"""Alpaca as an exchange: the desk's requests as Alpaca's, and its account as ours."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from threading import RLock
from typing import TYPE_CHECKING
from urllib.parse import quote

from blocks.exchange.alpaca.account_facts import (
    account_in,
    clock_in,
    instrument_in,
    positions_in,
    unknown_instrument,
)
from blocks.exchange.alpaca.account_reader import AccountReader
from blocks.exchange.alpaca.line.access import BrokerAccess
from blocks.exchange.alpaca.line.budget import RequestBudget
from blocks.exchange.alpaca.line.requester import Client, Requester
from blocks.exchange.alpaca.listening import Listening
from blocks.exchange.alpaca.news import AlpacaNews
from blocks.exchange.alpaca.orders.identities import Identities
from blocks.exchange.alpaca.orders.order_line import OrderLine
from blocks.exchange.alpaca.orders.order_views import OrderView, OrderViews
from blocks.exchange.alpaca.update_stream import UpdateStream
from blocks.providers.alpaca.names import name_of
from trading.errors import BadInput
from trading.session.broker.answers import Answer, NotOffered
from trading.session.broker.exchange_port import EventPage, ExchangeEvent, StreamPosition
from trading.session.broker.facts import Abilities, BrokerAccount, BrokerClock, Instrument
from trading.session.events import BarClosed, Intent
from trading.session.orders import TERMINAL, Order

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

# Orders of earlier days are others', and rest: they are looked at now and then.
OTHERS_EVERY_SECONDS = 30.0


class AlpacaExchange:
    """One account at Alpaca.

    `now` is the session's clock, aware UTC, and `steady` one that only goes forward, seconds.
    `symbols` are ours, so that Alpaca's names of them are understood. `transport` takes the place
    of the network, `stream` that of Alpaca's trade updates; with a transport and no stream, news
    come by asking alone. The stream is started when events are asked for. `wait` takes seconds,
    for a turn to send; of its seconds and of `steady`'s `faster` go by in one of the machine's.
    `told` turns times of news, microseconds since 1970 UTC, into the session's. Requests may be
    made side by side.
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
        faster: float = 1.0,
        told: Callable[[int], int] | None = None,
    ) -> None:
        self._told = told
        self.name = access.name
        client = _client(access, now, transport)
        self._client = client
        budget = RequestBudget(access.requests_a_minute, steady, faster)
        self._requester = Requester(client, budget, access, wait, faster)
        self._symbols = {name_of(symbol): symbol for symbol in symbols}
        self._identities = Identities()
        self._views = OrderViews(self._identities)
        self._make_stream = partial(_stream, access, transport, stream)
        self._listening = Listening(steady)
        self._news = AlpacaNews(
            AccountReader(self._requester),
            self._identities,
            self._views,
            self._listening,
            now,
            steady,
            self._symbol,
        )
        self._identity = ""
        self._steady = steady
        self._others_at = float("-inf")
        self._lock = RLock()
        self._line = OrderLine(
            self._requester,
            self._identities,
            self._views,
            self._listening,
            self._lock,
            self._name,
        )

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
        """Return Alpaca's time. Raises NotOffered at a double that has no clock."""
        document = self._requester.read("/clock", may_lack=True)
        if document is None:
            raise NotOffered(
                f"{self.name} does not say what time it is: it has no /clock",
                "Compare this machine's clock with another's yourself",
            )
        return clock_in(document)

    def submit(self, intent: Intent) -> Answer:
        """Ask for a new order, once; one whose id was used before is the order that has it."""
        return self._line.submit(intent)

    def replace(self, intent: Intent) -> Answer:
        """Ask for another price or quantity of a working order, which Alpaca ends for a new one."""
        return self._line.replace(intent)

    def cancel(self, intent: Intent) -> Answer:
        """Ask for a working order to be cancelled; that it is gone is told by its news."""
        return self._line.cancel(intent)

    def find_order(self, client_order_id: str) -> Order | None:
        """Return an order by our client order id, None if it never arrived."""
        view = self._line.look_up(client_order_id)
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
        # They may be of fills that nobody has told of yet: who compares asks for those at once.
        self._listening.hint()
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

    def _order(self, view: OrderView) -> Order:
        return self._views.order(view, self._symbol(view.current.symbol))

    def _name(self, symbol: str) -> str:
        name = name_of(symbol)
        self._symbols.setdefault(name, symbol)
        return name

    def _symbol(self, name: str) -> str:
        return self._symbols.get(name, name)


def _at(told: Callable[[int], int], item: ExchangeEvent) -> ExchangeEvent:
    """Return news with its time in our own words."""
    return replace(item, event=replace(item.event, us=told(item.event.us)))


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
        from blocks.exchange.alpaca.line.client import AlpacaTradingClient
    except ModuleNotFoundError as error:
        raise BadInput(
            f"alpaca needs the package alpaca-py, which is not installed ({error.name})",
            f"Install it: {sys.executable} -m pip install 'alpaca-py>=0.44,<0.45'",
        ) from error
    return AlpacaTradingClient(access, now, at_once=ABILITIES.at_once, transport=transport)
