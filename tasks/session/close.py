"""Close: end the session at the exchange and in the ledger."""

from __future__ import annotations

from blocks.account.entries_missed import entries_missed
from blocks.account_commands import account_command
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
    _tell_what_was_missed(runtime)
    tell_what_is_held(runtime)
    return runtime.state.equity()


def tell_what_is_held(runtime: SessionRuntime) -> None:
    """Tell of each position that is open after a session's end."""
    for symbol, quantity in _held(runtime).items():
        runtime.notifier.send(
            "SYSTEM_ERROR", f"{symbol}: {quantity} shares are open after the session's end"
        )


def _tell_what_was_missed(runtime: SessionRuntime) -> None:
    """Tell why so little was entered: late bars, and entries that came to nothing."""
    missed = entries_missed(runtime.ledger.query)
    if missed is None or missed.session != runtime.name or not missed.words:
        return
    if missed.late_bars:
        slower = "Replay it with a smaller --speed" if runtime.pace.is_replay else ""
        waited = "Begin before the open. Where it did, its log says what it waited for"
        hint = slower or f"{waited}: bars, broker, machine"
    else:
        hint = "Their reasons are the broker's: see openbell docs broker"
    runtime.notifier.send("SYSTEM_WARNING", missed.words, action_required=hint)


def differences_at_the_close(runtime: SessionRuntime) -> BadInput | None:
    """Return what a person has to mend of a session that was closed, None where all agrees."""
    if not runtime.state.is_closed or not runtime.desk.not_entered:
        return None
    ledger = runtime.ledger
    differ = "; ".join(f"{symbol}: {why}" for symbol, why in runtime.desk.not_entered.items())
    # A copy holds the simulated exchange too. What a broker holds nobody brings back.
    hint = (
        "Compare them with the broker's page, and trade back there what was traded beside the"
        " session: its symbol is entered again by a session that finds both equal"
        if runtime.is_at_broker
        else "Compare them by hand; ledger and exchange of one moment are brought back together by:"
        f" {account_command('restore', ledger.data_dir, ledger.account)}"
    )
    return BadInput(
        f"session {runtime.name} is closed, and ledger and exchange differ: {differ}", hint
    )


def held_at_the_close(runtime: SessionRuntime) -> BadInput | None:
    """Return what a session that was closed holds, and what to do; None where that is nothing."""
    held = ", ".join(f"{symbol} {quantity:+d}" for symbol, quantity in _held(runtime).items())
    if not runtime.state.is_closed or not held:
        return None
    return BadInput(
        f"session {runtime.name} was closed while it held {held}",
        "Overnight nothing may protect them: leave them by hand, or let this account's next"
        " session leave them",
    )


def _held(runtime: SessionRuntime) -> dict[str, int]:
    """Return the signed shares that the ledger holds, by symbol."""
    quantities = {s: int(runtime.state.book.quantity[i]) for s, i in runtime.state.index.items()}
    return {symbol: quantity for symbol, quantity in quantities.items() if quantity}
