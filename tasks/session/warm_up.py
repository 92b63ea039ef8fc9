"""Warm-up: begin a session, or come back to one that was interrupted."""

from __future__ import annotations

from datetime import date

from blocks.ledger.open_session import STOPPED
from blocks.process.failpoints import reach
from tasks.notify import notify
from tasks.session.runtime import SessionRuntime
from trading.engine.indicators import warm
from trading.errors import SourceUnavailable
from trading.market.calendar import (
    Session,
    from_microseconds,
    make_grid,
    sessions_between,
    to_microseconds,
)
from trading.market.panel_loading import make_panel
from trading.session.events import Event, SessionStarted


def warm_up(runtime: SessionRuntime) -> bool:
    """Fold the session's journal, start it if it is new, settle what was left open.

    Returns whether the session goes on; False means that it was closed before. Safe to repeat
    when the store failed on the way: what was folded or heard is in the state already.
    """
    if not runtime.state.is_started:
        runtime.desk.fold(row.event for row in runtime.ledger.journal_of(runtime.name))
    if runtime.state.is_closed:
        if runtime.ledger.sessions()[-1][0] == runtime.name:
            # A kill may have come between the journal's last line and what people read.
            runtime.desk.project()
        return False
    if not runtime.state.is_started:
        inheritance = inherited(runtime)
        runtime.desk.record(
            SessionStarted(
                runtime.name,
                to_microseconds(runtime.session.open),
                to_microseconds(runtime.session.close),
                inheritance,
            )
        )
        runtime.desk.commit()
        reach("after session start")
    last = runtime.state.last_bar
    is_history = runtime.is_overtaken(last)
    deadline = runtime.bar_end(last + 1)
    runtime.desk.resolve(runtime.clock.now(), deadline, is_history=is_history)
    runtime.desk.reconcile()
    runtime.differences.tell(runtime.desk.blocked, runtime.notifier)
    if runtime.ledger.meta(STOPPED):
        runtime.ledger.remember(STOPPED, "")
    if not is_history:
        runtime.desk.execute()
    runtime.desk.reporter.started(runtime.desk.blocked)
    runtime.desk.project()
    notify(runtime)
    return True


def inherited(runtime: SessionRuntime) -> dict[str, object]:
    """Return what the last closed session leaves to this one, indicators warm."""
    before = [name for name, _ in runtime.ledger.sessions() if name < runtime.name]
    if before:
        rows = runtime.ledger.journal_of(before[-1])
        previous = type(runtime.state)(runtime.plan, _session_of(rows[0].event))
        for row in rows:
            previous.apply(row.event)
        return previous.inheritance()
    if runtime.state.rules.needs_indicators:
        _warm_indicators(runtime)
    return runtime.state.inheritance()


def _session_of(event: Event) -> Session:
    assert isinstance(event, SessionStarted)
    return Session(
        date.fromisoformat(event.session),
        from_microseconds(event.open_us),
        from_microseconds(event.close_us),
    )


def _warm_indicators(runtime: SessionRuntime) -> None:
    try:
        with runtime.should_stop.interrupting():
            rows = runtime.market.history(runtime.plan.symbols, runtime.session)
    except SourceUnavailable as error:
        # What needs no indicator trades, and the others after their first bars.
        runtime.notifier.send("SYSTEM_WARNING", f"indicators begin cold, without a past: {error}")
        return
    if rows is None or len(rows) == 0:
        return
    first = from_microseconds(int(rows.start_us.min())).date()
    sessions = [
        session
        for session in sessions_between(runtime.plan.exchange, first, runtime.session.date)
        if session.date < runtime.session.date
    ]
    panel = make_panel(
        rows, make_grid(sessions, runtime.plan.interval_minutes), runtime.plan.symbols
    )
    warm(runtime.state.indicators, panel.prices)
