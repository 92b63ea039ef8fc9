"""restore-drill: once a week the newest copy is brought back for trial, beside the account."""

from __future__ import annotations

from prefect import flow
from prefect.artifacts import acreate_table_artifact
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed

from flows.pages.artifact_keys import artifact_key
from flows.pages.goodwill import prefect_permitting
from flows.process.account_run import NO_ACCOUNT, begin_account_run
from flows.process.outcome import failed, skipped
from flows.session.account.saved_parts import saved_parts
from tasks.prefect_tasks import drill_account
from trading.errors import OpenbellError


@flow(name="restore-drill", persist_result=False)
async def restore_drill(
    data_dir: str = "data",
    account: str | None = None,
) -> State[None]:
    """Bring a copy back, fold it again, compare every table, and say what was found.

    Args:
        data_dir: The folder of the accounts
        account: Whose copy; empty is the account that trades, paper, else simulated
    """
    run = await begin_account_run("restore drill", data_dir, account)
    if run is None:
        return skipped(NO_ACCOUNT)
    configured, folder, name, _ = run
    try:
        parts = await saved_parts(data_dir, None, configured)
        found = drill_account(folder, name, parts.storage())
    except OpenbellError as error:
        return failed(error)
    async with prefect_permitting("the restore drill"):
        await acreate_table_artifact(
            [
                {
                    "table": check.table,
                    "compared with": check.compared_with,
                    "rows": check.rows,
                    "differ": check.differing,
                }
                for check in found.checks
            ],
            key=artifact_key(name, "restore-drill"),
            description=f"Account {name}, {found}",
        )
    return Completed(message=str(found)) if found.is_good else Failed(message=str(found))
