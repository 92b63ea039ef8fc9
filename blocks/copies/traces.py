"""What a ledger that is gone has left: its account is not begun anew as if there had been none."""

from __future__ import annotations

from pathlib import Path

from blocks.copies.record import FILE_NAME as COPY_RECORD
from blocks.copies.store import EXCHANGE_FILE, LEDGER_FILE
from blocks.stores.beginning import is_begun
from trading.errors import BadInput


def traces(account_folder: Path) -> list[str]:
    """Return the names of files that lie there only since a ledger lay beside them."""
    found = [path.name for path in account_folder.glob(f"{LEDGER_FILE}.before-*")]
    if is_begun(account_folder / EXCHANGE_FILE):
        found.append(EXCHANGE_FILE)
    if (account_folder / COPY_RECORD).exists():
        found.append(COPY_RECORD)
    return sorted(found)


def refuse_second_beginning(account_folder: Path) -> None:
    """Raise BadInput where the ledger is gone, and what it left says that there was one."""
    left = traces(account_folder)
    if left and not is_begun(account_folder / LEDGER_FILE):
        data_dir, account = account_folder.parent, account_folder.name
        raise BadInput(
            f"the ledger of account {account!r} is gone: {account_folder} still has"
            f" {', '.join(left)}, and there is no copy",
            f"Put {LEDGER_FILE} back, or name the place of its copies with CLOUD_CONTAINER and:"
            f" openbell restore --data-dir {data_dir} --account {account}."
            f" To begin anew, move {account_folder} away",
        )
