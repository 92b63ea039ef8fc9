"""What a session has learned of how its positions are protected: folded from its journal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from trading.session.broker.answers import Refusal, in_words, is_refused_as, refusal_in
from trading.session.events import Intent, OrderUpdate, Unprotected
from trading.session.orders import TERMINAL, Leg, Order, Status
from trading.session.protection.legs import PROTECTION, is_filling, legs_of, parent_of
from trading.session.protection.limits import MOST_TRIES

# What another try of the same request cannot mend.
_FINAL = (Refusal.PERMANENT, Refusal.NOT_SHORTABLE)
# What is no fault of the request, however often it comes.
_PASSING = (Refusal.RETRY, Refusal.HALTED)
# Beside the legs that are placed, by their action: requests that end or move an order.
END, MOVE = "cancel", "replace"
_ASKED = {Leg.EXIT: "exit", END: "cancellation"}
MICROSECONDS = 1e6


class Setback(NamedTuple):
    """How often something came to nothing since the position was opened, and why it did last.

    `failures` leave out what was no fault of the request. Of a `reason` that is final no other try
    is made.
    """

    tries: int
    failures: int
    reason: str
    is_final: bool = False

    @property
    def is_over(self) -> bool:
        """Return whether nothing more is to be tried."""
        return self.is_final or self.failures >= MOST_TRIES


@dataclass
class ProtectionRecord:
    """Counts tries, and names the orders that have to be looked up before anything is asked.

    `setbacks` are by symbol and by what was tried. `unsettled` has by id the symbol of each order
    that may have ended or changed without a word: a leg of an entry that ended, the other one of
    two that end each other, one that could not be moved. `halted` are symbols that could not be
    left because they do not trade, `washed` those whose exits an opposite order of ours forbids,
    `refused_entries` those that are not entered in this session, with the broker's words, and
    `refused_shorts` those that are not sold short. `gaps` are the times without protection, and
    `changed_us` is by symbol when its orders changed last.
    """

    setbacks: dict[tuple[str, str], Setback] = field(default_factory=dict)
    unsettled: dict[str, str] = field(default_factory=dict)
    halted: set[str] = field(default_factory=set)
    washed: set[str] = field(default_factory=set)
    refused_entries: dict[str, str] = field(default_factory=dict)
    refused_shorts: dict[str, str] = field(default_factory=dict)
    gaps: list[Unprotected] = field(default_factory=list)
    changed_us: dict[str, int] = field(default_factory=dict)
    # Symbols of which something was asked to end since something was placed.
    _ending: set[str] = field(default_factory=set)

    def ask(self, intent: Intent) -> None:
        """Take a request that is about to be sent."""
        if intent.action == "cancel" or intent.leg == Leg.EXIT:
            self._ending.add(intent.symbol)
        elif intent.action == "submit":
            self._ending.discard(intent.symbol)

    def hear(
        self,
        before: Order | None,
        order: Order,
        update: OrderUpdate,
        asked: Intent | None,
        orders: Mapping[str, Order],
        *,
        held: int,
        rests_protection: bool,
    ) -> None:
        """Take news of an order, as it was and is; `asked` is the request that it answers."""
        symbol = order.symbol
        self.changed_us[symbol] = update.us
        self.unsettled.pop(order.client_order_id, None)
        if not order.is_live:
            # It has ended, whoever ended it.
            self.setbacks.pop((symbol, END), None)
        if order.status == Status.HELD:
            parent = parent_of(order, orders.values())
            if parent is not None and parent.status == Status.FILLED:
                # It is about to rest: asked again, and not replaced in haste.
                self.unsettled[order.client_order_id] = symbol
        was_live = before is None or before.is_live
        if was_live and order.status == Status.REJECTED:
            self._refused(order, update)
        elif asked is not None and asked.action != "submit" and update.reason and order.is_live:
            # It could not be ended or moved: it may have ended by itself.
            self._count(symbol, asked.action, update.reason)
            self.unsettled[order.client_order_id] = symbol
        elif was_live and order.status in TERMINAL:
            is_asked = asked is not None and asked.action == "cancel"
            self._ended(order, update, orders, held, is_asked, rests_protection=rests_protection)
        elif order.status == Status.WORKING and order.leg == Leg.EXIT:
            self.halted.discard(symbol)
        elif order.leg == Leg.TARGET and order.stop_id and order.stop_id not in orders:
            self.unsettled[order.stop_id] = symbol

    def fill(
        self,
        order: Order,
        us: int,
        held: int,
        orders: Mapping[str, Order],
        *,
        rests_protection: bool,
    ) -> None:
        """Take a fill of an order, as it is after it; `held` is what is left, signed."""
        symbol = order.symbol
        self.changed_us[symbol] = us
        if held == 0:
            self._forget(symbol)
        if rests_protection:
            return
        if order.leg == Leg.ENTRY and not is_filling(order):
            self._look_up_legs(order, orders)
        elif order.leg in PROTECTION:
            self._look_up_others(order, orders)

    def close_bar(self) -> None:
        """Let what was given up be tried once more in the bar that begins."""
        self.halted.clear()
        for key, setback in list(self.setbacks.items()):
            if key[1] != Leg.STOP and setback.is_over:
                self.setbacks[key] = setback._replace(failures=MOST_TRIES - 1, is_final=False)

    def stop_setback(self, symbol: str) -> Setback | None:
        """Return why a symbol's stop is not placed again, None where it is."""
        setback = self.setbacks.get((symbol, Leg.STOP))
        return setback if setback is not None and setback.is_over else None

    def given_up(self, what: str) -> set[str]:
        """Return the symbols of which something is not tried again before their next bar."""
        return {
            symbol
            for (symbol, tried), setback in self.setbacks.items()
            if tried == what and setback.is_over
        }

    def kept(self) -> set[str]:
        """Return the symbols that are not left before their next bar.

        Where a market stands still a stop is asked for as long as one may rest: its answer tells
        when the market moves again. Else the exit itself is tried again, at growing waits.
        """
        return (self.halted - self.given_up(Leg.STOP)) | self.given_up(Leg.EXIT)

    def longest_gap_seconds(self) -> float:
        """Return the longest time that a position of this session had no resting stop."""
        return max((gap.seconds for gap in self.gaps), default=0.0)

    def troubles(self) -> dict[str, str]:
        """Return by symbol, in words, what is not tried again before the next bar."""
        return {
            symbol: f"its {_ASKED[what]} was refused: {in_words(setback.reason)}"
            for (symbol, what), setback in self.setbacks.items()
            if what in _ASKED and setback.is_over
        }

    def _refused(self, order: Order, update: OrderUpdate) -> None:
        symbol, refusal = order.symbol, refusal_in(update.reason)
        if order.leg == Leg.ENTRY:
            if is_refused_as(update.reason, Refusal.PERMANENT):
                self.refused_entries[symbol] = update.reason
            elif is_refused_as(update.reason, Refusal.NOT_SHORTABLE):
                self.refused_shorts[symbol] = update.reason
            return
        if refusal == Refusal.WASH_TRADE:
            self.washed.add(symbol)
        if refusal == Refusal.HALTED and order.leg == Leg.EXIT:
            self.halted.add(symbol)
        self._count(symbol, order.leg, update.reason)

    def _count(self, symbol: str, what: str, reason: str, *, is_taken_away: bool = False) -> None:
        last = self.setbacks.get((symbol, what), Setback(0, 0, ""))
        refusal = refusal_in(reason)
        self.setbacks[(symbol, what)] = Setback(
            last.tries + 1,
            last.failures + (is_taken_away or refusal not in _PASSING),
            reason,
            refusal in _FINAL and what in tuple(Leg) and not is_taken_away,
        )

    def _ended(
        self,
        order: Order,
        update: OrderUpdate,
        orders: Mapping[str, Order],
        held: int,
        is_asked: bool,
        *,
        rests_protection: bool,
    ) -> None:
        symbol = order.symbol
        if order.leg == Leg.ENTRY:
            self.washed.discard(symbol)
            if not rests_protection:
                self._look_up_legs(order, orders)
            return
        if order.status == Status.FILLED or held == 0:
            return
        if order.leg in PROTECTION and not rests_protection:
            self._look_up_others(order, orders)
        # One leg ends the other, and an exit both.
        is_wanted = order.leg != Leg.EXIT and symbol in self._ending
        is_usual = rests_protection and order.leg == Leg.TARGET
        if not (is_asked or is_wanted or is_usual):
            words = update.reason or f"{order.status} at the exchange"
            self._count(symbol, order.leg, words, is_taken_away=True)

    def _look_up_legs(self, entry: Order, orders: Mapping[str, Order]) -> None:
        for name in legs_of(entry):
            leg = orders.get(name)
            is_unheard = leg is None and entry.filled > 0
            is_doubtful = leg is not None and leg.is_live and entry.status != Status.FILLED
            if is_unheard or is_doubtful or (leg is not None and leg.status == Status.HELD):
                self.unsettled[name] = entry.symbol

    def _look_up_others(self, order: Order, orders: Mapping[str, Order]) -> None:
        for other in orders.values():
            if (
                other.symbol == order.symbol
                and other.leg in PROTECTION
                and other.is_live
                and other.client_order_id != order.client_order_id
            ):
                self.unsettled[other.client_order_id] = other.symbol

    def _forget(self, symbol: str) -> None:
        """Begin anew: the position that was protected is gone."""
        for key in [key for key in self.setbacks if key[0] == symbol]:
            del self.setbacks[key]
        self.halted.discard(symbol)
        self.washed.discard(symbol)
