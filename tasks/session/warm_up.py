"""Warm-up: begin a session, or come back to one that was interrupted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from blocks.ledger.open_session import STOPPED
from blocks.process.failpoints import reach
from tasks.notify import notify
from tasks.session.broker_watch import meet_broker
from tasks.session.close import tell_what_is_held
from tasks.session.runtime import SessionRuntime
from trading.counted import counted
from trading.engine.warm_up import warm
from trading.errors import SourceUnavailable
from trading.indicators.daily_feed import with_daily
from trading.indicators.past import new_past
from trading.market.calendar import (
    from_microseconds,
    make_grid,
    sessions_between,
)
from trading.market.daily_levels import notes_on_levels
from trading.market.panel_loading import make_panel
from trading.session.bar_gate import BarGate
from trading.session.events import EVERY_SYMBOL, Discrepancy, Event, SessionStarted
from trading.session.first_row import first_row
from trading.session.inheritance import Warmed, with_warmed


def warm_up(runtime: SessionRuntime) -> bool:
    """Fold the session's journal, start it if it is new, settle what was left open.

    Returns whether the session goes on; False means that it was closed before. Safe to repeat
    when the store failed on the way: what was folded or heard is in the state already.
    """
    if not runtime.state.is_started:
        runtime.desk.fold(_journal(runtime))
    if runtime.state.is_closed:
        if runtime.ledger.sessions()[-1][0] == runtime.name:
            # A kill may have come between the journal's last line and what people read.
            runtime.desk.project()
            tell_what_is_held(runtime)
        return False
    if not runtime.state.is_started:
        runtime.desk.record(_beginning(runtime))
        runtime.desk.commit()
        runtime.ledger.keep_plan(runtime.beginning.record)
        reach("after session start")
    last = runtime.state.last_bar
    is_history = runtime.is_overtaken(last)
    deadline = runtime.bar_end(last + 1)
    runtime.desk.resolve(runtime.clock.now(), deadline, is_history=is_history)
    runtime.desk.reconcile()
    meet_broker(runtime)
    runtime.differences.tell(runtime.desk.blocked, runtime.notifier)
    runtime.differences.tell_silence(runtime.desk.silence, runtime.clock.now(), runtime.notifier)
    runtime.differences.tell_of_others(runtime.desk.of_others, runtime.notifier)
    if runtime.ledger.meta(STOPPED):
        runtime.ledger.remember(STOPPED, "")
    if not is_history:
        runtime.desk.execute()
    elif not runtime.desk.exchange.is_simulated:
        # The bars that passed are asked for first, which may take its time; a stop waits for none.
        runtime.desk.protect()
    runtime.desk.reporter.started(
        runtime.desk.blocked | runtime.desk.forbidden, runtime.beginning.changes
    )
    runtime.desk.project()
    notify(runtime)
    return True


def _journal(runtime: SessionRuntime) -> Iterator[Event]:
    """Yield what the session's journal holds, and behind it that rows of it were removed.

    Without the first it is begun again, from what the session before left: what it holds is to be
    looked after. Raises StoreUnavailable where that row is there and cannot be read.
    """
    rows = runtime.ledger.journal_of(runtime.name)
    if rows and not isinstance(rows[0].event, SessionStarted):
        runtime.ledger.begin_again(
            _beginning(runtime),
            Discrepancy(EVERY_SYMBOL, "the journal has lost the session's first row", {}),
            epoch=runtime.desk.epoch,
            session=runtime.name,
        )
        rows = runtime.ledger.journal_of(runtime.name)
    yield from (row.event for row in rows)
    gone = runtime.ledger.rows_gone(rows[0].number, rows[-1].number) if rows else 0
    if gone:
        yield Discrepancy(EVERY_SYMBOL, f"the journal has lost {counted(gone, 'row')}", {})


def _beginning(runtime: SessionRuntime) -> SessionStarted:
    return first_row(runtime.session, inherited(runtime), runtime.beginning.record)


def inherited(runtime: SessionRuntime) -> dict[str, Any]:
    """Return what the last closed session leaves to this one, what is new begins warm."""
    content = runtime.beginning.inheritance
    if content is None:
        warmed = _warmed(runtime, runtime.state.plan.symbols)
        content = runtime.state.inheritance()
        fresh = frozenset(runtime.plan.symbols)
    else:
        fresh = runtime.beginning.fresh
        warmed = _warmed(runtime, tuple(fresh)) if fresh else None
    return _with_daily(runtime, content if warmed is None else with_warmed(content, warmed, fresh))


def _with_daily(runtime: SessionRuntime, content: dict[str, Any]) -> dict[str, Any]:
    """Return an inheritance in which a user's daily bars count, where he has some."""
    daily = runtime.beginning.daily
    if daily is None:
        return content
    for note in daily.notes:
        if note.startswith("WARNING: "):
            runtime.notifier.send("SYSTEM_WARNING", note.removeprefix("WARNING: "))
    studies, symbols = runtime.state.reading.studies, runtime.plan.symbols
    left = with_daily(content["indicators"], studies, symbols, daily.bars, runtime.session.date)
    return {**content, "indicators": left}


def _warmed(runtime: SessionRuntime, symbols: tuple[str, ...]) -> Warmed | None:
    """Return what the past of some symbols leaves to the plan's, None without a past."""
    plan = runtime.plan
    if not plan.needs_past():
        return None
    if runtime.pace.is_real_time:
        # A source may be silent: who leaves a halt, or looks at the account, waits for none.
        runtime.release_stores()
    try:
        with runtime.should_stop.interrupting():
            rows = runtime.market.history(plan.symbols, runtime.session)
    except SourceUnavailable as error:
        # What needs no indicator trades, and the others after their first bars.
        runtime.notifier.send(
            "SYSTEM_WARNING",
            "indicators begin cold and a gap over night cannot be told, without a past, of"
            f" {', '.join(symbols)}: {error}",
        )
        return None
    if rows is None or len(rows) == 0:
        return None
    first = from_microseconds(int(rows.start_us.min())).date()
    sessions = [
        session
        for session in sessions_between(plan.exchange, first, runtime.session.date)
        if session.date < runtime.session.date
    ]
    panel = make_panel(rows, make_grid(sessions, plan.interval_minutes), plan.symbols)
    daily = runtime.beginning.daily
    if daily is not None and not runtime.market.is_compared_with_daily:
        for note in notes_on_levels(replace(panel, daily=daily.bars)):
            runtime.notifier.send("SYSTEM_WARNING", note.removeprefix("WARNING: "))
    studies = runtime.state.reading.studies
    warmed = Warmed(
        studies, new_past(studies, len(plan.symbols)), BarGate(plan.thresholds(), plan.symbols)
    )
    warmed.gate.report = warm(plan.thresholds(), warmed.gate.state, studies, warmed.past, panel)
    return warmed
