"""Where an account's copies go, and what a run does at its start when it cannot be asked."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from blocks.account_files import LEDGER_FILE, LOCAL_COPIES
from blocks.copies.manifest import newest_manifest, versions
from blocks.copies.restore import restore_if_newer
from blocks.copies.traces import refuse_second_beginning
from blocks.ledger.ledger import DuckDBLedger
from blocks.storage.local import LocalStorage
from blocks.stores.beginning import is_begun
from trading.errors import BadInput, StoreInUse, StoreUnavailable
from trading.session.messages.message import system_message
from trading.session.ports import Notifier, Storage

if TYPE_CHECKING:
    from pathlib import Path

    from flows.session.request import SessionRequest


def storage_of(request: SessionRequest, notifier: Notifier) -> Storage:
    """Return where copies go; wrong settings of theirs do not stop an account that has a ledger.

    Copies are made on this machine then, and that is said.
    """
    try:
        return request.parts.storage()
    except BadInput as error:
        if not has_ledger(request):
            raise
        notifier.send("SYSTEM_WARNING", f"copies stay on this machine: {error}")
        return StandIn(request.data_dir / LOCAL_COPIES)


class StandIn(LocalStorage):
    """The folder of copies while their own place is not known; nothing is restored from it."""


def bring_back(request: SessionRequest, storage: Storage, notifier: Notifier) -> None:
    """Restore the account when its copies know more than this machine does.

    When the copies do not answer or refuse the key, a ledger that is here is traded on; without
    one the run is refused, because it could begin anew beside positions that only a copy knows of.
    So it is where no copy is left either of a ledger that was here, and while another process
    keeps the ledger from being compared with them.
    """
    is_here = has_ledger(request)
    if isinstance(storage, StandIn) or (is_here and not request.parts.copies_leave):
        return
    if not is_here:
        storage = _with_copies(request.data_dir, request.account, storage)
    try:
        text = bring_newer_back(request.data_dir, request.account, storage)
    except (StoreUnavailable, BadInput) as error:
        if not is_here or isinstance(error, StoreInUse):
            # Whether the copies know more than a ledger that nobody can read is not known either.
            raise
        text = f"copies cannot be asked, the local ledger is used: {error}"
        notifier.send("SYSTEM_WARNING", text)
        return
    if text:
        notifier.send("SYSTEM_WARNING", text)
    elif not is_here:
        refuse_second_beginning(request.data_dir / request.account, storage)


def bring_gone_account_back(data_dir: Path, account: str, storage: Storage) -> str:
    """Restore an account that has no ledger here; return what people are told of it.

    An empty text where it has one, or where there is no copy. Raises as `bring_newer_back`.
    """
    if is_begun(data_dir / account / LEDGER_FILE):
        return ""
    return bring_newer_back(data_dir, account, _with_copies(data_dir, account, storage))


def bring_newer_back(data_dir: Path, account: str, storage: Storage) -> str:
    """Restore an account whose copies know more; return what people are told of it, else nothing.

    Raises LeaseLost, StoreUnavailable and BadInput as `restore` does.
    """
    report = restore_if_newer(storage, data_dir, account, datetime.now(UTC))
    if not report.is_restored:
        return ""
    text = (
        f"the account was restored from copy {report.version} in {storage}, journal row"
        f" {report.journal_seq}: what came after it is not in the ledger"
    )
    _tell_everybody(data_dir, account, text)
    return text


def _tell_everybody(data_dir: Path, account: str, text: str) -> None:
    """Put a warning into the outbox of the ledger that has come back: the log is read by few."""
    now = datetime.now(UTC)
    session = now.date().isoformat()
    warning = system_message("SYSTEM_WARNING", text, session, account, now, {"component": "copies"})
    ledger = DuckDBLedger(data_dir, account)
    ledger.add_messages(session, [warning])
    ledger.release()


def _with_copies(data_dir: Path, account: str, storage: Storage) -> Storage:
    """Return the folder of this machine's copies where the place of today has none of use."""
    here = LocalStorage(data_dir / LOCAL_COPIES)
    is_to_be_used = newest_manifest(storage, account) is None and versions(here, account)
    return here if is_to_be_used else storage


def has_ledger(request: SessionRequest) -> bool:
    """Return whether the account has a ledger on this machine."""
    return is_begun(request.data_dir / request.account / LEDGER_FILE)
