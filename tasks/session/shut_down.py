"""Shut down: leave a session in the middle in the way that the user chose, and keep a copy."""

from __future__ import annotations

from tasks.notify import notify, notify_summary
from tasks.session.close import close_session
from tasks.session.runtime import SessionRuntime
from tasks.session.telemetry import note_late_trades
from tasks.sync import sync
from trading.errors import OpenbellError
from trading.session.events import Command


def shut_down(runtime: SessionRuntime) -> bool:
    """Flatten and close the session, or hold what there is; return whether it was closed.

    `hold` leaves positions to their resting stops, and the next start goes on. `flatten` leaves
    everything: the simulated exchange sees no further bar, so it books the exits at the last
    price and says so. Called once, outside Prefect's tasks: a run that is cancelled has none.
    """
    if not runtime.state.is_started:
        # Stopped while it waited for its past: there is nothing yet to leave or to hold.
        runtime.ledger.release()
        return False
    closes = runtime.on_shutdown == "flatten"
    if closes:
        runtime.desk.record(Command("leave", "shutdown"))
        runtime.desk.execute()
        close_session(runtime)
    else:
        runtime.desk.project()
        note_late_trades(runtime)
    notify(runtime)
    if closes:
        notify_summary(runtime)
    if runtime.pace.is_real_time:
        try:
            sync(runtime)
        except OpenbellError as error:
            runtime.notifier.send("SYSTEM_WARNING", f"no copy was kept at shutdown: {error}")
    runtime.ledger.release()
    return closes
