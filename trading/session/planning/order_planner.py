"""The difference between what a book wants and which orders are there, as intents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from trading.engine.book import Book
from trading.session.events import Intent
from trading.session.orders import Order, Status
from trading.session.planning.circumstances import Circumstances, circumstances_of
from trading.session.planning.entering import unwanted, wanted_entry
from trading.session.planning.guarding import guard_of
from trading.session.planning.holding import protection_of
from trading.session.planning.leaving import exit_at_broker, exit_of
from trading.session.planning.order_names import OrderNames
from trading.session.planning.places import within_places
from trading.session.planning.standing import Standing, common, left_of
from trading.session.state import SessionState

_AS_SIMULATED = Circumstances()


class OrderPlanner:
    """Plans the orders of one account, session and strategy by symbol."""

    def __init__(self, account: str, session: str, strategy: str, epoch: int) -> None:
        self._names = OrderNames(account, session, strategy, epoch)

    def wanted(
        self, state: SessionState, newest: Mapping[str, float] | None = None
    ) -> list[Intent]:
        """Return what a session is to ask for as it stands; `newest` as in `Circumstances`."""
        return self.plan(
            state.book,
            state.plan.symbols,
            state.orders,
            state.unanswered,
            circumstances_of(state, newest),
        )

    def plan(
        self,
        book: Book,
        symbols: Sequence[str],
        orders: dict[str, Order],
        unanswered: dict[str, Intent],
        now: Circumstances = _AS_SIMULATED,
    ) -> list[Intent]:
        """Return the intents that bring the orders in line with the book: exits before entries.

        A symbol with an unanswered request is left alone. Planning again after the intents took
        effect returns none. Where the exchange holds another quantity than the book nothing is
        asked that could open or turn a position there, and no more is left than both sides have.
        """
        busy = {*now.left_alone, *(intent.symbol for intent in unanswered.values())}
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
            held = ours
            if symbol in now.elsewhere:
                held = common(left_of(ours, known), now.elsewhere[symbol])
            standing = Standing(book, s, symbol, held, known, live)
            if ours == 0:
                leaving += [self._names.cancel(order) for order in unwanted(standing)]
                entry = wanted_entry(self._names, standing, now.abilities)
                entering += [] if entry is None else [entry]
            elif held == 0:
                # What rests there protects nothing of ours, and could open a position.
                leaving += [
                    self._names.cancel(order) for order in live if order.status != Status.TRIGGERED
                ]
            else:
                leaving += self._for_position(standing, now)
        # A simulated exchange says at once what became of a cancel, unless it is not heard.
        if now.elsewhere or not now.abilities.rests_protection:
            entering = within_places(
                entering, book, symbols, by_symbol, now.most_positions, now.leverage
            )
        asked = leaving + entering
        return [
            each for each in asked if each.action != "replace" or each.symbol not in now.unmoved
        ]

    def _for_position(self, standing: Standing, now: Circumstances) -> list[Intent]:
        is_leaving = bool(standing.book.exit_waiting[standing.s])
        if now.abilities.rests_protection:
            if is_leaving:
                return exit_of(self._names, standing, now.abilities, now.newest)
            return protection_of(self._names, standing)
        if is_leaving and standing.symbol not in now.kept:
            return exit_at_broker(self._names, standing, now.abilities)
        return guard_of(self._names, standing, now)
