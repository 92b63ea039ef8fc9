"""The health of an account: its components, the worst of which says how it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from blocks.account.facts import WAIT_SECONDS, AccountFacts, read_facts, read_latest_metrics
from blocks.account.health_checks import (
    Component,
    Level,
    check_calendar,
    check_clock,
    check_data,
    check_disk,
    check_errors,
    check_exchange,
    check_halt,
    check_last_bar,
    check_lease,
    check_outbox,
)
from blocks.process.secret_mask import MASK
from blocks.telemetry.file import telemetry_file, telemetry_path
from blocks.telemetry.log_lines import LogStore
from blocks.telemetry.metrics import Metric
from blocks.telemetry.telemetry import beat
from trading.errors import BadInput, OpenbellError, StoreUnavailable

SETTLE_SECONDS = 5.0


@dataclass(frozen=True)
class HealthReport:
    """How an account is; `facts` is None when its ledger cannot be read.

    `errors` were logged in the last hour.
    """

    account: str
    checked_at: datetime
    components: tuple[Component, ...]
    facts: AccountFacts | None
    metrics: Mapping[str, Metric]
    errors: int = 0

    @property
    def level(self) -> Level:
        """Return the worst level of all."""
        return max((c.level for c in self.components), key=lambda level: level.rank)

    @property
    def reasons(self) -> list[str]:
        """Return why it is not healthy, the worst first."""
        bad = [c for c in self.components if c.level != Level.HEALTHY]
        bad.sort(key=lambda component: -component.level.rank)
        return [f"{component.name}: {component.reason}" for component in bad]

    def as_dict(self) -> dict[str, object]:
        """Return the report as JSON-ready values."""
        return {
            "account": self.account,
            "status": str(self.level),
            "checked_at": self.checked_at.isoformat(),
            "reasons": self.reasons,
            "components": {
                c.name: {"status": str(c.level), "reason": c.reason} for c in self.components
            },
        }


def check_health(
    data_dir: Path,
    account: str,
    now: datetime,
    *,
    settle_s: float = SETTLE_SECONDS,
    wait_s: float = WAIT_SECONDS,
) -> HealthReport:
    """Look at everything; what cannot be looked at is a component that is not well."""
    components: list[Component] = []
    facts: AccountFacts | None = None
    metrics: Mapping[str, Metric] = {}
    try:
        facts = read_facts(data_dir, account, wait_s)
        components.append(Component("ledger", Level.HEALTHY, f"readable, {facts.trades} trades"))
    except BadInput as error:
        # Before the first session there is nothing to be ill.
        is_there = (data_dir / account / "ledger.duckdb").exists()
        level = Level.UNHEALTHY if is_there else Level.DEGRADED
        components.append(Component("ledger", level, str(error) if is_there else error.what))
    except StoreUnavailable as error:
        components.append(Component("ledger", Level.UNHEALTHY, str(error)))
    errors = 0
    try:
        metrics = read_latest_metrics(data_dir, account)
        errors = _errors(data_dir, account, now)
    except OpenbellError as error:
        components.append(Component("telemetry", Level.DEGRADED, str(error)))
    if facts is not None:
        components += [
            check_lease(facts, now),
            check_last_bar(facts, now, settle_s),
            check_data(facts, metrics),
            check_exchange(facts),
            check_halt(facts),
            check_outbox(facts, now),
            check_clock(facts, now),
            check_calendar(facts, now),
        ]
    components += [check_disk(_existing(data_dir)), check_errors(errors)]
    masked = tuple(Component(c.name, c.level, MASK.text(c.reason)) for c in components)
    return HealthReport(account, now, masked, facts, metrics, errors)


def write_heartbeat(data_dir: Path, report: HealthReport) -> None:
    """Write the report's outcome as the heartbeat `health`; raises StoreUnavailable."""
    if (data_dir / report.account).exists():
        file = telemetry_file(data_dir, report.account)
        beat(file, "health", report.checked_at, str(report.level), "; ".join(report.reasons))


def _errors(data_dir: Path, account: str, now: datetime) -> int:
    if not telemetry_path(data_dir, account).exists():
        return 0
    store = LogStore(telemetry_file(data_dir, account))
    return len(store.get_logs(limit=1000, least="ERROR", start_time=now - timedelta(hours=1)))


def _existing(folder: Path) -> Path:
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return folder
