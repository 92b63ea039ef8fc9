"""The checks of health that look at the machine: disk, clock, and the age of the calendar."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from blocks.account.facts import AccountFacts
from blocks.account.telemetry_facts import TelemetryFacts
from blocks.health.checks import Component, Level, Place
from blocks.health.session_checks import session_at
from blocks.process.clock_offset import NOTED, SET_IT, WRONG, in_words, is_wrong

CALENDAR_PACKAGE = "pandas-market-calendars"
# Its metadata has no date, and its files are as old as their installation.
CALENDAR_RELEASES: Mapping[str, date] = {"5.5.0": date(2026, 10, 5)}
CALENDAR_OLD_DAYS = 365
LITTLE_DISK_BYTES = 1_000_000_000
NO_DISK_BYTES = 200_000_000
CLOCK_SLACK = timedelta(seconds=5)
# An offset that was measured before says nothing of a clock that was set since.
MEASURED_LATELY = timedelta(hours=1)


def check_disk(folder: Path, place: Place) -> Component:
    """Say how much room there is."""
    name = "disk"
    try:
        free = shutil.disk_usage(folder).free
    except OSError as error:
        return Component(name, Level.UNHEALTHY, f"{folder}: {error.strerror}")
    reason = f"{free / 1e9:.1f} GB free in {folder}"
    if free >= LITTLE_DISK_BYTES:
        return Component(name, Level.HEALTHY, reason)
    level = Level.DEGRADED if free >= NO_DISK_BYTES else Level.UNHEALTHY
    return Component(name, level, reason, hint=f"Make room; what takes it: {place.disk()}")


def check_clock(facts: AccountFacts, now: datetime, telemetry: TelemetryFacts) -> Component:
    """Say whether the clock is behind what was written by it already, or differs from others'.

    Web servers say what time it is with each answer; how far we are from it is measured by who
    asks them anyway.
    """
    name = "clock"
    written = [moment for moment in (facts.last_bar_end, telemetry.arrived) if moment is not None]
    behind = max(written, default=now) - now
    if facts.is_real_time and behind > CLOCK_SLACK:
        reason = f"{behind.total_seconds():.0f} s behind what was written by it already"
        return Component(name, Level.UNHEALTHY, reason, hint=SET_IT)
    reason = f"{now:%Y-%m-%d %H:%M:%S} UTC"
    measured = telemetry.metrics.get(NOTED)
    if measured is None or not facts.is_real_time:
        return Component(name, Level.HEALTHY, f"{reason}, compared with nobody's")
    offset, age = measured.value, now - measured.ts
    reason += f", {in_words(offset)} at {measured.ts:%H:%M} UTC"
    if age > MEASURED_LATELY or not is_wrong(offset):
        return Component(name, Level.HEALTHY, reason)
    level = Level.UNHEALTHY if abs(offset) >= WRONG else Level.DEGRADED
    return Component(name, level, reason, hint=SET_IT)


def check_calendar(facts: AccountFacts, now: datetime) -> Component:
    """Say how old the calendar package is, which knows closures only up to its release."""
    name = "calendar"
    try:
        version, released, is_known = _released()
    except (PackageNotFoundError, OSError) as error:
        return Component(name, Level.DEGRADED, f"{CALENDAR_PACKAGE}: {type(error).__name__}")
    if facts.is_real_time:
        session_at(facts, now)
    age = (now.date() - released).days
    text = f"{CALENDAR_PACKAGE} {version}, {'released' if is_known else 'installed'} {age} days ago"
    if age > CALENDAR_OLD_DAYS:
        hint = f"Update it: python -m pip install --upgrade {CALENDAR_PACKAGE}"
        reason = f"{text}: newer closures are unknown"
        since = datetime.combine(released, datetime.min.time(), UTC)
        old_since = since + timedelta(days=CALENDAR_OLD_DAYS + 1)
        return Component(name, Level.DEGRADED, reason, old_since, hint)
    return Component(name, Level.HEALTHY, text)


@lru_cache(maxsize=1)
def _released() -> tuple[str, date, bool]:
    """Return the version that runs, when it was released, or else installed, and which it is."""
    found = distribution(CALENDAR_PACKAGE)
    known = CALENDAR_RELEASES.get(found.version)
    if known is not None:
        return found.version, known, True
    record = next(file for file in found.files or [] if file.name == "METADATA")
    stamp = Path(str(record.locate())).stat().st_mtime
    return found.version, datetime.fromtimestamp(stamp, UTC).date(), False
