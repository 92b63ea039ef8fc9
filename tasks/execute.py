"""Execute: commit what was decided, then bring the orders at the exchange in line with it."""

from __future__ import annotations

from tasks.session.runtime import SessionRuntime


def execute(runtime: SessionRuntime) -> int:
    """Return how many orders are live after the desk is done.

    Safe to repeat: what is committed is not committed again, what was answered is not asked.
    """
    runtime.desk.execute()
    return sum(order.is_live for order in runtime.state.orders.values())
