"""Poll: between bars, hear the exchange and the operator, and keep the orders in line."""

from __future__ import annotations

from tasks.session.runtime import SessionRuntime


def poll(runtime: SessionRuntime) -> bool:
    """Take news from the exchange and commands into the state; return whether there were any.

    Raises LeaseLost when another process trades the account.
    """
    heard = runtime.desk.listen()
    words = runtime.inbox.words()
    for command in words:
        runtime.desk.record(command)
    if runtime.state.unanswered:
        runtime.desk.resolve(runtime.clock.now(), runtime.bar_end(runtime.state.last_bar + 1))
    if heard or words:
        runtime.desk.execute()
        runtime.inbox.mark_seen()
        runtime.desk.project()
    return bool(heard or words)
