"""Looks at positions by the session's clock: how long they stand unprotected, what is overdue."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import NamedTuple

from trading.session.broker.answers import Refusal, in_words, refusal_in
from trading.session.events import Gap, Unprotected
from trading.session.orders import Leg, Order
from trading.session.planning.standing import common
from trading.session.protection.legs import guarded_quantity, is_unheard
from trading.session.protection.limits import ProtectionLimits
from trading.session.protection.record import END, MICROSECONDS, MOVE, Setback
from trading.session.state import SessionState


class Look(NamedTuple):
    """What is not waited for any more, what is waited for, and what has to be journalled."""

    cut: list[str]
    paused: list[str]
    events: list[Unprotected]


class Watch:
    """Remembers since when something has been so; what follows from it is the journal's.

    After a restart the seconds begin anew, what was tried does not. Without a clock (`now_us` 0)
    nothing is waited for and no time is measured.
    """

    def __init__(self, limits: ProtectionLimits) -> None:
        self.limits = limits
        self._bare: dict[str, _Bare] = {}
        # By the id of an entry since when it is filled in part.
        self._partly: dict[str, int] = {}
        # By symbol, what is waited for and its number: since when.
        self._waiting: dict[tuple[str, str, int], int] = {}
        self._looked_us = 0
        self.is_urgent = False

    def look(self, state: SessionState, now_us: int, *, is_seen: bool = True) -> Look:
        """Return what a session's clock says of its positions and orders.

        `is_seen` says that the exchange has just said what it holds, or that nothing hangs on it.
        """
        by_symbol: dict[str, list[Order]] = {}
        for order in state.orders.values():
            by_symbol.setdefault(order.symbol, []).append(order)
        events: list[Unprotected] = []
        for symbol in state.plan.symbols:
            events += self._gap_of(state, symbol, by_symbol.get(symbol, []), now_us)
        left = {event.symbol for event in events if event.became == Gap.LEFT}
        cut = self._overdue_entries(state, now_us)
        paused = self._paused(state, by_symbol, left, now_us, is_seen=is_seen)
        self._looked_us = now_us
        protection = state.protection
        self.is_urgent = bool(
            self._bare or self._partly or paused or protection.unsettled or state.unanswered
        )
        return Look(cut, paused, events)

    @property
    def next_look_seconds(self) -> float:
        """Return how soon to look again, inf for no hurry or where only bars change anything."""
        return self.limits.look if self.is_urgent and self._looked_us else math.inf

    @property
    def bare(self) -> frozenset[str]:
        """Return the symbols that stood without a stop at the last look."""
        return frozenset(self._bare)

    def _overdue_entries(self, state: SessionState, now_us: int) -> list[str]:
        """Return the entries that were filled in part longer ago than is waited for the rest."""
        if "rests_protection" in state.view.abilities:
            return []
        partly = {
            id_: self._partly.get(id_, self._moment(state, order.symbol, now_us))
            for id_, order in state.orders.items()
            if order.leg == Leg.ENTRY and order.is_live and 0 < order.filled < abs(order.quantity)
        }
        self._partly = partly
        return [
            id_ for id_, since in partly.items() if _has_passed(since, now_us, self.limits.patience)
        ]

    def _paused(
        self,
        state: SessionState,
        by_symbol: dict[str, list[Order]],
        left: set[str],
        now_us: int,
        *,
        is_seen: bool,
    ) -> list[str]:
        """Return the symbols that are left alone: a try has failed, or fills are on their way."""
        waits: dict[tuple[str, str, int], float] = {}
        for (symbol, what), setback in state.protection.setbacks.items():
            is_leaving = symbol in left or bool(state.book.exit_waiting[state.index[symbol]])
            # What is being left waits for no stop, but where a market stands still nothing helps.
            is_halted = symbol in state.protection.halted
            if not is_leaving or is_halted or what in (Leg.EXIT, END):
                wait = self.limits.wait_for_end if what == END else self.limits.wait
                waits[symbol, what, setback.tries] = wait(setback.tries)
        for symbol, orders in by_symbol.items():
            if symbol not in state.view.elsewhere and any(map(is_unheard, orders)):
                # Unseen, it may be gone: what would leave it would open another.
                waits[symbol, "fills", 0] = self.limits.unprotected if is_seen else math.inf
        self._waiting = {key: self._waiting.get(key, now_us) for key in waits}
        return sorted(
            {
                key[0]
                for key, since in self._waiting.items()
                if not _has_passed(since, now_us, waits[key])
            }
        )

    def _gap_of(
        self, state: SessionState, symbol: str, known: list[Order], now_us: int
    ) -> Iterable[Unprotected]:
        s = state.index[symbol]
        setback = state.protection.stop_setback(symbol)
        is_leaving = bool(state.book.exit_waiting[s])
        quantity = _bare_quantity(state, symbol, known)
        bare, speed = self._bare.get(symbol), self.limits.speed

        def gap(
            since_us: int, until_us: int, shares: int, became: Gap, why: str = ""
        ) -> Unprotected:
            return Unprotected(symbol, since_us, until_us, shares, became, why, speed)

        if quantity == 0 and not is_leaving and _is_beyond_its_stop(state, symbol):
            words = "price is beyond the level that its stop was to move to"
            yield gap(now_us, now_us, abs(int(state.book.quantity[s])), Gap.LEFT, words)
        if quantity == 0:
            if self._bare.pop(symbol, None) is not None and bare is not None:
                until = self._moment(state, symbol, now_us)
                if until > bare.since_us:
                    yield gap(bare.since_us, until, bare.quantity, Gap.OVER)
            return
        if bare is None:
            bare = _Bare(self._moment(state, symbol, now_us), quantity)
        self._bare[symbol] = bare = bare._replace(quantity=max(bare.quantity, quantity))
        seconds = (now_us - bare.since_us) / MICROSECONDS
        is_late = bool(now_us) and seconds >= self.limits.unprotected
        if not is_leaving and setback is not None:
            words = f"its stop cannot rest: {in_words(setback.reason)}"
            yield gap(bare.since_us, now_us, quantity, Gap.LEFT, words)
        elif not is_leaving and is_late:
            words = f"no stop rested for {seconds / speed:.1f} s"
            yield gap(bare.since_us, now_us, quantity, Gap.LEFT, words)
        elif is_late and not bare.is_told:
            self._bare[symbol] = bare._replace(is_told=True)
            yield gap(bare.since_us, now_us, quantity, Gap.STUCK, _why_stuck(state, symbol))

    def _moment(self, state: SessionState, symbol: str, now_us: int) -> int:
        """Return when a symbol's orders changed last, as far as it fits between two looks.

        A broker's clock may be another than the session's, that of a replay always is.
        """
        changed = state.protection.changed_us.get(symbol, 0)
        return changed if 0 < self._looked_us <= changed <= now_us else now_us


class _Bare(NamedTuple):
    since_us: int
    quantity: int
    is_told: bool = False


def _has_passed(since_us: int, now_us: int, seconds: float) -> bool:
    return not now_us or now_us - since_us >= seconds * MICROSECONDS


def _bare_quantity(state: SessionState, symbol: str, known: list[Order]) -> int:
    """Return how many of the shares held a stop is to protect, and none does."""
    s = state.index[symbol]
    ours = int(state.book.quantity[s])
    held = common(ours, state.view.elsewhere.get(symbol, ours))
    if held == 0 or math.isnan(state.book.stop[s]):
        return 0
    are_held = "rests_protection" not in state.view.abilities
    return abs(held) - guarded_quantity(known, held, are_legs_held=are_held)


def _is_beyond_its_stop(state: SessionState, symbol: str) -> bool:
    """Return whether a stop could not be moved because it would fire: then the position is left."""
    setback = state.protection.setbacks.get((symbol, MOVE))
    if setback is None or refusal_in(setback.reason) != Refusal.PERMANENT:
        return False
    s = state.index[symbol]
    beyond = (state.book.mark[s] - state.book.stop[s]) * state.book.quantity[s]
    return bool(beyond <= 0)


def _why_stuck(state: SessionState, symbol: str) -> str:
    setbacks: list[Setback] = [
        setback for (of, _), setback in state.protection.setbacks.items() if of == symbol
    ]
    if symbol in state.protection.halted:
        return "it cannot be left: trading is halted"
    said = f" (the broker's last word: {in_words(setbacks[-1].reason)})" if setbacks else ""
    return f"an exit was ordered, and they are still held{said}"
