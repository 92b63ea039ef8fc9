"""A live session in memory that dies at chosen edges of the money path, and is opened anew."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from blocks.exchange.order_desk import OrderDesk
from blocks.process import failpoints
from tests.unit.replay.in_memory import ACCOUNT, MemoryExchange, MemoryLedger, bar_closed
from trading.market.calendar import Session
from trading.market.panel import Panel
from trading.plan import RunPlan
from trading.session.events import SessionClosed, SessionStarted
from trading.session.state import SessionState


class KilledError(BaseException):
    """The process dies here: nobody catches it but the test."""


class Killer:
    """Counts the edges that are reached, and dies at some of them, by number."""

    def __init__(self, kill_at: frozenset[int] = frozenset()) -> None:
        self.kill_at = kill_at
        self.reached: list[str] = []
        self.kills = 0

    def __call__(self, edge: str) -> None:
        self.reached.append(edge)
        if len(self.reached) - 1 in self.kill_at:
            self.kills += 1
            raise KilledError(edge)


@contextmanager
def killing(killer: Callable[[str], None]) -> Iterator[None]:
    failpoints.on_reach(killer)
    try:
        yield
    finally:
        failpoints.on_reach(None)


def trade(
    panel: Panel, plan: RunPlan, exchange: MemoryExchange, killer: Killer
) -> tuple[list[SessionState], MemoryLedger]:
    """Trade a panel's sessions through the desk, which is made anew after each death."""
    ledger = MemoryLedger()
    inheritance: dict[str, Any] = {}
    states: list[SessionState] = []
    with killing(killer):
        for number, session in enumerate(panel.grid.sessions):
            while True:
                try:
                    state = _traded(panel, number, session, plan, exchange, ledger, inheritance)
                    break
                except KilledError:
                    continue
            inheritance = state.inheritance()
            states.append(state)
    return states, ledger


def _traded(
    panel: Panel,
    number: int,
    session: Session,
    plan: RunPlan,
    exchange: MemoryExchange,
    ledger: MemoryLedger,
    inheritance: dict[str, Any],
) -> SessionState:
    """Go on with a session where the ledger ends, to its close."""
    state = SessionState(plan, session)
    desk = OrderDesk(state, ledger, exchange, ACCOUNT, 1)  # type: ignore[arg-type]
    desk.fold(journal_of(ledger, str(session.date)))
    if state.is_closed:
        return state
    if not state.is_started:
        started = SessionStarted(str(session.date), 0, 0, inheritance or state.inheritance())
        desk.record(started)
        desk.commit()
    interval = plan.interval_minutes
    now = session.bar_end(state.last_bar, interval) if state.last_bar >= 0 else session.open
    desk.resolve(now, now)
    desk.reconcile()
    desk.execute()
    for bar in range(state.last_bar + 1, session.bar_count(interval)):
        desk.take_bar(bar_closed(panel, number, bar))
        desk.execute()
        assert desk.reconcile() == {}, "ledger and exchange are said to differ where they agree"
    desk.close_session()
    return state


def journal_of(ledger: MemoryLedger, name: str) -> list[Any]:
    """Return what the ledger holds of the session that is under way, or was closed last."""
    begin = 0
    for place, event in enumerate(ledger.events):
        if isinstance(event, SessionStarted) and event.session == name:
            begin = place
            break
    else:
        return []
    end = next(
        (
            place + 1
            for place, event in enumerate(ledger.events[begin:], begin)
            if isinstance(event, SessionClosed)
        ),
        len(ledger.events),
    )
    return ledger.events[begin:end]
