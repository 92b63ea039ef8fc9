"""sync: every hour a verified copy of the account goes where copies are kept."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Completed

from blocks.account.status import live_account
from blocks.copies.record import note_failure
from flows.process.name_run import name_run
from flows.process.outcome import failed, skipped
from flows.process.run_names import timed_name
from flows.process.settings import begin_process
from flows.session.parts import saved_parts
from tasks.prefect_tasks import sync_account
from tasks.session.quiet_time import until_quiet
from trading.errors import OpenbellError


@flow(name="sync", persist_result=False)
async def sync(
    data_dir: str = "data",
    account: str | None = None,
) -> State[None]:
    """Store a copy of an account, between two bars where a session is being traded.

    Args:
        data_dir: The folder of the accounts
        account: Whose copy; empty is the account that trades, paper, else simulated
    """
    configured = begin_process(data_dir)
    name = account or live_account(Path(data_dir))
    if name is None:
        return skipped("there is no account yet")
    await name_run(timed_name(f"sync {name}", datetime.now(UTC)))
    try:
        wait = until_quiet(
            configured.trading.exchange,
            configured.data.bar_interval,
            configured.data.settle_seconds,
            datetime.now(UTC),
        )
        await asyncio.sleep(wait.total_seconds())
        parts = await saved_parts(data_dir, None, configured)
        storage = parts.storage()
    except OpenbellError as error:
        # As much a copy that was not made as one that broke off.
        note_failure(Path(data_dir), name, datetime.now(UTC), error)
        return failed(error)
    try:
        done = sync_account(Path(data_dir), name, storage)
    except OpenbellError as error:
        return failed(error)
    return Completed(message=done)
