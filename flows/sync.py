"""sync: every hour a verified copy of the account goes where copies are kept."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Completed

from blocks.copies.record import note_failure
from flows.process.account_run import NO_ACCOUNT, begin_account_run
from flows.process.outcome import failed, skipped
from flows.session.account.saved_parts import saved_parts
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
    run = await begin_account_run("sync", data_dir, account)
    if run is None:
        return skipped(NO_ACCOUNT)
    configured, folder, name, _ = run
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
        note_failure(folder, name, datetime.now(UTC), error)
        return failed(error)
    try:
        done = sync_account(folder, name, storage)
    except OpenbellError as error:
        return failed(error)
    return Completed(message=done)
