"""Poll: between bars, hear the exchange and the operator, and keep the orders in line."""

from __future__ import annotations

from collections.abc import Mapping

from tasks.notify import notify
from tasks.session.runtime import SessionRuntime
from tasks.session.telemetry import keep_errors


def newest_prices(runtime: SessionRuntime) -> Mapping[str, float]:
    """Return the newest prices known, by symbol; the others are left at their last close."""
    now = runtime.clock.now()
    return runtime.market.newest_prices(runtime.plan.symbols, runtime.session, now)


def poll(runtime: SessionRuntime) -> bool:
    """Take news from the exchange and commands into the state; return whether there were any.

    Raises LeaseLost when another process trades the account.
    """
    heard = runtime.desk.listen()
    runtime.desk.break_silence()
    runtime.differences.tell_silence(runtime.desk.silence, runtime.clock.now(), runtime.notifier)
    words = runtime.inbox.words()
    is_to_leave = any(command.command == "flatten" for command in words)
    for command in words:
        runtime.desk.record(command)
    asked = dict(runtime.state.unanswered)
    if asked:
        runtime.desk.resolve(runtime.clock.now(), runtime.bar_end(runtime.state.last_bar + 1))
        # What was answered makes room for what waited for it: an exit for its cancelled stop.
        heard += asked != runtime.state.unanswered
    if heard or words:
        runtime.desk.execute(newest_prices(runtime) if is_to_leave else None)
        runtime.inbox.mark_seen()
    elif runtime.desk.is_urgent:
        # Nothing was said, and time has gone by that means something.
        heard = runtime.desk.look_again()
    if heard or words:
        runtime.desk.project()
    if heard or words or runtime.notifier.has_more:
        # A stop that was hit, or one that is missing, is told now: a bar may be an hour.
        notify(runtime)
    keep_errors(runtime)
    return bool(heard or words)
