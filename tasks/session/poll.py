"""Tend: between bars, hear the exchange and the operator, and keep the orders in line."""

from __future__ import annotations

from tasks.session.runtime import SessionRuntime
from trading.session.events import Command


def tend(runtime: SessionRuntime) -> bool:
    """Take news from the exchange and commands into the state; return whether there were any.

    Raises LeaseLost when another process trades the account.
    """
    heard = runtime.desk.listen()
    for number, command, reason in runtime.ledger.commands_since(runtime.seen_command):
        runtime.desk.record(Command(command, reason))
        runtime.ledger.remember("seen_command", str(number))
        runtime.seen_command = number
        heard += 1
    if runtime.state.unanswered:
        runtime.desk.resolve(runtime.clock.now(), runtime.bar_end(runtime.state.last_bar + 1))
    if heard:
        runtime.desk.execute()
        runtime.desk.project()
    return heard > 0
