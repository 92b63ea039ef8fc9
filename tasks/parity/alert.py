"""What people are told of a session whose journal does not follow from its bars."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from blocks.account_commands import account_command
from blocks.ledger.ledger import DuckDBLedger
from blocks.ledger.parity.tables import ParityRow
from trading.market.calendar import from_microseconds
from trading.parity.findings import Difference, SessionParity
from trading.session.messages.message import Kind, SystemMessage, system_message


def alert_of(
    ledger: DuckDBLedger, found: SessionParity, row: ParityRow, now: datetime
) -> SystemMessage:
    """Return the error that names the first difference; a session's is told once."""
    look = account_command(f"parity --session {found.session}", ledger.data_dir, ledger.account)
    first = found.differences[0]
    message = system_message(
        Kind.SYSTEM_ERROR,
        f"session {found.session} does not replay: of {row.decisions} decisions and {row.intents}"
        f" intents {row.differences} differ, first {difference_text(first)}",
        found.session,
        ledger.account,
        now,
        {
            "title": "The journal does not follow from its bars",
            "component": "parity",
            "action_required": f"Halt the account, and look at all of them: {look}",
        },
    )
    return replace(message, id=f"{found.session}-parity")


def difference_text(each: Difference) -> str:
    """Return a difference in one line."""
    when = f" {from_microseconds(each.us):%H:%M} UTC" if each.us else ""
    symbol = f" {each.symbol}" if each.symbol else ""
    return f"{each.kind}{symbol}{when}: the journal says {each.kept}, the replay {each.replayed}"
