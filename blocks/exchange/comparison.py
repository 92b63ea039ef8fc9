"""Compares the books with the exchange, and mends what is clear."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from blocks.exchange.order_names import named_order
from blocks.exchange.reconciliation import (
    differences,
    held_by_others,
    only_here,
    quantity_differences,
)
from trading.session.broker.exchange_port import Exchange
from trading.session.events import Discrepancy, Event, OrderUpdate, intent_of, update_of
from trading.session.orders import Order, Status, is_ours
from trading.session.state import SessionState


class Comparison:
    """What the exchange was seen to hold and to have open when it was asked last.

    `elsewhere` is by symbol what it holds where the books hold another quantity, `found` says by
    symbol in words where both differ, `of_others` what others have of symbols not traded here.
    """

    def __init__(
        self, state: SessionState, exchange: Exchange, record: Callable[[Event], None]
    ) -> None:
        self._state = state
        self._exchange = exchange
        self._record = record
        self._positions: dict[str, int] = {}
        self.elsewhere: dict[str, int] = {}
        self.found: dict[str, str] = {}
        self.of_others: dict[str, str] = {}

    def compare(self, *, mends: bool) -> None:
        """Ask for positions and orders; raises ExchangeUnavailable where no answer comes.

        With `mends`, an open order under an id of ours that the ledger has not is taken over: it
        was sent by an earlier session, or by one that a copy of the ledger does not know of. One
        that the ledger has as ended is cancelled there; one that is gone there is given up here.
        """
        open_there = self._open_there()
        if mends and self._mend(open_there):
            # What was settled is settled.
            open_there = self._open_there()
        unequal = self.see_quantities()
        self.found = differences(self._state, open_there, unequal)
        self.of_others = held_by_others(self._state, self._positions, open_there)

    def see_quantities(self) -> dict[str, tuple[int, int]]:
        """Ask for positions; return symbols whose quantity differs, as (ledger, exchange)."""
        self._positions = self._exchange.positions()
        unequal = quantity_differences(self._state, self._positions)
        self.elsewhere = {symbol: theirs for symbol, (_, theirs) in unequal.items()}
        return unequal

    def _open_there(self) -> list[Order]:
        return [named_order(self._state, order) for order in self._exchange.open_orders()]

    def _mend(self, open_there: list[Order]) -> bool:
        """Bring both in line where it is clear how; return whether anything was done."""
        is_mended = False
        for order in open_there:
            if is_ours(order.client_order_id) and order.symbol in self._state.index:
                is_mended |= self._settle(order)
        for order in only_here(self._state, open_there):
            if self._exchange.find_order(order.client_order_id) is None:
                is_mended = True
                for event in given_up(order):
                    self._record(event)
        return is_mended

    def _settle(self, order: Order) -> bool:
        known = self._state.orders.get(order.client_order_id)
        if known is None:
            self._record(replace(intent_of(order), is_adopted=True))
            self._record(update_of(order))
            return True
        if not known.is_live:
            # In no journal of ours is it alive: to end it needs no intent, and may be repeated.
            self._exchange.cancel(replace(intent_of(order), action="cancel"))
        return not known.is_live


def given_up(order: Order) -> Iterator[Discrepancy | OrderUpdate]:
    """Yield what is journalled of an order that the exchange has no more."""
    why = f"order {order.client_order_id} is not at the exchange any more"
    yield Discrepancy(order.symbol, why, {})
    yield update_of(replace(order, status=Status.CANCELLED), reason="not at the exchange")
