"""The difference between what a book wants and which orders are there, as intents."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from trading.engine.book import Book
from trading.reasons import EXIT_OPERATOR, ExitReason
from trading.session.entry_terms import EntryTerms, awaited_terms, terms_of
from trading.session.events import Intent
from trading.session.orders import Leg, Order, OrderType, Status, client_order_id
from trading.session.state import SessionState

PROTECTION = (Leg.STOP, Leg.TARGET)


class OrderPlanner:
    """Names orders for one account, session and strategy, and plans them by symbol."""

    def __init__(self, account: str, session: str, strategy: str, epoch: int) -> None:
        self._account = account
        self._session = session
        self._strategy = strategy
        self._epoch = epoch
        self._newest: Mapping[str, float] | None = None

    def wanted(
        self, state: SessionState, newest: Mapping[str, float] | None = None
    ) -> list[Intent]:
        """Return what a session is to ask for as it stands; `newest` as in `plan`."""
        planned = self.plan(
            state.book,
            state.plan.symbols,
            state.orders,
            state.unanswered,
            state.view.elsewhere,
            newest,
        )
        return [intent for intent in planned if intent.symbol not in state.view.refused]

    def plan(
        self,
        book: Book,
        symbols: Iterable[str],
        orders: dict[str, Order],
        unanswered: dict[str, Intent],
        elsewhere: Mapping[str, int] | None = None,
        newest: Mapping[str, float] | None = None,
    ) -> list[Intent]:
        """Return the intents that bring the orders in line with the book: exits before entries.

        A symbol with an unanswered request is left alone. Planning again after the intents took
        effect returns none. `elsewhere` says what the exchange holds, signed, of a symbol of which
        the book holds another quantity: nothing is asked that could open or turn a position
        there, and no more is left than both sides have. With `newest`, prices by symbol in USD,
        everything that is to be left is left now, at these prices or at the last mark.
        """
        self._newest = newest
        elsewhere = elsewhere or {}
        busy = {intent.symbol for intent in unanswered.values()}
        by_symbol: dict[str, list[Order]] = {}
        for order in orders.values():
            by_symbol.setdefault(order.symbol, []).append(order)
        leaving: list[Intent] = []
        entering: list[Intent] = []
        for s, symbol in enumerate(symbols):
            known = by_symbol.get(symbol, [])
            live = [order for order in known if order.is_live]
            # What is not known to have arrived is looked up, and nothing else is asked meanwhile.
            if symbol in busy or any(order.status == Status.UNKNOWN for order in live):
                continue
            ours = int(book.quantity[s])
            held = _common(ours, elsewhere.get(symbol, ours))
            if held == 0 and ours != 0:
                # What rests there protects nothing of ours, and could open a position.
                leaving += [self._cancel(order) for order in live if not _is_done_by_itself(order)]
            elif book.exit_waiting[s]:
                leaving += self._exit(book, s, symbol, held, known, live)
            elif ours != 0:
                leaving += self._hold(book, s, symbol, held, known, live)
            else:
                wanted = awaited_terms(book, s)
                others = [order for order in live if not _is_of(order, wanted)]
                leaving += [self._cancel(order) for order in others]
                # One that is replaced is first known to be gone: it may be filled at this moment.
                if wanted is not None and not any(order.leg == Leg.ENTRY for order in live):
                    entering.append(self._entry(book, s, symbol, known, wanted))
        return leaving + entering

    def _id(self, symbol: str, leg: Leg, attempt: int) -> str:
        return client_order_id(self._account, self._session, self._strategy, symbol, leg, attempt)

    def _cancel(self, order: Order) -> Intent:
        return Intent(
            "cancel",
            order.client_order_id,
            order.symbol,
            order.leg,
            order.quantity,
            self._epoch,
            order.attempt,
        )

    def _entry(
        self, book: Book, s: int, symbol: str, known: list[Order], wanted: EntryTerms
    ) -> Intent:
        attempt = _next_attempt(known, Leg.ENTRY)
        has_target = wanted.target_offset is not None
        protection = max(_next_attempt(known, leg) for leg in PROTECTION)
        return Intent(
            "submit",
            self._id(symbol, Leg.ENTRY, attempt),
            symbol,
            Leg.ENTRY,
            wanted.quantity,
            self._epoch,
            attempt,
            reference_price=wanted.reference_price,
            stop_price=wanted.stop_price,
            target_offset=wanted.target_offset,
            stop_id=self._id(symbol, Leg.STOP, protection),
            target_id=self._id(symbol, Leg.TARGET, protection) if has_target else None,
            order_type=wanted.order_type,
            level=wanted.level,
            target_kind=wanted.target_kind,
            is_reached=_is_reached(wanted, float(book.previous_close[s])),
        )

    def _exit(
        self, book: Book, s: int, symbol: str, held: int, known: list[Order], live: list[Order]
    ) -> list[Intent]:
        # An operator waits for no bar: what the exchange is told is the newest price there is.
        is_immediate = self._newest is not None or int(book.exit_reason[s]) == EXIT_OPERATOR
        if any(order.status == Status.TRIGGERED for order in live):
            return []
        if any(
            order.leg == Leg.EXIT and (order.is_immediate or not is_immediate) for order in live
        ):
            return []
        if live:
            # Only what is confirmed cancelled is no risk to the quantity of the exit.
            return [self._cancel(order) for order in live]
        attempt = _next_attempt(known, Leg.EXIT)
        newest = (self._newest or {}).get(symbol, float(book.mark[s]))
        return [
            Intent(
                "submit",
                self._id(symbol, Leg.EXIT, attempt),
                symbol,
                Leg.EXIT,
                -held,
                self._epoch,
                attempt,
                reason=ExitReason(int(book.exit_reason[s])).word,
                reference_price=newest if is_immediate else None,
                is_immediate=is_immediate,
            )
        ]

    def _hold(
        self, book: Book, s: int, symbol: str, held: int, known: list[Order], live: list[Order]
    ) -> list[Intent]:
        intents = [
            self._cancel(order)
            for order in live
            if order.leg == Leg.EXIT or (order.leg == Leg.ENTRY and book.pending[s] == 0)
        ]
        quantity = -held
        for leg, wanted in ((Leg.STOP, book.stop[s]), (Leg.TARGET, book.target[s])):
            level = float(wanted)
            resting = next((order for order in live if order.leg == leg), None)
            # One is enough: two that fire would turn the position.
            intents += [self._cancel(o) for o in live if o.leg == leg and o is not resting]
            if math.isnan(level):
                continue
            if resting is None:
                attempt = _next_attempt(known, leg)
                name = self._id(symbol, leg, attempt)
                intents.append(self._protect("submit", name, attempt, symbol, leg, quantity, level))
            elif resting.price != level or resting.quantity != quantity:
                name, attempt = resting.client_order_id, resting.attempt
                intents.append(
                    self._protect("replace", name, attempt, symbol, leg, quantity, level)
                )
        return intents

    def _protect(
        self,
        action: str,
        name: str,
        attempt: int,
        symbol: str,
        leg: Leg,
        quantity: int,
        level: float,
    ) -> Intent:
        return Intent(action, name, symbol, leg, quantity, self._epoch, attempt, price=level)


def _next_attempt(known: list[Order], leg: Leg) -> int:
    return max((order.attempt for order in known if order.leg == leg), default=0) + 1


def _common(ours: int, theirs: int) -> int:
    """Return the signed quantity that both sides have, 0 when they are on opposite sides."""
    if ours * theirs <= 0:
        return 0
    return min(ours, theirs) if ours > 0 else max(ours, theirs)


def _is_done_by_itself(order: Order) -> bool:
    return order.status == Status.TRIGGERED


def _is_of(order: Order, wanted: EntryTerms | None) -> bool:
    """Return whether an order is to be left as it is where nothing is held."""
    if order.leg != Leg.ENTRY:
        return _is_done_by_itself(order)
    return terms_of(order) == wanted


def _is_reached(wanted: EntryTerms, close: float) -> bool:
    """Return whether price is beyond the level of a stop entry already; `close` may be NaN."""
    if wanted.order_type != OrderType.STOP or wanted.level is None:
        return False
    return close >= wanted.level if wanted.quantity > 0 else close <= wanted.level
