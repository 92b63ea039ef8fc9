"""The difference between what a book wants and which orders are there, as intents."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from trading.engine.book import Book
from trading.session.events import Intent
from trading.session.orders import Order, Status
from trading.session.planning.entering import unwanted, wanted_entry
from trading.session.planning.holding import protection_of
from trading.session.planning.leaving import exit_of
from trading.session.planning.order_names import OrderNames
from trading.session.planning.standing import Standing, common
from trading.session.state import SessionState


class OrderPlanner:
    """Plans the orders of one account, session and strategy by symbol."""

    def __init__(self, account: str, session: str, strategy: str, epoch: int) -> None:
        self._names = OrderNames(account, session, strategy, epoch)

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
            held = common(ours, elsewhere.get(symbol, ours))
            standing = Standing(book, s, symbol, held, known, live)
            if ours == 0:
                leaving += [self._names.cancel(order) for order in unwanted(standing)]
                entry = wanted_entry(self._names, standing)
                entering += [] if entry is None else [entry]
            elif held == 0:
                # What rests there protects nothing of ours, and could open a position.
                leaving += [
                    self._names.cancel(order) for order in live if order.status != Status.TRIGGERED
                ]
            elif book.exit_waiting[s]:
                leaving += exit_of(self._names, standing, newest)
            else:
                leaving += protection_of(self._names, standing)
        return leaving + entering
