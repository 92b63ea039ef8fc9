"""The checks of health: each looks at facts and says how one component is, and why."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from blocks.account.facts import AccountFacts
from blocks.telemetry.metrics import Metric
from trading.errors import OpenbellError
from trading.market.calendar import Session, sessions_between

CALENDAR_PACKAGE = "pandas-market-calendars"
CALENDAR_OLD_DAYS = 365
LITTLE_DISK_BYTES = 1_000_000_000
NO_DISK_BYTES = 200_000_000
BACKLOG_SECONDS = 300.0
CLOCK_SLACK_SECONDS = 5.0


class Level(StrEnum):
    """How well something is; the worst one counts."""

    HEALTHY = "healthy"
    DEGRADED = "degraded"
    UNHEALTHY = "unhealthy"

    @property
    def rank(self) -> int:
        """Return 0, 1 or 2; more is worse."""
        return list(Level).index(self)


@dataclass(frozen=True, slots=True)
class Component:
    """One thing that was looked at."""

    name: str
    level: Level
    reason: str


def session_at(facts: AccountFacts, now: datetime) -> Session | None:
    """Return the session that is open, None outside session hours."""
    exchange = str(facts.plan.get("exchange", "NYSE"))
    sessions = sessions_between(exchange, now.date() - timedelta(days=1), now.date())
    return next((s for s in sessions if s.open <= now < s.close), None)


def check_lease(facts: AccountFacts, now: datetime) -> Component:
    """Say whether somebody trades the account when somebody should."""
    name = "lease"
    if facts.held_by is not None:
        return Component(name, Level.HEALTHY, f"held by {facts.held_by}")
    if not facts.is_real_time:
        return Component(name, Level.HEALTHY, "a replay, which nobody trades now")
    begun, positions = facts.open_session, len(facts.positions)
    calendar = session_at(facts, now)
    if begun is not None and now >= begun.closes:
        if calendar is None:
            return Component(
                name,
                Level.DEGRADED,
                f"session {begun.session} was never closed, with {positions} positions open",
            )
        # The one that is open now is more urgent, and whoever trades it closes the other first.
        begun = None
    if begun is not None and facts.is_stopped(now):
        return Component(
            name,
            Level.DEGRADED,
            f"session {begun.session} was stopped by an operator, with {positions} positions open",
        )
    if begun is None and calendar is None:
        return Component(name, Level.HEALTHY, "nobody trades, and no session is open")
    session = begun.session if begun is not None else calendar.date if calendar else ""
    return Component(
        name,
        Level.UNHEALTHY,
        f"session {session} is open and nobody trades it: it is taken up by `up`,"
        " or start `python -m flows run`",
    )


def check_last_bar(facts: AccountFacts, now: datetime, settle_s: float) -> Component:
    """Say whether bars arrive; age counts from the END of the newest bar that is due."""
    name = "last_bar"
    interval = timedelta(minutes=float(facts.plan.get("interval_minutes", 5)))
    session = session_at(facts, now) if facts.is_real_time else None
    shown = "none yet" if facts.last_bar is None else f"{facts.last_bar:%Y-%m-%d %H:%M} UTC"
    if session is None:
        return Component(name, Level.HEALTHY, f"no session is open; last bar {shown}")
    if facts.is_stopped(now):
        return Component(name, Level.HEALTHY, f"stopped; last bar {shown}")
    # The bar that ended one settling time ago is due, and one more interval is patience.
    due = now - timedelta(seconds=settle_s) - interval
    last = facts.last_bar
    end = session.open if last is None or last < session.open else last + interval
    late = (due - end) / interval
    if late < 1:
        return Component(name, Level.HEALTHY, f"last bar {shown}")
    level = Level.DEGRADED if late < 3 else Level.UNHEALTHY
    age = (now - end).total_seconds()
    return Component(name, level, f"last bar {shown}, nothing for {age:.0f} s in an open session")


def check_data(facts: AccountFacts, metrics: Mapping[str, Metric]) -> Component:
    """Say how the last fetch went."""
    name = "data"
    source = str(facts.plan.get("source", "no source"))
    if "fetch_failed" not in metrics:
        return Component(name, Level.HEALTHY, f"{source}: not asked yet")
    symbols = len(facts.plan.get("symbols", ()))
    missing = int(metrics["symbols_missing"].value) if "symbols_missing" in metrics else 0
    if metrics["fetch_failed"].value:
        return Component(name, Level.UNHEALTHY, f"{source}: did not answer for the last bar")
    if missing:
        level = Level.UNHEALTHY if missing >= symbols > 0 else Level.DEGRADED
        return Component(name, level, f"{source}: {missing} of {symbols} symbols had no bar")
    seconds = metrics["fetch_seconds"].value if "fetch_seconds" in metrics else 0.0
    return Component(name, Level.HEALTHY, f"{source}: all {symbols} symbols in {seconds:.2f} s")


def check_exchange(facts: AccountFacts) -> Component:
    """Say whether ledger and exchange agree."""
    name = "exchange"
    if facts.blocked:
        differ = "; ".join(f"{symbol}: {reason}" for symbol, reason in facts.blocked.items())
        return Component(name, Level.UNHEALTHY, f"not entered, the exchange differs: {differ}")
    if facts.unknown_orders:
        return Component(name, Level.DEGRADED, f"{facts.unknown_orders} orders without an answer")
    return Component(name, Level.HEALTHY, "ledger and exchange agree")


def check_halt(facts: AccountFacts) -> Component:
    """Say whether an operator has halted the account."""
    if facts.halt is None:
        return Component("trading", Level.HEALTHY, "not halted")
    reason = f" ({facts.halt.reason})" if facts.halt.reason else ""
    return Component(
        "trading",
        Level.DEGRADED,
        f"{facts.halt.command} since {facts.halt.since:%Y-%m-%d %H:%M} UTC{reason}",
    )


def check_outbox(facts: AccountFacts, now: datetime) -> Component:
    """Say whether messages get through."""
    name = "outbox"
    if facts.outbox_refused:
        return Component(name, Level.DEGRADED, f"the webhook refuses: {facts.outbox_refused}")
    if not facts.outbox_open or facts.outbox_oldest is None:
        return Component(name, Level.HEALTHY, "nothing waits")
    age = (now - facts.outbox_oldest).total_seconds()
    level = Level.DEGRADED if age > BACKLOG_SECONDS and facts.is_real_time else Level.HEALTHY
    return Component(name, level, f"{facts.outbox_open} messages wait, the oldest for {age:.0f} s")


def check_disk(folder: Path) -> Component:
    """Say how much room there is."""
    name = "disk"
    try:
        free = shutil.disk_usage(folder).free
    except OSError as error:
        return Component(name, Level.UNHEALTHY, f"{folder}: {error.strerror}")
    level = Level.HEALTHY
    if free < LITTLE_DISK_BYTES:
        level = Level.DEGRADED if free >= NO_DISK_BYTES else Level.UNHEALTHY
    return Component(name, level, f"{free / 1e9:.1f} GB free in {folder}")


def check_clock(facts: AccountFacts, now: datetime) -> Component:
    """Say whether the clock is behind what was written by it already."""
    name = "clock"
    if facts.last_bar is not None and facts.is_real_time:
        # A bar is consumed when it has ended.
        ended = facts.last_bar + timedelta(minutes=float(facts.plan.get("interval_minutes", 5)))
        behind = (ended - now).total_seconds()
        if behind > CLOCK_SLACK_SECONDS:
            return Component(
                name, Level.UNHEALTHY, f"{behind:.0f} s behind the end of the last bar: set it"
            )
    return Component(name, Level.HEALTHY, f"{now:%Y-%m-%d %H:%M:%S} UTC")


def check_calendar(facts: AccountFacts, now: datetime) -> Component:
    """Say how old the calendar package is, which knows closures only up to its release."""
    name = "calendar"
    try:
        age = (now - _installed_at(CALENDAR_PACKAGE)).days
        if facts.is_real_time:
            session_at(facts, now)
    except (PackageNotFoundError, OSError) as error:
        return Component(name, Level.DEGRADED, f"{CALENDAR_PACKAGE}: {type(error).__name__}")
    except OpenbellError as error:
        return Component(name, Level.UNHEALTHY, str(error))
    version = distribution(CALENDAR_PACKAGE).version
    text = f"{CALENDAR_PACKAGE} {version}, installed {age} days ago"
    if age > CALENDAR_OLD_DAYS:
        return Component(name, Level.DEGRADED, f"{text}: update it, newer closures are unknown")
    return Component(name, Level.HEALTHY, text)


def check_errors(errors: int) -> Component:
    """Say whether errors were logged in the last hour."""
    if errors:
        return Component("errors", Level.DEGRADED, f"{errors} errors were logged in the last hour")
    return Component("errors", Level.HEALTHY, "none in the last hour")


def _installed_at(package: str) -> datetime:
    files = distribution(package).files or []
    record = next(file for file in files if file.name == "METADATA")
    return datetime.fromtimestamp(Path(str(record.locate())).stat().st_mtime, UTC)
