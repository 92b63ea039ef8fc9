"""The operator's word: halt, flatten or resume, left in a ledger for the session that trades."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path
from typing import NamedTuple, cast

from blocks.ledger.lease import is_held
from blocks.process.apart import NoAnswer, answer_of, tell
from trading.errors import BadInput

COMMANDS = ("halt", "flatten", "resume")


class LeftWord(NamedTuple):
    """Whose ledger a command is in, and a line that says what happened."""

    account: str
    said: str


def leave_word(
    data_dir: Path,
    account: str | None,
    command: str,
    reason: str,
    now: datetime,
    origin: str = "",
) -> LeftWord:
    """Write a command to an account's ledger; return whose, and what happened.

    Without a name the account is meant that status and health speak of. `origin` names who asks,
    and is answered only once: asked again after a crash, nothing is doubled. Raises BadInput where
    there is no such account, and never makes one; StoreUnavailable when its ledger stays locked.
    """
    # Imported here: who has a process of its own leave it does without DuckDB.
    from blocks.account.absence import refuse_absent
    from blocks.account.status import live_account
    from blocks.ledger.ledger import DuckDBLedger

    name = account or live_account(data_dir)
    if name is None:
        raise BadInput(f"no account is in {data_dir}", "It is there once a session has begun")
    refuse_absent(data_dir, name)
    is_new = DuckDBLedger(data_dir, name).add_command(command, reason, now, origin)
    said = f"{command} is {'' if is_new else 'already '}left for account {name}"
    if is_held(data_dir / name):
        said += ". The session that trades takes it up within seconds"
    else:
        said += ". Nobody trades it now: its next session takes it up first"
    return LeftWord(name, said)


def leave_word_apart(
    data_dir: Path, account: str | None, command: str, reason: str, now: datetime, origin: str
) -> LeftWord:
    """Do what `leave_word` does, in a process of its own where DuckDB is not here.

    Where that one died, it is done here: the origin sees to it that nothing is doubled.
    """
    if "duckdb" in sys.modules:
        return leave_word(data_dir, account, command, reason, now, origin)
    words = (str(data_dir), account or "", command, reason, now.isoformat(), origin)
    try:
        return LeftWord(*cast("tuple[str, str]", answer_of(__name__, *words)))
    except NoAnswer:
        return leave_word(data_dir, account, command, reason, now, origin)


def _leave(
    data_dir: str, account: str, command: str, reason: str, now: str, origin: str
) -> LeftWord:
    moment = datetime.fromisoformat(now)
    return leave_word(Path(data_dir), account or None, command, reason, moment, origin)


if __name__ == "__main__":
    tell(_leave)
