"""Shut down: stop a session in the middle in the way that the user chose, and keep a copy."""

from __future__ import annotations

from blocks.ledger.open_session import STOPPED
from tasks.notify import notify
from tasks.session.broker_watch import look_at_broker
from tasks.session.poll import newest_prices
from tasks.session.runtime import SessionRuntime
from tasks.session.telemetry import note_late_trades
from tasks.sync import sync
from trading.errors import OpenbellError
from trading.session.book_events import resting
from trading.session.events import Command


def shut_down(runtime: SessionRuntime, *, keeps_copy: bool = True) -> None:
    """Leave everything, or hold what there is; the session stays open and may go on that day.

    `hold` leaves positions to their resting stops, and withdraws the entries that rest: what one
    buys nobody would sell at the close. `flatten` leaves everything now: the simulated exchange
    fills it at the newest prices known, and says so. Called once, outside Prefect's tasks: a run
    that is cancelled has none.
    """
    if not runtime.state.is_started:
        # Stopped while it waited for its past: there is nothing yet to leave or to hold.
        runtime.ledger.release()
        return
    if runtime.on_shutdown == "flatten":
        runtime.desk.leave(Command("leave", "shutdown"), newest_prices(runtime))
    elif resting(runtime.state.book):
        runtime.desk.record(Command("withdraw", "shutdown"))
        runtime.desk.execute()
    runtime.desk.project()
    note_late_trades(runtime)
    look_at_broker(runtime)
    tell_what_is_held(runtime)
    # Last: what dies half left is to be taken up again, and what is left on purpose is not.
    runtime.ledger.remember(STOPPED, runtime.name)
    notify(runtime)
    if runtime.pace.is_real_time and keeps_copy:
        try:
            sync(runtime)
        except OpenbellError as error:
            runtime.notifier.send("SYSTEM_WARNING", f"no copy was kept at shutdown: {error}")
    runtime.ledger.release()


def tell_what_is_held(runtime: SessionRuntime) -> None:
    """Tell of the positions that stay open while nobody trades."""
    held = [
        f"{symbol} {int(runtime.state.book.quantity[s])}"
        for symbol, s in runtime.state.index.items()
        if runtime.state.book.quantity[s] != 0
    ]
    if held:
        runtime.notifier.send(
            "SYSTEM_WARNING", f"stopped; held at the exchange with their stops: {', '.join(held)}"
        )
