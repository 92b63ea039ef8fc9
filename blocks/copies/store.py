"""Copies of an account: made from the live ledger, proven, stored, read back, and thinned out."""

from __future__ import annotations

import gzip
import time
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb

from blocks.account_commands import account_command
from blocks.account_files import EXCHANGE_FILE, LEDGER_FILE
from blocks.copies.manifest import (
    SCHEMA_VERSION,
    Manifest,
    Part,
    incomplete_name,
    incomplete_versions,
    manifest_name,
    newest_manifest,
    openbell_version,
    read_manifest,
    version_name,
    versions,
)
from blocks.copies.proof import Proof, examine, hashed_tables
from blocks.copies.retention import DEFAULT_RETENTION, Retention, thin_out
from blocks.copies.snapshot import Snapshot, take_snapshot, write_copy
from blocks.copies.working_folder import sweep, working_folder
from blocks.ledger.damage import NotWhole
from blocks.ledger.ledger import DuckDBLedger
from blocks.process.failpoints import reach
from blocks.storage.content import check_content, sha256_of
from blocks.stores.file_lock import locked
from blocks.stores.kept_engine import opened_for_reading
from blocks.stores.reading import read_closed
from trading.errors import BadInput, OpenbellError, StoreUnavailable
from trading.session.ports import Storage

EXCHANGE_WAIT_SECONDS = 1.0


@dataclass(frozen=True)
class CopyReport:
    """What a sync did; `note` says what was left undone.

    The copy of `size_bytes`, which is the length of its files, lies there as `copied_bytes`.
    """

    account: str
    version: str
    journal_seq: int
    sent_bytes: int
    seconds: float
    longest_hold_s: float
    is_new: bool
    size_bytes: int
    copied_bytes: int
    note: str = ""

    def __str__(self) -> str:
        done = f"{self.sent_bytes:,} bytes" if self.is_new else "nothing new"
        text = (
            f"{self.account}/{self.version}: journal row {self.journal_seq}, {done},"
            f" {self.seconds:.2f} s, ledger held {self.longest_hold_s * 1000:.0f} ms at most"
        )
        return f"{text}; {self.note}" if self.note else text


def store_copy(
    ledger: DuckDBLedger,
    storage: Storage,
    now: datetime,
    retention: Retention = DEFAULT_RETENTION,
) -> CopyReport:
    """Store a copy of an account, unless the newest one holds the same.

    The mock exchange's store goes with it where no other process holds that. Raises
    StoreUnavailable when the ledger, the copy or the storage fails; then there is no new version.
    So it is, as NotWhole, where the ledger has lost rows: it is stored as it is beside the
    versions, in the place of the one that was before.
    """
    began = time.monotonic()
    folder = ledger.folder
    sweep(folder, now)
    with working_folder(folder) as work:
        snapshot = take_snapshot(ledger, work / LEDGER_FILE)
        exchange = folder / EXCHANGE_FILE
        proof = examine(snapshot.path, ledger.account)
        if proof.damage:
            copied = _copy_exchange(exchange, work / EXCHANGE_FILE)
            version = _store_as_it_is(ledger, storage, now, proof, snapshot, copied)
            raise NotWhole(
                f"{proof.damage}; what there is was copied as {version}",
                _way_to_a_whole_one(ledger, storage),
            )
        newest = _newest(storage, ledger.account)
        if newest is not None and _holds_all(newest, proof, exchange):
            return CopyReport(
                ledger.account,
                newest.version,
                proof.journal_seq,
                0,
                time.monotonic() - began,
                snapshot.held_s,
                is_new=False,
                size_bytes=newest.size_bytes,
                copied_bytes=newest.copied_bytes,
            )
        copied = _copy_exchange(exchange, work / EXCHANGE_FILE)
        try:
            version = version_name(now, proof.journal_seq)
            manifest = _upload(
                storage, ledger.account, version, now, proof, snapshot, copied, exchange.exists()
            )
        except OpenbellError:
            _remove_parts(storage, f"{ledger.account}/{version}")
            raise
    notes = []
    if manifest.has_exchange and manifest.exchange is None:
        notes.append("the mock exchange's store is in use and was left out")
    try:
        thin_out(storage, ledger.account, now, retention)
    except OpenbellError as error:
        notes.append(f"older copies stay: {error}")
    return CopyReport(
        ledger.account,
        manifest.version,
        proof.journal_seq,
        manifest.copied_bytes,
        time.monotonic() - began,
        snapshot.held_s,
        is_new=True,
        size_bytes=manifest.size_bytes,
        copied_bytes=manifest.copied_bytes,
        note="; ".join(notes),
    )


def _store_as_it_is(
    ledger: DuckDBLedger,
    storage: Storage,
    now: datetime,
    proof: Proof,
    snapshot: Snapshot,
    exchange: Path | None,
) -> str:
    """Store a ledger that has lost rows, unless the newest such copy is the same; return its name.

    Whole copies stay, and are what is to be brought back.
    """
    account = ledger.account
    before = incomplete_versions(storage, account)
    if before and read_manifest(storage, account, before[-1]).digest == proof.digest:
        return before[-1]
    version = incomplete_name(now, proof.journal_seq)
    has_exchange = (ledger.folder / EXCHANGE_FILE).exists()
    try:
        _upload(storage, account, version, now, proof, snapshot, exchange, has_exchange)
    except OpenbellError:
        _remove_parts(storage, f"{account}/{version}")
        raise
    for name in before:
        _remove_parts(storage, f"{account}/{name}")
    return version


def _way_to_a_whole_one(ledger: DuckDBLedger, storage: Storage) -> str:
    if not versions(storage, ledger.account):
        return "There is no whole copy: when nothing is held, begin anew in another --data-dir"
    restore = account_command("restore --force", ledger.data_dir, ledger.account)
    return f"When its session is over, bring back a whole copy: {restore}"


def _upload(
    storage: Storage,
    account: str,
    version: str,
    now: datetime,
    proof: Proof,
    snapshot: Snapshot,
    exchange: Path | None,
    has_exchange: bool,
) -> Manifest:
    stem = f"{account}/{version}"
    manifest = Manifest(
        account=account,
        version=version,
        made_at=now,
        schema_version=SCHEMA_VERSION,
        journal_seq=proof.journal_seq,
        last_session=proof.last_session,
        last_command=proof.last_command,
        rows=proof.rows,
        pnl=proof.pnl,
        digest=proof.digest,
        ledger=_store(storage, f"{stem}.duckdb.gz", snapshot.path),
        exchange=_store(storage, f"{stem}.exchange.gz", exchange) if exchange else None,
        has_exchange=has_exchange,
        openbell=openbell_version(),
        damage=proof.damage,
    )
    reach("before manifest")
    storage.put(manifest_name(account, version), manifest.to_json())
    if read_manifest(storage, account, version) != manifest:
        raise StoreUnavailable(f"{storage} gives back another manifest", "Sync again")
    return manifest


def _remove_parts(storage: Storage, stem: str) -> None:
    """Take away what an upload stored that broke off: on a full disk it takes the room of others.

    Where that fails too it is removed a day later, as after a kill.
    """
    with suppress(OpenbellError):
        for name in storage.names(f"{stem}."):
            storage.delete(name)


def _store(storage: Storage, name: str, path: Path) -> Part:
    raw = path.read_bytes()
    content = gzip.compress(raw, 6, mtime=0)
    part = Part(name, len(content), sha256_of(content), len(raw), sha256_of(raw))
    storage.put(name, content)
    check_content(storage, name, storage.get(name), part.sha256)
    return part


def _copy_exchange(source: Path, target: Path) -> Path | None:
    """Copy the mock exchange's store, None where there is none or another process holds it."""
    if not source.exists():
        return None
    with ExitStack() as held:
        try:
            held.enter_context(locked(source, EXCHANGE_WAIT_SECONDS))
        except StoreUnavailable:
            return None
        contents = read_closed(source)
    write_copy(contents, target)
    try:
        with opened_for_reading(target, time.monotonic()) as copy:
            hashed_tables(copy)
    except duckdb.Error as error:
        raise StoreUnavailable(
            f"store {source} cannot be copied: {str(error).splitlines()[0][:200]}",
            "Check that it is intact, and free disk space",
        ) from error
    return target


def _newest(storage: Storage, account: str) -> Manifest | None:
    # A storage that is silent says so here: each question to it may take half a minute.
    stored = storage.names(f"{account}/")
    try:
        manifest = newest_manifest(storage, account)
    except (BadInput, StoreUnavailable):
        # A damaged copy is one reason more to make another.
        return None
    if manifest is None:
        return None
    return manifest if all(part.name in stored for part in manifest.parts) else None


def _holds_all(manifest: Manifest, proof: Proof, exchange: Path) -> bool:
    return manifest.digest == proof.digest and (
        manifest.exchange is not None or not exchange.exists()
    )
