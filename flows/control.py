"""control: the operator's halt, flatten and resume, clicked in Prefect's page.

While `up` runs, its supervisor does these runs itself, for a process of their own would take
longer to start than an operator may wait (deployments/runs/control_runs.py). A worker of their
pool runs the flows below, which do the same.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.runtime import flow_run
from prefect.states import Completed

from blocks.account.operator_word import leave_word
from flows.process.name_run import name_run
from flows.process.outcome import failed
from flows.process.run_names import control_name
from flows.process.settings import begin_process
from trading.errors import OpenbellError


@flow(name="control", persist_result=False)
async def halt(reason: str = "", account: str | None = None, data_dir: str = "data") -> State[None]:
    """Forbid entries until resume; what is held keeps its stops.

    Args:
        reason: Why; shown wherever the halt shows
        account: Whose session; empty means the account that trades live
        data_dir: The folder of the accounts
    """
    return await _leave("halt", reason, account, data_dir)


@flow(name="control", persist_result=False)
async def flatten(
    reason: str = "", account: str | None = None, data_dir: str = "data"
) -> State[None]:
    """Leave every position now, and forbid entries until resume.

    Args:
        reason: Why; shown wherever the halt shows
        account: Whose session; empty means the account that trades live
        data_dir: The folder of the accounts
    """
    return await _leave("flatten", reason, account, data_dir)


@flow(name="control", persist_result=False)
async def resume(
    reason: str = "", account: str | None = None, data_dir: str = "data"
) -> State[None]:
    """Allow entries again after halt or flatten.

    Args:
        reason: Why
        account: Whose session; empty means the account that trades live
        data_dir: The folder of the accounts
    """
    return await _leave("resume", reason, account, data_dir)


async def _leave(command: str, reason: str, account: str | None, data_dir: str) -> State[None]:
    begin_process(data_dir)
    # A retry is another click.
    origin = f"{flow_run.get_id()} {flow_run.get_run_count()}"
    try:
        left = leave_word(Path(data_dir), account, command, reason, datetime.now(UTC), origin)
    except OpenbellError as error:
        return failed(error)
    await name_run(control_name(command, left.account))
    return Completed(message=left.said)
