"""A session's journal through the engine once more: what it decided and asked must come again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace

from trading.errors import OpenbellError
from trading.parity.findings import AsConsumed, Cause, Difference, Kind
from trading.session.entry_terms import TARGET_KINDS
from trading.session.events import (
    BarClosed,
    BarPassed,
    Command,
    Event,
    ExchangeView,
    Fill,
    Intent,
    OrderUpdate,
    SessionClosed,
)
from trading.session.orders import TargetKind, is_ours
from trading.session.planning.order_planner import OrderPlanner
from trading.session.state import SessionState

# After these words an operator's prices may be those that an exit is asked with.
_LEAVING = ("flatten", "leave")
# When and by whom an intent was made is no part of what it asks.
_UNTOLD = ("us", "epoch", "fills_from_us")
_SHOWN = tuple(field.name for field in fields(Intent) if field.name not in _UNTOLD)
# The books keep six decimals.
_EQUAL_USD = 1e-6


@dataclass(frozen=True, slots=True)
class KeptDecision:
    """A decision as the ledger's table has it: bar's START, symbol, reason, shares and levels.

    `price` is the bar's close, `level` where an entry is to rest; None without one.
    """

    us: int
    symbol: str
    reason: str
    price: float | None
    quantity: int
    stop: float | None
    target_offset: float | None
    level: float | None = None
    target_kind: str = TargetKind.USD


def replay_as_consumed(
    state: SessionState, account: str, events: Sequence[Event], kept: Sequence[KeptDecision]
) -> AsConsumed:
    """Replay a session's journal through the engine; `state` is new, and the session's after it.

    `kept` are the decisions that were written when they were made. Bars, fills, answers and
    commands are the journal's; decisions and intents are made anew, and compared.
    """
    walk = _Walk(state, account, events)
    try:
        walk.run()
    except (OpenbellError, ValueError, KeyError, IndexError, TypeError) as error:
        walk.found.append(_of_books("it cannot be folded", str(error)))
    decided = _decisions(state, kept)
    return AsConsumed(len(kept), walk.intents, (*decided, *walk.found))


class _Walk:
    """Goes through a journal in order; what was asked is planned anew where it was asked."""

    def __init__(self, state: SessionState, account: str, events: Sequence[Event]) -> None:
        self.found: list[Difference] = []
        self.intents = 0
        self._state = state
        self._events = events
        session = state.session.date.isoformat()
        self._planner = OrderPlanner(account, session, state.plan.strategy_name, 0)
        self._known: set[str] = set()
        self._bar_us = 0
        self._is_leaving = False

    def run(self) -> None:
        at = 0
        while at < len(self._events):
            asked = _asked_at(self._events, at)
            if asked:
                self._compare(asked)
                for intent in asked:
                    self._take(intent)
                at += len(asked)
                continue
            event = self._events[at]
            self._look_at(event)
            self._take(event)
            at += 1
            following = self._events[at] if at < len(self._events) else None
            if self._must_have_asked(event, following):
                self._compare([])

    def _take(self, event: Event) -> None:
        self._state.apply(event)
        if isinstance(event, Intent):
            self._known |= {name for name in (event.stop_id, event.target_id) if name}

    def _look_at(self, event: Event) -> None:
        match event:
            case BarClosed():
                self._bar_us, self._is_leaving = event.start_us, False
            case Command() if event.command in _LEAVING:
                self._is_leaving = True
            case Fill() | OrderUpdate():
                self._look_for_intent(event)
            case SessionClosed():
                equity = self._state.equity()
                if abs(equity - event.equity) > _EQUAL_USD:
                    kept = f"{event.equity:,.4f} USD at the close"
                    self.found.append(_of_books(kept, f"{equity:,.4f} USD"))

    def _look_for_intent(self, event: Fill | OrderUpdate) -> None:
        name, orders = event.client_order_id, self._state.orders
        if not is_ours(name) or name in orders or name in self._known:
            return
        # What protects a position that was held overnight is named by an order of before.
        if any(name in (order.stop_id, order.target_id) for order in orders.values()):
            return
        self._known.add(name)
        kept = f"{event.leg} {name} is at the exchange"
        self._differ(event.symbol, kept, "nothing asked for it")

    def _must_have_asked(self, event: Event, following: Event | None) -> bool:
        """Return whether the desk planned after an event, and asked for nothing.

        What a bar asks for is committed with it. An operator's word may come before its orders are
        planned, and is followed by them.
        """
        if isinstance(event, BarClosed):
            passes: tuple[type[Event], ...] = (BarPassed, Command, ExchangeView)
        elif isinstance(event, ExchangeView):
            passes = ()
        else:
            return False
        return following is not None and not (isinstance(following, passes) or _is_asked(following))

    def _compare(self, asked: Sequence[Intent]) -> None:
        self.intents += len(asked)
        wanted = [_plain(each) for each in self._planner.wanted(self._state)]
        kept = [_plain(each) for each in asked]
        if wanted != kept and self._is_leaving:
            # The newest prices are what was heard, not what was decided.
            newest = {
                each.symbol: each.reference_price
                for each in asked
                if each.is_immediate and each.reference_price is not None
            }
            wanted = [_plain(each) for each in self._planner.wanted(self._state, newest)]
        if wanted != kept:
            self.found += self._each(kept, wanted)

    def _each(self, kept: Sequence[Intent], wanted: Sequence[Intent]) -> Iterator[Difference]:
        ours = {(each.client_order_id, each.action): each for each in kept}
        theirs = {(each.client_order_id, each.action): each for each in wanted}
        is_told = False
        for key in dict.fromkeys([*ours, *theirs]):
            one, other = ours.get(key), theirs.get(key)
            if one == other:
                continue
            is_told = True
            some = one or other
            assert some is not None
            yield Difference(
                Kind.INTENT,
                Cause.JOURNAL,
                self._bar_us,
                some.symbol,
                _text(one, other),
                _text(other, one),
            )
        if not is_told:
            order = ", ".join(each.symbol for each in kept)
            other_order = ", ".join(each.symbol for each in wanted)
            yield Difference(
                Kind.INTENT, Cause.JOURNAL, self._bar_us, "", f"asked {order}", other_order
            )

    def _differ(self, symbol: str, kept: str, replayed: str) -> None:
        self.found.append(
            Difference(Kind.INTENT, Cause.JOURNAL, self._bar_us, symbol, kept, replayed)
        )


def _is_asked(event: Event) -> bool:
    return isinstance(event, Intent) and not event.is_adopted


def _asked_at(events: Sequence[Event], at: int) -> list[Intent]:
    """Return the intents that were planned together and begin at a place in the journal."""
    found: list[Intent] = []
    for event in events[at:]:
        if not isinstance(event, Intent) or event.is_adopted:
            break
        found.append(event)
    return found


def _plain(intent: Intent) -> Intent:
    return replace(intent, us=0, epoch=0, fills_from_us=0)


def _text(intent: Intent | None, other: Intent | None) -> str:
    """Return what an intent asks, and the fields in which another says something else."""
    if intent is None:
        return "nothing"
    words = f"{intent.action} {intent.leg} {intent.quantity:+d}"
    if other is None:
        return words
    differing = [
        f"{name} {getattr(intent, name)}"
        for name in _SHOWN
        if getattr(intent, name) != getattr(other, name)
    ]
    return f"{words}: {', '.join(differing)}"


def _of_books(kept: str, replayed: str) -> Difference:
    return Difference(Kind.BOOKS, Cause.JOURNAL, 0, "", kept, replayed)


def _decisions(state: SessionState, kept: Sequence[KeptDecision]) -> Iterator[Difference]:
    ours = {(each.us, each.symbol): each for each in kept}
    theirs = {(each.us, each.symbol): each for each in decisions_of(state)}
    for us, symbol in sorted(ours.keys() | theirs.keys()):
        one, other = ours.get((us, symbol)), theirs.get((us, symbol))
        if one != other:
            yield Difference(
                Kind.DECISION,
                Cause.JOURNAL,
                us,
                symbol,
                decision_text(one, other),
                decision_text(other, one),
            )


def decisions_of(state: SessionState) -> Iterator[KeptDecision]:
    """Yield what a session decided, as the ledger's table would have it."""
    for row in state.decisions:
        yield KeptDecision(
            int(row.us),
            state.plan.symbols[int(row.symbol)],
            state.plan.word_of(int(row.reason)),
            _level(row.price),
            int(row.quantity),
            _level(row.stop),
            _level(row.target_offset),
            _level(row.level),
            TARGET_KINDS[int(row.target_kind)],
        )


def _level(value: float) -> float | None:
    return None if value != value else value


def decision_text(one: KeptDecision | None, other: KeptDecision | None) -> str:
    """Return a decision's reason, with its levels where another has the same reason."""
    if one is None:
        return "no decision"
    if other is None or one.reason != other.reason:
        return one.reason
    at = one.price if one.level is None else one.level
    levels = f"stop {one.stop}, target {one.target_offset} {one.target_kind}"
    return f"{one.reason} at {at}, {one.quantity:+d} shares, {levels}"
