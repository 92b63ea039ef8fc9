"""What must hold between a session's memory, its ledger and its broker."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from blocks.ledger.event_rows import event_from_row, event_to_row
from tasks.simulation.disk import SimulatedLedger
from tasks.simulation.story import InvariantBroken
from tasks.simulation.watch import Watch
from trading.session.events import Event, Fill, Intent
from trading.session.state import SessionState

COMPARED = (
    "orders",
    "unanswered",
    "their_ids",
    "discrepancies",
    "protection",
    "last_bar",
    "passed_bar",
    "view",
    "halt",
    "is_closed",
    "equity_points",
)


class Journalled:
    """What is on disk of a session, by its commits: a request is to be there before it is sent."""

    def __init__(self) -> None:
        self.requests: set[tuple[str, str]] = set()
        self.executions: Counter[str] = Counter()
        # Bought and sold by symbol: a broker may tell of two executions as one.
        self.shares: Counter[tuple[str, bool]] = Counter()
        self.count = 0

    def take(self, events: Sequence[Event]) -> None:
        """Take events that were committed."""
        self.count += len(events)
        for event in events:
            if isinstance(event, Intent):
                self.requests.add((event.action, event.client_order_id))
            elif isinstance(event, Fill):
                self.executions[event.exec_id] += 1
                self.shares[event.symbol, event.quantity > 0] += abs(event.quantity)

    def require(self, action: str, intent: Intent) -> None:
        """Raise InvariantBroken for a request that no journal has; ending an order may be one."""
        if action != "cancel" and (action, intent.client_order_id) not in self.requests:
            raise InvariantBroken(
                "commit-before-send",
                f"{action} of {intent.client_order_id} was sent before it was in the journal",
            )


class Fold:
    """A session's state as its journal alone makes it, kept up with each commit."""

    def __init__(self) -> None:
        self._folded: SessionState | None = None

    def take(self, ledger: SimulatedLedger, events: Sequence[Event], state: SessionState) -> None:
        """Take events that were committed, read as from the journal, and compare with memory.

        Raises InvariantBroken.
        """
        if self._folded is None:
            self._folded = folded(ledger, state)
        else:
            for event in events:
                self._folded.apply(event_from_row(*event_to_row(event)))
        compare(self._folded, state)


def folded(ledger: SimulatedLedger, state: SessionState) -> SessionState:
    """Return a session's journal folded anew, by the plan of a state in memory."""
    found = SessionState(state.plan, state.session)
    for row in ledger.journal_of(state.session.date.isoformat()):
        found.apply(row.event)
    return found


def check_fold(ledger: SimulatedLedger, state: SessionState) -> None:
    """Fold a session's journal anew and compare it with the state in memory."""
    compare(folded(ledger, state), state)


def compare(folded: SessionState, state: SessionState) -> None:
    """Raise InvariantBroken where a journal's state is not that in memory."""
    for what in COMPARED:
        if getattr(folded, what) != getattr(state, what):
            raise InvariantBroken(
                "journal-folds-to-state",
                f"{what} is {getattr(state, what)} in memory, {getattr(folded, what)} by the"
                " journal",
            )
    for field in state.book._fields:
        ours, theirs = getattr(state.book, field), getattr(folded.book, field)
        if field != "held" and not np.array_equal(ours, theirs, equal_nan=ours.dtype.kind == "f"):
            raise InvariantBroken(
                "journal-folds-to-state",
                f"{field} of the book is {ours.tolist()} in memory, {theirs.tolist()} by the"
                " journal",
            )


def check_end(
    state: SessionState,
    journalled: Journalled,
    watch: Watch,
    *,
    warnings: Sequence[str],
    errors: Sequence[str],
    healed: bool,
) -> None:
    """Check what must hold once a session is closed and everything was heard."""
    alarmed = {symbol for symbol in state.plan.symbols if any(symbol in text for text in errors)}
    named = alarmed | {
        symbol for symbol in state.plan.symbols if any(symbol in text for text in warnings)
    }
    _check_fills(journalled, watch, named)
    held = watch.positions()
    for s, symbol in enumerate(state.plan.symbols):
        ours, theirs = int(state.book.quantity[s]), held.get(symbol, 0)
        if ours != theirs and symbol not in named:
            raise InvariantBroken(
                "ledger-equals-exchange",
                f"{symbol} is {ours} in the ledger and {theirs} at the exchange, nobody was told",
            )
    for symbol, quantity in held.items():
        if symbol not in alarmed:
            raise InvariantBroken(
                "nothing-held-untold", f"{quantity} {symbol} are held after the session, untold"
            )
        is_muddled = symbol in state.discrepancies or watch.broker.has_others(symbol)
        if healed and not is_muddled:
            raise InvariantBroken(
                "exits-go-on",
                f"{quantity} {symbol} are held after a session whose last bars were without faults",
            )


def _check_fills(journalled: Journalled, watch: Watch, named: set[str]) -> None:
    for exec_id, times in journalled.executions.items():
        if times > 1:
            raise InvariantBroken("no-lost-fill", f"fill {exec_id} is booked {times} times")
    traded: Counter[tuple[str, bool]] = Counter()
    for fill in watch.broker.executions():
        traded[fill.symbol, fill.quantity > 0] += abs(fill.quantity)
    for key in sorted({*traded, *journalled.shares}):
        symbol, is_bought = key
        if traded[key] != journalled.shares[key] and symbol not in named:
            raise InvariantBroken(
                "no-lost-fill",
                f"{traded[key]} {symbol} were {'bought' if is_bought else 'sold'} at the broker,"
                f" {journalled.shares[key]} are booked, nobody was told",
            )
