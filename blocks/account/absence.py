"""An account that has no ledger: it may begin one, had one that is gone, or is no account."""

from __future__ import annotations

from pathlib import Path

from blocks.account.names import MEANT, REPLAY, is_there, may_be_called
from blocks.account_files import LEDGERS
from blocks.copies.traces import gone_ledger
from trading.errors import BadInput
from trading.near_names import nearest_of


def is_gone(data_dir: Path, account: str) -> bool:
    """Return whether an account had a ledger here, and has none any more."""
    return gone_ledger(data_dir / account) is not None


def gone_accounts(data_dir: Path) -> list[str]:
    """Return the accounts that had a ledger here, and have none any more."""
    return [name for name in (*MEANT, REPLAY) if is_gone(data_dir, name)]


def may_begin(data_dir: Path, account: str) -> bool:
    """Return whether an account has no ledger because none of its sessions was traded yet."""
    is_open = may_be_called(account) and not is_there(data_dir, account)
    return is_open and not is_gone(data_dir, account)


def refuse_absent(data_dir: Path, account: str) -> None:
    """Raise BadInput where an account has no ledger: it is gone, or none was ever there."""
    error = gone_ledger(data_dir / account)
    if error is not None:
        raise error
    if is_there(data_dir, account):
        return
    known = sorted(path.parent.name for path in data_dir.glob(LEDGERS))
    near = nearest_of(account, known)
    meant = f"Did you mean --account {near}?" if near else ""
    if known:
        hint = meant or f"Name one of: {', '.join(known)}"
    elif may_be_called(account):
        hint = "It is there once a session has begun"
    else:
        hint = "No account is there yet. Leave out --account, or name another --data-dir"
    raise BadInput(f"account {account!r} is not in {data_dir}", hint)
