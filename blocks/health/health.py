"""The health of an account: its components, the worst of which says how it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from blocks.account.absence import may_begin
from blocks.account.facts import WAIT_SECONDS, AccountFacts
from blocks.account.names import is_there
from blocks.account.reader import AccountReader
from blocks.account.telemetry_facts import TelemetryFacts
from blocks.copies.drill_record import DrillRecord, read_drill_record
from blocks.copies.record import CopyRecord, read_copy_record
from blocks.health.checks import (
    Component,
    Level,
    Place,
    check_broker,
    check_errors,
    check_exchange,
    check_halt,
    check_messages,
)
from blocks.health.copy_checks import check_copies, check_drill
from blocks.health.machine_checks import check_calendar, check_clock, check_disk
from blocks.health.memory import read_memory, write_memory
from blocks.health.parity_checks import check_parity
from blocks.health.session_checks import check_data, check_last_bar, check_lease, check_settings
from blocks.process.secret_mask import MASK
from blocks.telemetry.file import telemetry_file
from blocks.telemetry.telemetry import beat
from trading.counted import counted
from trading.errors import BadInput, OpenbellError, StoreInUse, StoreUnavailable

if TYPE_CHECKING:
    from blocks.settings.app_settings import AppSettings

NOT_BEGUN = "there is none before the first session"
SETTLE_SECONDS = 5.0
# A session writes a bar at a time, and on a busy machine that takes seconds.
WRITTEN_TO = timedelta(seconds=45)
# What a server, its worker and a first session may take until there is an account.
FIRST_START = timedelta(minutes=3)


@dataclass(frozen=True)
class HealthReport:
    """How an account is; `facts` is None when it has no ledger, or one that cannot be read."""

    account: str
    checked_at: datetime
    components: tuple[Component, ...]
    facts: AccountFacts | None
    telemetry: TelemetryFacts = field(default_factory=TelemetryFacts)
    copies: CopyRecord | None = None
    drill: DrillRecord | None = None

    @property
    def level(self) -> Level:
        """Return the worst level of all."""
        return max((c.level for c in self.components), key=lambda level: level.rank)

    @property
    def bad(self) -> list[Component]:
        """Return what is not healthy, the worst first."""
        found = [c for c in self.components if c.level != Level.HEALTHY]
        return sorted(found, key=lambda component: -component.level.rank)

    @property
    def reasons(self) -> list[str]:
        """Return why it is not healthy, the worst first."""
        return [f"{component.name}: {component.reason}" for component in self.bad]

    @property
    def errors(self) -> int:
        """Return how many errors were logged in the last hour."""
        return len(self.telemetry.errors_at(self.checked_at))

    def as_dict(self) -> dict[str, object]:
        """Return the report as JSON-ready values."""
        return {
            "account": self.account,
            "status": str(self.level),
            "checked_at": self.checked_at.isoformat(),
            "reasons": self.reasons,
            "components": {
                c.name: {
                    "status": str(c.level),
                    "reason": c.reason,
                    "since": None if c.since is None else c.since.isoformat(),
                    "hint": c.hint,
                }
                for c in self.components
            },
        }


def check_health(
    data_dir: Path,
    account: str,
    now: datetime,
    *,
    settle_s: float = SETTLE_SECONDS,
    wait_s: float = WAIT_SECONDS,
    exchange: str = "NYSE",
    asked_exchange: str | None = None,
) -> HealthReport:
    """Look at everything once.

    `exchange` is the one of an account that has not begun, `asked_exchange` what the settings ask
    of its next session, None where nobody knows.
    """
    reader = AccountReader(data_dir, account, wait_s)
    return HealthCheck(reader, settle_s, exchange, asked_exchange=asked_exchange).look(now)


def check_health_as_set(
    data_dir: Path, account: str, now: datetime, settings: AppSettings
) -> HealthReport:
    """Look at everything once, by the settings that the account's sessions go by."""
    return check_health(
        data_dir,
        account,
        now,
        settle_s=settings.data.settle_seconds,
        asked_exchange=settings.trading.exchange,
    )


class HealthCheck:
    """Looks at an account, again and again where somebody asks; writes nothing.

    What cannot be looked at is a component that is not well. `began` is when somebody began to
    watch over an account that has no ledger yet, None for a single look.
    """

    def __init__(
        self,
        reader: AccountReader,
        settle_s: float = SETTLE_SECONDS,
        exchange: str = "NYSE",
        began: datetime | None = None,
        asked_exchange: str | None = None,
    ) -> None:
        self._reader = reader
        self._settle_s = settle_s
        self._exchange = exchange
        self._began = began
        self._asked_exchange = asked_exchange
        self._place = Place(reader.data_dir, reader.account)
        self._read_at: datetime | None = None
        self.memory = read_memory(reader.data_dir, reader.account)

    @property
    def is_bereft(self) -> bool:
        """Return whether the ledger that it looked at is there no more."""
        data_dir, account = self._reader.data_dir, self._reader.account
        return self._read_at is not None and not is_there(data_dir, account)

    def look(self, now: datetime) -> HealthReport:
        """Return how everything is at an aware UTC time."""
        ledger, facts = self._ledger(now)
        components = [ledger]
        telemetry = TelemetryFacts()
        try:
            telemetry = self._reader.telemetry(now)
        except OpenbellError as error:
            components.append(Component("telemetry", Level.DEGRADED, error.what, hint=error.hint))
        data_dir, account = self._reader.data_dir, self._reader.account
        copies, drill = read_copy_record(data_dir, account), read_drill_record(data_dir, account)
        if facts is not None:
            components += self._of_account(facts, telemetry, copies, drill, now)
        elif ledger.level == Level.HEALTHY:
            components += self._of_no_account(now)
        components += [
            check_disk(_existing(data_dir), self._place),
            check_errors(telemetry.errors_at(now), self._place),
        ]
        masked = [
            replace(c, reason=MASK.text(c.reason), hint=MASK.text(c.hint)) for c in components
        ]
        dated = self.memory.dated(masked, now)
        is_held = facts is not None and facts.held_by is not None
        self.memory = self.memory.after(dated, now, is_held=is_held)
        return HealthReport(account, now, dated, facts, telemetry, copies, drill)

    def _ledger(self, now: datetime) -> tuple[Component, AccountFacts | None]:
        name, data_dir, account = "ledger", self._reader.data_dir, self._reader.account
        try:
            facts = self._reader.facts()
        except (BadInput, StoreUnavailable) as error:
            read_at = self._read_at
            if may_begin(data_dir, account) and read_at is None:
                # Before the first session there is nothing to be ill.
                return Component(name, Level.HEALTHY, NOT_BEGUN), None
            hint = self._place.with_folder(error.hint)
            is_written = isinstance(error, StoreInUse)
            if is_written and read_at is not None and read_at <= now < read_at + WRITTEN_TO:
                return Component(name, Level.DEGRADED, error.what, read_at, hint), None
            return Component(name, Level.UNHEALTHY, error.what, hint=hint), None
        self._read_at = now
        return Component(name, Level.HEALTHY, f"readable, {counted(facts.trades, 'trade')}"), facts

    def _of_account(
        self,
        facts: AccountFacts,
        telemetry: TelemetryFacts,
        copies: CopyRecord | None,
        drill: DrillRecord | None,
        now: datetime,
    ) -> list[Component]:
        place, arrived = self._place, telemetry.arrived
        signs = [sign for sign in (arrived, self.memory.held_at) if sign is not None]
        last_sign = max((sign for sign in signs if sign <= now), default=None)
        return [
            _looked("lease", lambda: check_lease(facts, now, place, last_sign)),
            _looked("last_bar", lambda: check_last_bar(facts, now, self._settle_s, arrived, place)),
            _looked("data", lambda: check_data(facts, telemetry, now, place)),
            check_exchange(facts, place),
            *([] if facts.broker is None else [check_broker(facts.broker, place)]),
            check_halt(facts, place),
            check_settings(facts, self._asked_exchange),
            check_messages(facts, now, place),
            check_copies(facts, copies, now, place),
            check_drill(drill, now, place),
            check_parity(facts, now, place),
            check_clock(facts, now, telemetry),
            _looked("calendar", lambda: check_calendar(facts, now)),
        ]

    def _of_no_account(self, now: datetime) -> list[Component]:
        """Return what can be said of an account that has not begun: who is to begin it, and when.

        A single look does not know for how long somebody has been there to do so.
        """
        facts = AccountFacts(self._reader.account, {"exchange": self._exchange})
        calendar = _looked("calendar", lambda: check_calendar(facts, now))
        if self._began is None or now - self._began < FIRST_START:
            return [Component("lease", Level.HEALTHY, "no session was traded yet"), calendar]
        began = self._began
        return [_looked("lease", lambda: check_lease(facts, now, self._place, began)), calendar]


def write_heartbeat(data_dir: Path, report: HealthReport) -> None:
    """Write the report's outcome as the heartbeat `health`; raises StoreUnavailable."""
    if (data_dir / report.account).exists():
        file = telemetry_file(data_dir, report.account)
        beat(file, "health", report.checked_at, str(report.level), "; ".join(report.reasons))
        remember(data_dir, report)


def remember(data_dir: Path, report: HealthReport) -> None:
    """Write down how the components are, if the file says something else or is old.

    Raises StoreUnavailable.
    """
    before = read_memory(data_dir, report.account)
    is_held = report.facts is not None and report.facts.held_by is not None
    memory = before.after(report.components, report.checked_at, is_held=is_held)
    if memory.is_worth_writing(before):
        write_memory(data_dir, report.account, memory)


def _looked(name: str, look: Callable[[], Component]) -> Component:
    try:
        return look()
    except OpenbellError as error:
        return Component(name, Level.UNHEALTHY, error.what, hint=error.hint)


def _existing(folder: Path) -> Path:
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return folder
