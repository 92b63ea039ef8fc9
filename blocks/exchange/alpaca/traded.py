"""What was traded, in an order in which it can be booked: as listed, else as orders say it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta

from blocks.exchange.alpaca.account_reader import AccountReader
from blocks.exchange.alpaca.cursor import Cursor
from blocks.exchange.alpaca.executions import Execution, Spans, Told
from blocks.exchange.alpaca.orders.identities import Identities, leg_in
from blocks.exchange.alpaca.orders.order_views import OrderView, OrderViews
from blocks.exchange.alpaca.orders.their_order import TheirOrder
from trading.session.orders import Leg

# Executions are asked for when an order says that it was filled, and this often for the others'.
FILLS_EVERY_SECONDS = 30.0
# So long an order's own word of its fills waits for the executions, which have the true prices.
PATIENCE_SECONDS = 1.0
# Executions of the last moments are asked for again: one may be listed later than its successor.
OVERLAP = timedelta(seconds=30)


class Traded:
    """Asks for executions, and returns each of them once.

    An order may say that it was filled before the list of executions does: it is waited for a
    moment, and then made up from the order. Meanwhile nothing is told of what protects the position
    that it has opened. `steady` is a clock that only goes forward, seconds.
    """

    def __init__(
        self,
        reader: AccountReader,
        identities: Identities,
        views: OrderViews,
        steady: Callable[[], float],
        cursor: Cursor,
    ) -> None:
        self._reader = reader
        self._identities = identities
        self._views = views
        self._steady = steady
        self.begin(cursor)

    def begin(self, cursor: Cursor) -> None:
        """Go on behind what a cursor says was told."""
        self._told = Told(cursor.told)
        self._since = cursor.since
        self._asked_at = float("-inf")
        self._newest = cursor.since
        self._lacking_since: dict[str, float] = {}

    def begin_day(self, since: datetime) -> None:
        """Forget what was traded before a moment: all of it was told."""
        self._told = Told()
        self._since = since

    @property
    def spans(self) -> Spans:
        """Return by order how much of it was told."""
        return self._told.spans

    def news(self) -> list[Execution]:
        """Return what was traded and not told yet, in the order in which it is to be booked.

        Raises ExchangeUnavailable where the account does not answer; then all of it is asked for
        once more.
        """
        listed = self._listed()
        views = self._views.all()
        awaited = self._awaited_entries(views, listed)
        in_time = [one for one in listed if not self._is_early(one.order_id, one.symbol, awaited)]
        if len(in_time) == len(listed):
            self._newest = max([self._newest, *(one.transaction_time for one in listed)])
        found = [execution for execution in in_time if self._told.is_new(execution)]
        found += [
            execution
            for member in self._lacking(views, self._told)
            if self._is_patience_over(member.id)
            and not self._is_early(member.id, member.symbol, awaited)
            for execution in self._told.made_up(member)
        ]
        return self._in_order(found)

    def leg(self, their_id: str) -> str:
        """Return which leg of a trade an order is, an empty text of an order that is not ours."""
        ours, link = self._identities.ours(their_id), self._identities.link(their_id)
        return leg_in(ours) if ours else link.leg if link else ""

    def is_lacking(self, view: OrderView) -> bool:
        """Return whether something of an order was traded and not told."""
        return bool(self._lacking([view], self._told))

    def _listed(self) -> list[Execution]:
        """Return the executions that are listed, where there is a reason to ask for them."""
        lacking = [member.id for member in self._lacking(self._views.all(), self._told)]
        for their_id in set(self._lacking_since) - set(lacking):
            del self._lacking_since[their_id]
        for their_id in lacking:
            self._lacking_since.setdefault(their_id, self._steady())
        if not lacking and self._steady() - self._asked_at < FILLS_EVERY_SECONDS:
            return []
        found = self._reader.fills(max(self._since, self._newest - OVERLAP))
        self._asked_at = self._steady()
        ahead = [one.order_id for one in found if self._is_ahead(one)]
        entries = [entry for their_id in ahead if (entry := self._entry_of(their_id))]
        for their_id in dict.fromkeys(ahead + entries):
            order = self._reader.order(their_id)
            self._views.take([] if order is None else [order])
        return found

    def _is_ahead(self, execution: Execution) -> bool:
        """Return whether an execution says more than what is known of its order.

        It was traded since the orders were looked at: its legs are at work, and are not known so.
        """
        order = self._views.record(execution.order_id)
        return order is None or order.filled < execution.cum_qty

    def _entry_of(self, their_id: str) -> str:
        """Return the id of the order whose leg an order is, an empty text where it is none."""
        link = self._identities.link(their_id)
        return self._identities.theirs(link.parent) if link else ""

    def _awaited_entries(
        self, views: Sequence[OrderView], listed: Sequence[Execution]
    ) -> frozenset[str]:
        """Return the symbols in which an entry was filled and is not listed so yet.

        The execution of a stop or target may be listed before its entry's: no position would fit
        it.
        """
        told = Told(self._told.spans)
        for execution in listed:
            told.is_new(execution)
        entries = [view for view in views if view.leg == Leg.ENTRY]
        return frozenset(
            member.symbol
            for member in self._lacking(entries, told)
            if not self._is_patience_over(member.id)
        )

    def _is_early(self, their_id: str, symbol: str, awaited: Collection[str]) -> bool:
        return symbol in awaited and self.leg(their_id) != Leg.ENTRY

    def _is_patience_over(self, their_id: str) -> bool:
        since = self._lacking_since.get(their_id)
        patience = PATIENCE_SECONDS if self._reader.lists_fills else 0.0
        return since is not None and self._steady() - since >= patience

    def _lacking(self, views: Sequence[OrderView], told: Told) -> list[TheirOrder]:
        """Return the orders of which not all that was traded was told.

        Of one that is older than what is told of, nobody counted.
        """
        return [
            member
            for view in views
            for member in view.members
            if told.is_lacking(member)
            and (member.submitted_at is None or member.submitted_at >= self._since)
        ]

    def _in_order(self, found: Sequence[Execution]) -> list[Execution]:
        """Return executions by their times; what protects a position after what opened it.

        So it is also where both bear one moment, and where an entry's were made up: its order only
        says when it changed last.
        """
        opened_us: dict[str, int] = {}
        for one in found:
            if self.leg(one.order_id) == Leg.ENTRY:
                ours = self._identities.ours(one.order_id)
                opened_us[ours] = max(one.us, opened_us.get(ours, 0))

        def place(one: Execution) -> tuple[int, bool]:
            link = self._identities.link(one.order_id)
            earliest_us = opened_us.get(link.parent, 0) if link else 0
            return max(one.us, earliest_us), self.leg(one.order_id) != Leg.ENTRY

        return sorted(found, key=place)
