"""A session thought through: the real desk over an account in memory, on one set of bars."""

from __future__ import annotations

from collections.abc import Sequence

from blocks.exchange.order_desk import OrderDesk
from tasks.parity.model_account import ModelBooks, ModelExchange
from trading.market.calendar import Session
from trading.plan import RunPlan
from trading.session.events import BarClosed, Command, SessionStarted
from trading.session.state import SessionState

# An operator who leaves waits for no bar.
_LEAVING = ("flatten", "leave")
Script = Sequence[BarClosed | Command]


def model_session(
    plan: RunPlan, session: Session, account: str, started: SessionStarted, script: Script
) -> SessionState:
    """Return a session's state after its bars and an operator's words, in their order.

    Everything goes through the desk, the engine and the simulated venue that a paper session has.
    """
    state = SessionState(plan, session)
    state.apply(started)
    exchange = ModelExchange(state, started.inheritance)
    desk = OrderDesk(state, ModelBooks(), exchange, account, 0)
    desk.resolve(session.open, session.close)
    desk.reconcile()
    desk.execute()
    for event in script:
        if isinstance(event, Command):
            newest: dict[str, float] | None = {} if event.command in _LEAVING else None
            desk.record(event)
            desk.execute(newest)
        else:
            desk.take_bar(event)
            desk.execute()
    desk.close_session()
    return state
