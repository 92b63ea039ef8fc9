"""What is written beside a copy: whose it is, what it holds, and the hashes that prove it."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from importlib.metadata import version as installed_version

from pydantic import TypeAdapter, ValidationError

from trading.errors import BadInput, StoreUnavailable
from trading.session.ports import Storage

SCHEMA_VERSION = 1
_TIME_FORMAT = "%Y%m%dT%H%M%S"
# Behind the name of a copy of a ledger that has lost rows: it is none of the versions.
_INCOMPLETE = ".incomplete"


@dataclass(frozen=True)
class Part:
    """One compressed file of a copy."""

    name: str
    bytes: int
    sha256: str
    raw_bytes: int
    raw_sha256: str


@dataclass(frozen=True)
class Manifest:
    """A copy of an account; it is written last, so what has none is no copy.

    `damage` is what its ledger had lost when it was copied as it was, empty of a whole one.
    """

    account: str
    version: str
    made_at: datetime
    schema_version: int
    journal_seq: int
    last_session: str
    last_command: int
    rows: dict[str, int]
    pnl: Decimal
    digest: str
    ledger: Part
    exchange: Part | None
    has_exchange: bool
    openbell: str
    damage: str = ""

    @property
    def parts(self) -> tuple[Part, ...]:
        """Return the files of the copy."""
        return (self.ledger,) if self.exchange is None else (self.ledger, self.exchange)

    @property
    def size_bytes(self) -> int:
        """Return how long the files are that were copied."""
        return sum(part.raw_bytes for part in self.parts)

    @property
    def copied_bytes(self) -> int:
        """Return how long they are as they are stored."""
        return sum(part.bytes for part in self.parts)

    def to_json(self) -> bytes:
        """Return the manifest as an object's content."""
        return _MANIFEST.dump_json(self, indent=1)


_MANIFEST = TypeAdapter(Manifest)


class Unfinished(StoreUnavailable):
    """A manifest that cannot be read, as of an upload that broke off where that leaves a part."""


def version_name(now: datetime, journal_seq: int) -> str:
    """Return the name of a copy; names sort by time."""
    moment = now.astimezone(UTC)
    return f"{moment:{_TIME_FORMAT}}{moment.microsecond // 1000:03d}Z-{journal_seq}"


def incomplete_name(now: datetime, journal_seq: int) -> str:
    """Return the name of a copy of a ledger that has lost rows."""
    return version_name(now, journal_seq) + _INCOMPLETE


def is_incomplete(version: str) -> bool:
    """Return whether a name is that of a copy of a ledger that had lost rows."""
    whole = version.removesuffix(_INCOMPLETE)
    return whole != version and version_time(whole) is not None


def version_time(version: str) -> datetime | None:
    """Return when a copy was made, None for what is no version's name."""
    try:
        moment = datetime.strptime(version[:15], _TIME_FORMAT).replace(tzinfo=UTC)
    except ValueError:
        return None
    return moment if version[18:20] == "Z-" and version[20:].isdigit() else None


def manifest_name(account: str, version: str) -> str:
    """Return under which name a copy's manifest is stored."""
    return f"{account}/{version}.json"


def versions(storage: Storage, account: str) -> list[str]:
    """Return the names of an account's copies, oldest first."""
    return sorted(name for name in _manifests(storage, account) if version_time(name) is not None)


def incomplete_versions(storage: Storage, account: str) -> list[str]:
    """Return the names of copies of a ledger that had lost rows, oldest first."""
    return sorted(name for name in _manifests(storage, account) if is_incomplete(name))


def all_versions(storage: Storage, account: str) -> list[str]:
    """Return the names of all copies: whole ones oldest first, behind them those that are not."""
    names = sorted(_manifests(storage, account))
    whole = [name for name in names if version_time(name) is not None]
    return whole + [name for name in names if is_incomplete(name)]


def _manifests(storage: Storage, account: str) -> list[str]:
    return [
        name.removeprefix(f"{account}/").removesuffix(".json")
        for name in storage.names(f"{account}/")
        if name.endswith(".json")
    ]


def read_manifest(storage: Storage, account: str, version: str) -> Manifest:
    """Return a copy's manifest; raises StoreUnavailable or BadInput when it cannot be trusted."""
    name = manifest_name(account, version)
    try:
        manifest = _MANIFEST.validate_json(storage.get(name))
    except ValidationError as error:
        raise Unfinished(
            f"{name} in {storage} is no manifest: {error.errors()[0]['msg']}", "Use another copy"
        ) from error
    if manifest.account != account:
        raise BadInput(
            f"{name} is a copy of account {manifest.account!r}, not of {account!r}",
            f"Copies are not moved between accounts: move it out of {storage}, or restore that"
            f" account with --account {shlex.quote(manifest.account)}",
        )
    if manifest.version != version:
        raise StoreUnavailable(
            f"{name} in {storage} belongs to version {manifest.version}", "Use another copy"
        )
    if manifest.schema_version > SCHEMA_VERSION:
        raise BadInput(
            f"{name} was written by Openbell {manifest.openbell}, whose ledgers this one"
            " cannot read",
            "Install that version or a later one",
        )
    return manifest


def newest_manifest(storage: Storage, account: str) -> Manifest | None:
    """Return the manifest of the last finished copy, None where there is none."""
    for version in reversed(versions(storage, account)):
        try:
            return read_manifest(storage, account, version)
        except Unfinished:
            continue
    return None


def openbell_version() -> str:
    """Return the version of the installed package."""
    return installed_version("openbell")
