"""Drill: bring a copy back for trial, and write down what was found."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from blocks.account_commands import account_command
from blocks.account_files import LEDGER_FILE
from blocks.copies.drill import Drill, drill
from blocks.copies.drill_record import DrillRecord, write_drill_record
from blocks.ledger.ledger import DuckDBLedger
from trading.errors import OpenbellError
from trading.session.messages.message import Kind, system_message
from trading.session.ports import Storage


def drill_account(data_dir: Path, account: str, storage: Storage) -> Drill:
    """Bring an account's newest copy back for trial; people are told when it is bad.

    Raises as `restore`, and StoreUnavailable when it cannot be written down.
    """
    now = datetime.now(UTC)
    try:
        found = drill(storage, data_dir, account, now)
    except OpenbellError as error:
        note_bad_drill(data_dir, account, now, f"no copy came back: {error}")
        raise
    if not found.is_good:
        note_bad_drill(data_dir, account, now, str(found))
    else:
        write_drill_record(data_dir, account, DrillRecord(now, True, str(found)))
    return found


def note_bad_drill(data_dir: Path, account: str, now: datetime, text: str) -> None:
    """Write a drill down that found no good copy, and put an error into the outbox."""
    write_drill_record(data_dir, account, DrillRecord(now, False, text))
    if not (data_dir / account / LEDGER_FILE).exists():
        return
    session = now.date().isoformat()
    fields: dict[str, object] = {
        "title": "The restore drill found no good copy",
        "component": "copies",
        "action_required": "Look at the copies: "
        + account_command("restore --list", data_dir, account),
    }
    message = system_message(Kind.SYSTEM_ERROR, text, session, account, now, fields)
    ledger = DuckDBLedger(data_dir, account)
    ledger.add_messages(session, [message])
    ledger.release()
