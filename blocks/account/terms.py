"""What of an account never changes, compared with the settings before a session begins."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from blocks.account.names import PAPER, account_name, is_there
from blocks.ledger.ledger import DuckDBLedger
from trading.errors import BadInput, StoreUnavailable
from trading.plan_record import refuse_another_market
from trading.session.messages.message import Kind, system_message

NEXT_IS_REFUSED = "its next session is refused, and one that is open is traded to its end"


class Complaint(NamedTuple):
    """An account of a folder, and why it refuses the settings."""

    account: str
    error: BadInput

    def __str__(self) -> str:
        """Return it as one line."""
        return str(self.error)

    @property
    def told(self) -> BadInput:
        """Return it with what comes of it while everything else runs."""
        return BadInput(f"{self.error.what}: {NEXT_IS_REFUSED}", self.error.hint)


def complaints_of_accounts(
    data_dir: Path, exchange: str, provider: str | None, broker: str = "", *, is_scheduled: bool
) -> Iterator[Complaint]:
    """Yield why accounts of this folder would refuse a session of the settings.

    `provider` is PRIMARY_PROVIDER, None where nothing is named; `broker` is what the account at a
    broker is called, empty without one. `is_scheduled` asks for the
    deployments alone, whose bars are real where nothing is named; a ledger that cannot be read is
    passed over, for its session says so.
    """
    kinds = [False] if is_scheduled and provider is None else [False, True]
    if provider is not None:
        kinds = [provider == "simulated"]
    if broker:
        kinds = [False]
    for is_simulated in kinds:
        account = broker or PAPER
        try:
            if is_simulated and not broker:
                account = account_name(data_dir, is_replay=False, has_simulated_bars=True)
            refuse_other_terms(data_dir, account, exchange, has_simulated_bars=is_simulated)
        except StoreUnavailable:
            continue
        except BadInput as error:
            yield Complaint(account, error)


def alert(data_dir: Path, complaint: Complaint, now: datetime) -> None:
    """Put a complaint among the account's messages, for who reads no terminal.

    Raises StoreUnavailable.
    """
    account, day = complaint.account, now.date().isoformat()
    error = complaint.told
    fields: dict[str, object] = {
        "title": "The settings are refused",
        "component": "settings",
        "action_required": error.hint,
    }
    message = system_message(Kind.SYSTEM_ERROR, error.what, day, account, now, fields)
    ledger = DuckDBLedger(data_dir, account)
    ledger.add_messages(day, [message])
    ledger.release()


def refuse_other_terms(
    data_dir: Path, account: str, exchange: str, *, has_simulated_bars: bool
) -> None:
    """Raise BadInput where an account that is there has another exchange or other bars."""
    if not is_there(data_dir, account):
        return
    known = DuckDBLedger(data_dir, account).newest_plan()
    if known:
        refuse_another_market(known, exchange, account, has_simulated_bars=has_simulated_bars)
