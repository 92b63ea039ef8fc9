"""health: how an account is, every five minutes; prune: old telemetry, once a day."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from prefect import flow, get_run_logger
from prefect.artifacts import acreate_table_artifact
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed

from blocks.account_files import TELEMETRY_FILE
from blocks.bars.panel_cache import forget_unused, kept_bars_folder
from blocks.health.checks import Level
from blocks.health.health import check_health_as_set, write_heartbeat
from blocks.telemetry.file import telemetry_file
from blocks.telemetry.log_lines import LogStore
from blocks.telemetry.metrics import MetricsStore
from flows.pages.artifact_keys import artifact_key
from flows.pages.goodwill import prefect_permitting
from flows.process.account_run import NO_ACCOUNT, begin_account_run
from flows.process.name_run import name_run
from flows.process.outcome import failed, skipped
from flows.process.run_names import timed_name
from flows.process.settings import begin_process
from trading.errors import OpenbellError


@flow(name="health", persist_result=False)
async def health(
    data_dir: str = "data",
    account: str | None = None,
) -> State[None]:
    """Look at every component, show them, and leave a heartbeat.

    Args:
        data_dir: The folder of the accounts
        account: Whose health; empty is the account that trades, paper, else simulated
    """
    run = await begin_account_run("health", data_dir, account)
    if run is None:
        return skipped(NO_ACCOUNT)
    configured, folder, name, now = run
    report = check_health_as_set(folder, name, now, configured)
    try:
        write_heartbeat(folder, report)
    except OpenbellError as error:
        get_run_logger().warning("no heartbeat was left: %s", error)
    async with prefect_permitting("health"):
        await acreate_table_artifact(
            [
                {
                    "component": c.name,
                    "is": str(c.level),
                    "why": c.reason,
                    "since": f"{c.since:%Y-%m-%d %H:%M:%S} UTC" if c.since else "",
                    "what to do": c.hint,
                }
                for c in report.components
            ],
            key=artifact_key(name, "health"),
            description=f"Account {name} is {report.level}",
        )
    message = f"{str(report.level).title()}: {'; '.join(report.reasons) or 'all is well'}"
    # Prefect's page hides states of other names than its own.
    is_failed = report.level == Level.UNHEALTHY
    return Failed(message=message) if is_failed else Completed(message=message)


@flow(name="prune", persist_result=False)
async def prune(data_dir: str = "data") -> State[None]:
    """Remove old log lines and metrics of every account, and bars that nobody reads again.

    Args:
        data_dir: The folder of the accounts
    """
    configured = begin_process(data_dir)
    now = datetime.now(UTC)
    await name_run(timed_name("prune", now))
    logs = metrics = 0
    try:
        for path in sorted(Path(data_dir).glob(f"*/{TELEMETRY_FILE}")):
            file = telemetry_file(Path(data_dir), path.parent.name)
            days = configured.operations.log_retention_days
            logs += LogStore(file).cleanup_old_logs(now, days)
            metrics += MetricsStore(file).cleanup_old_metrics(now)
    except OpenbellError as error:
        return failed(error)
    folder = kept_bars_folder()
    if folder is not None:
        forget_unused(folder, configured.data.data_cache_ttl_seconds)
    return Completed(message=f"{logs} log lines and {metrics} metrics removed")
