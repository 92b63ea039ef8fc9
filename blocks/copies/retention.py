"""Which copies are kept, and the removal of the others."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from blocks.copies.manifest import manifest_name, version_time, versions
from trading.session.ports import Storage

# What belongs to no version for so long is left of an upload that broke off.
STALE = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Retention:
    """Which copies are kept: the last ones, and the last of each day for some days."""

    last: int = 48
    days: int = 30


DEFAULT_RETENTION = Retention()


def thin_out(storage: Storage, account: str, now: datetime, retention: Retention) -> None:
    """Remove copies that are no longer to be kept, and what was left of broken uploads."""
    known = versions(storage, account)
    kept = set(kept_versions(known, now, retention))
    for version in known:
        if version not in kept:
            # Without its manifest it is no version, whatever happens next.
            storage.delete(manifest_name(account, version))
    for name in storage.names(f"{account}/"):
        version = name.removeprefix(f"{account}/").split(".")[0]
        made = version_time(version)
        if made is None or version in kept:
            continue
        if version in known or made < now - STALE:
            storage.delete(name)


def kept_versions(known: list[str], now: datetime, retention: Retention) -> list[str]:
    """Return which of an account's versions, oldest first, are to be kept."""
    kept = set(known[-max(1, retention.last) :])
    last_of_day: dict[str, str] = {}
    for version in known:
        last_of_day[version[:8]] = version
    first_day = f"{(now.astimezone(UTC) - timedelta(days=retention.days)):%Y%m%d}"
    kept |= {version for day, version in last_of_day.items() if day > first_day}
    return sorted(kept)
