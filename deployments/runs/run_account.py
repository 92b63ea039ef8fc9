"""Which account of a data folder a session's run trades, by its parameters."""

from __future__ import annotations

from pathlib import Path

from blocks.account.names import MOCK, account_name
from deployments.server.flow_run import FlowRun
from trading.errors import OpenbellError


def account_of(run: FlowRun, data_dir: Path, broker: str = "") -> str | None:
    """Return the account, None where it is in another folder or cannot be told.

    `broker` is what the account at the broker of the settings is called, empty without one.
    """
    given = run.parameters
    if given.get("data_dir") not in (None, "", str(data_dir)):
        return None
    try:
        return account_name(
            data_dir,
            is_replay=False,
            has_simulated_bars=given.get("market", "simulated") == "simulated"
            and not given.get("bars"),
            is_dry_run=bool(given.get("dry_run")),
            broker="" if given.get("broker") == MOCK else broker,
            is_shadow=bool(given.get("shadow")),
        )
    except OpenbellError:
        # One that cannot be read is said by who looks at the accounts.
        return None
