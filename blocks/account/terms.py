"""What of an account never changes, compared with the settings before a session begins."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from blocks.account.names import PAPER, account_name, is_there
from blocks.ledger.ledger import DuckDBLedger
from trading.errors import BadInput, StoreUnavailable
from trading.plan_record import refuse_another_market


def complaints_of_accounts(
    data_dir: Path, exchange: str, provider: str | None, broker: str = "", *, is_scheduled: bool
) -> Iterator[BadInput]:
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
        try:
            account = broker or (
                account_name(data_dir, is_replay=False, has_simulated_bars=True)
                if is_simulated
                else PAPER
            )
            refuse_other_terms(data_dir, account, exchange, has_simulated_bars=is_simulated)
        except StoreUnavailable:
            continue
        except BadInput as error:
            yield error


def refuse_other_terms(
    data_dir: Path, account: str, exchange: str, *, has_simulated_bars: bool
) -> None:
    """Raise BadInput where an account that is there has another exchange or other bars."""
    if not is_there(data_dir, account):
        return
    known = DuckDBLedger(data_dir, account).newest_plan()
    if known:
        refuse_another_market(known, exchange, account, has_simulated_bars=has_simulated_bars)
