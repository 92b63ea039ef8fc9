"""Where an account's copies go, and what a run does at its start when it cannot be asked."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from blocks.copies.restore import restore_if_newer
from blocks.storage.local import LocalStorage
from trading.errors import BadInput, StoreUnavailable
from trading.session.ports import Notifier, Storage

if TYPE_CHECKING:
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
        return StandIn(request.data_dir / "copies")


class StandIn(LocalStorage):
    """The folder of copies while their own place is not known; nothing is restored from it."""


def bring_back(request: SessionRequest, storage: Storage, notifier: Notifier) -> None:
    """Restore the account when its copies know more than this machine does.

    When the copies do not answer or refuse the key, a ledger that is here is traded on; without
    one the run is refused, because it could begin anew beside positions that only a copy knows of.
    """
    if not request.parts.copies_leave or isinstance(storage, StandIn):
        return
    try:
        report = restore_if_newer(storage, request.data_dir, request.account, datetime.now(UTC))
    except (StoreUnavailable, BadInput) as error:
        if not has_ledger(request):
            raise
        text = f"copies cannot be asked, the local ledger is used: {error}"
        notifier.send("SYSTEM_WARNING", text)
        return
    if report.is_restored:
        notifier.send("SYSTEM_WARNING", f"the account was restored from copy {report.version}")


def has_ledger(request: SessionRequest) -> bool:
    """Return whether the account has a ledger on this machine."""
    return (request.data_dir / request.account / "ledger.duckdb").exists()
