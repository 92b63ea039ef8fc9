"""Close: end the session at the exchange and in the ledger."""

from __future__ import annotations

from blocks.account.late_entries import late_entries
from tasks.session.broker_watch import look_at_broker
from tasks.session.runtime import SessionRuntime
from tasks.session.telemetry import note_late_trades
from trading.errors import BadInput


def close_session(runtime: SessionRuntime) -> float:
    """Take the venue's last answers, write the last equity point; return it, USD.

    A position that is still open is an alert: at a real exchange nobody books it away.
    """
    runtime.desk.close_session()
    runtime.desk.project()
    note_late_trades(runtime)
    look_at_broker(runtime)
    _tell_what_was_late(runtime)
    for symbol, s in runtime.state.index.items():
        held = int(runtime.state.book.quantity[s])
        if held:
            runtime.notifier.send(
                "SYSTEM_ERROR", f"{symbol}: {held} shares are open after the session's end"
            )
    return runtime.state.equity()


def _tell_what_was_late(runtime: SessionRuntime) -> None:
    """Tell why so little was entered where decisions or entries came too late for their bars."""
    late = late_entries(runtime.ledger.query)
    if late is not None and late.session == runtime.name and late.words:
        slower = "Replay it with a smaller --speed" if runtime.pace.is_replay else ""
        runtime.notifier.send(
            "SYSTEM_WARNING",
            late.words,
            action_required=slower or "See in the log what it waited for: bars, broker, machine",
        )


def differences_at_the_close(runtime: SessionRuntime) -> BadInput | None:
    """Return what a person has to mend of a session that was closed, None where all agrees."""
    if not runtime.state.is_closed or not runtime.desk.not_entered:
        return None
    differ = "; ".join(f"{symbol}: {why}" for symbol, why in runtime.desk.not_entered.items())
    return BadInput(
        f"session {runtime.name} is closed, and ledger and exchange differ: {differ}",
        "Compare them by hand; ledger and exchange of one moment are brought back together by:"
        f" openbell restore --account {runtime.ledger.account}",
    )
