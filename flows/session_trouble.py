"""session-trouble: people are told of a session that crashed, failed or is late."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from prefect import flow, get_run_logger
from prefect.artifacts import acreate_markdown_artifact
from prefect.client.schemas.objects import State
from prefect.states import Completed

from blocks.account.absence import is_gone
from blocks.account.names import is_there
from blocks.account.status import live_account
from blocks.ledger.ledger import DuckDBLedger
from blocks.process.secret_mask import MASK
from flows.pages.artifact_keys import artifact_key
from flows.pages.goodwill import prefect_permitting
from flows.process.name_run import name_run
from flows.process.outcome import failed
from flows.process.settings import begin_process
from trading.errors import OpenbellError
from trading.session.messages.message import Kind, system_message

# What to do about each; `up` does the rest.
HINTS = {
    "crashed": "up starts it again where its journal ends; open positions keep their stops",
    "failed": "Read the run's message; up starts it again unless it says Bad input",
    "is late": "See that openbell up runs, and its worker.log in the data folder",
}


@flow(name="session-trouble", persist_result=False)
async def session_trouble(
    what: str = "failed", run: str = "", why: str = "", data_dir: str = "data"
) -> State[None]:
    """Tell of a session that is in trouble: an artifact, and a message of the account.

    Args:
        what: crashed, failed or is late
        run: The name of the session's run
        why: What the run's state says
        data_dir: The folder of the accounts
    """
    begin_process(data_dir)
    said = MASK.text(f"session {run or 'of today'} {what}{f': {why}' if why else ''}")
    hint = HINTS.get(what, "Look at the run in Prefect's page")
    await name_run(f"{run} {what}".strip())
    get_run_logger().error("%s. %s", said, hint)
    folder = Path(data_dir)
    # A session's run ends with its account's name, once `up` or the run itself has named it.
    named = run.rpartition(" ")[2]
    is_known = bool(named) and (is_there(folder, named) or is_gone(folder, named))
    account = named if is_known else live_account(folder)
    async with prefect_permitting("trouble of a session"):
        await acreate_markdown_artifact(
            f"# {said}\n\n{hint}",
            key=artifact_key(account or "", "session-trouble"),
            description=f"Account {account or 'none yet'}: {said}",
        )
    if account is None or not is_there(folder, account):
        # Nothing sends what stands in no ledger, and a lost one is not to look like a new one.
        return Completed(message=said)
    now = datetime.now(UTC)
    fields: dict[str, object] = {"title": f"The session {what}", "action_required": hint}
    day = now.date().isoformat()
    message = system_message(Kind.SYSTEM_ERROR, said, day, account, now, fields)
    try:
        DuckDBLedger(folder, account).add_messages(day, [message])
    except OpenbellError as error:
        return failed(error)
    return Completed(message=said)
