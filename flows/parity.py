"""parity: after each session it is replayed, and its journal must come again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

from prefect import flow
from prefect.artifacts import acreate_table_artifact
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed
from pydantic import Field

from blocks.account.names import account_words
from blocks.account.status import live_account, real_time_accounts
from blocks.ledger.ledger import DuckDBLedger
from blocks.ledger.parity.tables import ParityRow
from blocks.process.clocks import SystemClock
from flows.pages.artifact_keys import artifact_key
from flows.pages.goodwill import prefect_permitting
from flows.pages.parity_page import session_cells, verdict_text
from flows.process.account_run import NO_ACCOUNT
from flows.process.name_run import name_run
from flows.process.outcome import failed, skipped
from flows.process.run_names import timed_name
from flows.process.settings import begin_process
from tasks.parity.check import ParityRequest
from tasks.parity.prefect_task import check_parity
from tasks.parity.providers import final_providers
from trading.errors import OpenbellError

LAST = 20


@flow(name="parity", persist_result=False)
async def parity(
    data_dir: str = "data",
    account: str | None = None,
    session: str | None = None,
    last: Annotated[int, Field(ge=1)] = LAST,
) -> State[None]:
    """Replay the sessions that were closed since, compare them with their journals, price fills.

    Args:
        data_dir: The folder of the accounts
        account: Whose sessions; empty is every account that follows the clock
        session: Date of one session, such as 2025-06-10, replayed again; empty goes by last
        last: So many of the newest sessions are looked at
    """
    configured = begin_process(data_dir)
    folder, clock = Path(data_dir), SystemClock()
    names = [account] if account else real_time_accounts(folder)
    if not names:
        # Who only replays has one that is meant.
        names = [name for name in (live_account(folder),) if name is not None]
    if not names:
        return skipped(NO_ACCOUNT)
    await name_run(timed_name(f"parity {', '.join(names)}", datetime.now(UTC)))
    providers = final_providers(folder, configured.data.access(), clock)
    told, has_agreed = [], True
    for name in names:
        try:
            rows = check_parity(ParityRequest(folder, name, session, last), clock, providers)
        except OpenbellError as error:
            return failed(error)
        if not rows:
            continue
        await _show(folder, name, rows)
        told.append(f"{name}: {verdict_text(rows)}")
        has_agreed = has_agreed and all(row.verdict != "differs" for row in rows)
    if not told:
        return skipped("no session is closed yet")
    message = ". ".join(told)
    return Completed(message=message) if has_agreed else Failed(message=message)


async def _show(data_dir: Path, account: str, rows: Sequence[ParityRow]) -> None:
    is_simulated = DuckDBLedger(data_dir, account).has_simulated_bars()
    whose = account_words(account, has_simulated_bars=is_simulated)
    async with prefect_permitting("parity"):
        await acreate_table_artifact(
            [session_cells(row) for row in rows],
            key=artifact_key(account, "parity"),
            description=f"Account {whose}: {verdict_text(rows)}",
        )
