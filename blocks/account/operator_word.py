"""The operator's word: halt, flatten or resume, left in a ledger for the session that trades."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from blocks.account.status import live_account
from blocks.ledger.lease import is_held
from blocks.ledger.ledger import DuckDBLedger
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
    name = account or live_account(data_dir)
    known = sorted(path.parent.name for path in data_dir.glob("*/ledger.duckdb"))
    if name is None or name not in known:
        raise BadInput(
            f"account {name!r} is not in {data_dir}" if name else f"no account is in {data_dir}",
            f"Name one of: {', '.join(known)}" if known else "It is there once a session has begun",
        )
    is_new = DuckDBLedger(data_dir, name).add_command(command, reason, now, origin)
    said = f"{command} is {'' if is_new else 'already '}left for account {name}"
    if is_held(data_dir / name):
        said += "; the session that trades takes it up within seconds"
    else:
        said += "; nobody trades it now, and its next session takes it up first"
    return LeftWord(name, said)
