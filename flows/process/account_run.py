"""How a run begins that is about one account: its settings are read, and it is called by whose."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from blocks.account.status import live_account
from blocks.settings.app_settings import AppSettings
from flows.process.name_run import name_run
from flows.process.run_names import timed_name
from flows.process.settings import begin_process

NO_ACCOUNT = "there is no account yet"


class AccountRun(NamedTuple):
    """What such a run works with; `began` is aware UTC."""

    configured: AppSettings
    folder: Path
    account: str
    began: datetime


async def begin_account_run(word: str, data_dir: str, account: str | None) -> AccountRun | None:
    """Return what a run works with, None while the folder has no account.

    Without a name the account is meant that trades.
    """
    configured = begin_process(data_dir)
    folder = Path(data_dir)
    name = account or live_account(folder)
    if name is None:
        return None
    began = datetime.now(UTC)
    await name_run(timed_name(f"{word} {name}", began))
    return AccountRun(configured, folder, name, began)
