"""Execute: commit what was decided, then bring the orders at the exchange in line with it."""

from __future__ import annotations

from tasks.session.runtime import SessionRuntime


def execute(runtime: SessionRuntime) -> int:
    """Return how many orders are live after the desk is done.

    Safe to repeat: what is committed is not committed again, what was answered is not asked. At a
    bar that is history nothing is asked: what rests at the exchange rested through the bars that
    follow, and only then may be moved.
    """
    bar = runtime.state.last_bar
    # A replay that its machine cannot follow still leaves before its close.
    is_leaving = runtime.pace.is_replay and 0 <= runtime.state.flatten_bar <= bar
    if runtime.is_overtaken(bar) and not is_leaving:
        runtime.desk.pass_bar()
    else:
        runtime.desk.execute()
    return sum(order.is_live for order in runtime.state.orders.values())
