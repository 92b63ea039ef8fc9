"""What a ledger that is gone has left: its account is not begun anew as if there had been none."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from blocks.account_commands import account_command
from blocks.account_files import (
    EXCHANGE_FILE,
    HEALTH_FILE,
    LEDGER_FILE,
    LOCAL_COPIES,
    RECORD_FILE,
)
from blocks.copies.manifest import incomplete_versions, is_incomplete
from blocks.ledger.ledger import REPLAYED
from blocks.stores.beginning import is_begun
from trading.errors import BadInput
from trading.session.ports import Storage


def traces(account_folder: Path) -> list[str]:
    """Return the names of files that lie there only since a ledger lay beside them."""
    found = [path.name for path in account_folder.glob(f"{LEDGER_FILE}.before-*")]
    if is_begun(account_folder / EXCHANGE_FILE):
        found.append(EXCHANGE_FILE)
    found += [name for name in (RECORD_FILE, HEALTH_FILE) if (account_folder / name).exists()]
    return sorted(found)


def gone_ledger(account_folder: Path) -> BadInput | None:
    """Return what is to be said of a ledger that was there once, None of any other.

    An account that follows no clock is begun anew whenever somebody likes.
    """
    data_dir, account = account_folder.parent, account_folder.name
    if account.startswith(REPLAYED) or is_begun(account_folder / LEDGER_FILE):
        return None
    restore = _restore(account_folder)
    copies = data_dir / LOCAL_COPIES / account
    names = sorted(path.stem for path in copies.glob("*.json"))
    if not all(map(is_incomplete, names)):
        return BadInput(
            f"the ledger of account {account!r} is gone from {account_folder}, and copies of it"
            f" are in {copies}",
            f"Its next session brings it back, as does: {restore}",
        )
    if names:
        return _only_incomplete(account_folder, str(copies), names)
    left = traces(account_folder)
    if not left:
        return None
    return BadInput(
        f"the ledger of account {account!r} is gone: {account_folder} still has"
        f" {', '.join(left)}, and there is no copy",
        f"Put {LEDGER_FILE} back, or name the place of its copies with CLOUD_CONTAINER and:"
        f" {restore}. To begin anew, move {account_folder} away",
    )


def _only_incomplete(account_folder: Path, place: str, names: Sequence[str]) -> BadInput:
    """Return what is to be said where all copies of a ledger that is gone had lost rows.

    Nobody brings one back who is not told to: what it lacks may be what is held.
    """
    account = account_folder.name
    return BadInput(
        f"the ledger of account {account!r} is gone from {account_folder}, and all its copies in"
        f" {place} had lost rows",
        f"Bring the newest back with: {_restore(account_folder)} --version {max(names)}. To begin"
        " anew, move them away",
    )


def refuse_second_beginning(account_folder: Path, storage: Storage) -> None:
    """Raise BadInput where the ledger is gone, and what it left says that there was one."""
    error = gone_ledger(account_folder)
    if error is not None:
        raise error
    incomplete = incomplete_versions(storage, account_folder.name)
    if incomplete and not account_folder.name.startswith(REPLAYED):
        raise _only_incomplete(account_folder, str(storage), incomplete)


def _restore(account_folder: Path) -> str:
    return account_command("restore", account_folder.parent, account_folder.name)
