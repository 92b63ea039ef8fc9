"""What happened to an account's orders, told from what Alpaca answers when it is asked.

Asking alone suffices: the stream of trade updates only says when to ask. So nothing that it
repeats, sends out of order or leaves out reaches the books.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

from blocks.exchange.alpaca.account_reader import AccountReader
from blocks.exchange.alpaca.cursor import Cursor, cursor_in
from blocks.exchange.alpaca.executions import Execution
from blocks.exchange.alpaca.listening import Listening
from blocks.exchange.alpaca.orders.identities import Identities
from blocks.exchange.alpaca.orders.order_views import OrderView, OrderViews
from blocks.exchange.alpaca.traded import Traded
from trading.session.broker.answers import ExchangeUnavailable
from trading.session.broker.exchange_port import BEGINNING, EventPage, ExchangeEvent, StreamPosition
from trading.session.events import Discrepancy, Fill
from trading.session.orders import TERMINAL, Status

NEW_YORK = ZoneInfo("America/New_York")

# Which order stands for ours is news too: the journal keeps Alpaca's ids.
Stand = tuple[Status, float | None, int, str]


class AlpacaNews:
    """Tells one account's news from a position on, each once for as long as it is asked in turn.

    Asked from another position, as after a restart, it tells the executions after that, and all
    orders as they stand. `now` is aware UTC, `steady` a clock that only goes forward, seconds;
    `symbol_of` turns Alpaca's names of symbols into ours.
    """

    def __init__(
        self,
        reader: AccountReader,
        identities: Identities,
        views: OrderViews,
        listening: Listening,
        now: Callable[[], datetime],
        steady: Callable[[], float],
        symbol_of: Callable[[str], str],
    ) -> None:
        self._reader = reader
        self._identities = identities
        self._views = views
        self._listening = listening
        self._now = now
        self._symbol_of = symbol_of
        self._position: StreamPosition | None = None
        self._cursor = Cursor(self._midnight())
        self._traded = Traded(reader, identities, views, steady, self._cursor)
        self._stands: dict[str, Stand] = {}
        # Of others, before we came: it is no news, and what they hold is seen as positions.
        self._is_first = True

    def page(self, since: StreamPosition, identity: str) -> EventPage:
        """Return what happened after a position, and the position after it.

        Raises ExchangeUnavailable when Alpaca does not answer; nothing is lost by that.
        """
        begins_anew = False
        if since != self._position:
            begins_anew = self._begin_at(since, identity)
        elif not self._listening.is_due():
            return EventPage(since, [])
        self._listening.asked()
        try:
            events = self._read()
        except ExchangeUnavailable:
            # Nothing was told: all of it is asked for before anything is.
            self._listening.hint()
            raise
        made = [item.event.exec_id for item in events if isinstance(item.event, Fill)]
        self._listening.heard_by_asking(made)
        self._is_first = False
        self._position = StreamPosition(identity, self._cursor.text())
        return EventPage(self._position, events, begins_anew)

    def look_at_orders(self) -> None:
        """Learn how all orders of the days stand that are told of, ended ones too."""
        if self._listening.has_just_looked():
            return
        look = self._listening.look()
        seen = self._views.take(self._reader.orders_since(self._cursor.since))
        for their_id in self._views.unseen(seen):
            found = self._reader.order(their_id)
            if found is None:
                self._views.forget(their_id)
            else:
                self._views.take([found])
        self._listening.looked(look)

    def look_at_others(self) -> None:
        """Learn which orders of earlier days rest, which are others'."""
        seen = self._views.take(self._reader.open_orders())
        self._views.forget_others(seen, self._cursor.since)

    def _begin_at(self, since: StreamPosition, identity: str) -> bool:
        """Go on from a position, or with this day where that cannot be; return whether so."""
        cursor = cursor_in(since.cursor) if since.identity == identity else None
        self._is_first = cursor is None
        self._cursor = cursor or Cursor(self._midnight())
        self._traded.begin(self._cursor)
        self._stands = {}
        self._position = None
        return cursor is None and since != BEGINNING

    def _read(self) -> list[ExchangeEvent]:
        self.look_at_orders()
        fills = self._traded.news()
        events = [event for execution in fills for event in self._filled(execution)]
        views = self._views.all()
        for view in views:
            events += self._changed(view)
        since = self._since(views)
        if since != self._cursor.since:
            # All orders of earlier days are over, and all of them was told.
            self._views.forget_before(since)
            self._traded.begin_day(since)
        self._cursor = Cursor(since, self._traded.spans)
        return events

    def _filled(self, execution: Execution) -> list[ExchangeEvent]:
        ours = self._identities.ours(execution.order_id)
        link = self._identities.link(execution.order_id)
        if self._is_first and self._identities.is_foreign(execution.order_id):
            return []
        symbol = self._symbol_of(execution.symbol)
        # The journal may not know a leg yet whose id of ours is known here.
        protects = link.parent if link else ""
        if execution.qty != int(execution.qty):
            said: dict[str, object] = {"qty": str(execution.qty), "order": execution.order_id}
            broken = Discrepancy(symbol, "a part of a share was traded", said, execution.us)
            return [ExchangeEvent(broken, execution.order_id, protects)]
        fill = Fill(
            execution.exec_id,
            ours,
            symbol,
            self._traded.leg(execution.order_id),
            execution.quantity,
            float(execution.price),
            0.0,
            execution.us,
        )
        return [ExchangeEvent(fill, execution.order_id, protects)]

    def _changed(self, view: OrderView) -> list[ExchangeEvent]:
        stand = (view.status, view.current.price, view.quantity, view.current.id)
        before = self._stands.get(view.key)
        if before == stand or (before is not None and before[0] in TERMINAL):
            return []
        if view.status in TERMINAL:
            # Its fills come first: an order that is over is not asked about again.
            if self._traded.is_lacking(view):
                return []
            successor = view.current.replaced_by
            if successor is not None and self._views.record(successor) is None:
                return []
            if self._is_first and self._identities.is_foreign(view.current.id):
                self._stands[view.key] = stand
                return []
        self._stands[view.key] = stand
        symbol = self._symbol_of(view.current.symbol)
        return [ExchangeEvent(view.update(symbol), view.current.id, view.protects)]

    def _since(self, views: Sequence[OrderView]) -> datetime:
        """Return from when on orders are asked for: today's, and older ones that are not over."""
        midnight = self._midnight()
        if midnight <= self._cursor.since:
            return self._cursor.since
        open_before = [
            view.current.submitted_at
            for view in views
            if view.current.submitted_at is not None
            and view.current.submitted_at < midnight
            and (view.status not in TERMINAL or self._traded.is_lacking(view))
        ]
        return self._cursor.since if open_before else midnight

    def _midnight(self) -> datetime:
        today = self._now().astimezone(NEW_YORK).date()
        return datetime.combine(today, time(), NEW_YORK).astimezone(UTC)
