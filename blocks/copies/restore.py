"""Restore: a proven copy takes the ledger's place, which is kept aside and never lost."""

from __future__ import annotations

import gzip
import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from blocks.account_files import EXCHANGE_FILE, LEDGER_FILE
from blocks.copies.comparison import SAFE_TO_REPLACE, LocalLedger, Standing, compare
from blocks.copies.manifest import (
    Manifest,
    Part,
    all_versions,
    newest_manifest,
    openbell_version,
    read_manifest,
    versions,
)
from blocks.copies.proof import Proof, examine, prove
from blocks.copies.replacement import RESTORED, install
from blocks.copies.working_folder import working_folder
from blocks.ledger import lease
from blocks.ledger.format import check_format
from blocks.ledger.schema import SCHEMA
from blocks.process.files.disk_errors import words_of
from blocks.storage.content import check_content, sha256_of
from blocks.stores.beginning import is_begun
from blocks.stores.duckdb_file import refuse_network_file_system
from blocks.stores.file_lock import LOCK_DEADLINE_SECONDS, locked
from blocks.stores.reading import reading
from trading.errors import BadInput, LeaseLost, StoreInUse, StoreUnavailable
from trading.session.ports import Storage


@dataclass(frozen=True, slots=True)
class RestoreReport:
    """What a restore did; `aside` are the files that were replaced."""

    account: str
    version: str
    journal_seq: int
    standing: Standing
    is_restored: bool
    aside: tuple[Path, ...] = ()
    note: str = ""

    def __str__(self) -> str:
        if not self.is_restored:
            what = self.version or "no copy"
            return f"{self.account}: nothing restored, the local ledger is {self.standing} ({what})"
        text = f"{self.account}: restored {self.version}, journal row {self.journal_seq}"
        if self.aside:
            text += f"; kept aside: {', '.join(path.name for path in self.aside)}"
        return f"{text}; {self.note}" if self.note else text


def restore(
    storage: Storage,
    data_dir: Path,
    account: str,
    now: datetime,
    *,
    version: str | None = None,
    force: bool = False,
) -> RestoreReport:
    """Put a copy, the newest unless named, in the place of an account's ledger.

    Everything is verified before anything is replaced. Raises LeaseLost while a live process
    trades the account, BadInput when the local ledger holds what the copy does not, unless
    forced, and StoreUnavailable when the copy is damaged or the storage fails.
    """
    manifest = _chosen(storage, account, version)
    return _restore(storage, data_dir, manifest, now, force=force, is_asked=True)


def restore_if_newer(
    storage: Storage, data_dir: Path, account: str, now: datetime
) -> RestoreReport:
    """Restore the newest copy if the local ledger is absent or an older part of the same history.

    A newer or different local ledger is left alone, as is one that was restored after the copy
    was made: the report says so. Raises as `restore`, and BadInput where there is no ledger and
    of its copies none can be read: an account is not to begin anew beside them.
    """
    manifest = newest_manifest(storage, account)
    if manifest is None:
        if versions(storage, account) and not is_begun(data_dir / account / LEDGER_FILE):
            raise BadInput(
                f"account {account!r} has no ledger here, and no manifest of its copies in"
                f" {storage} can be read",
                "Put its ledger or another place of copies back; to begin anew, move what is under"
                f" {account}/ there away",
            )
        return RestoreReport(account, "", 0, Standing.ABSENT, is_restored=False)
    seq, restored_at = _local_ledger(data_dir / account / LEDGER_FILE)
    if seq > manifest.journal_seq or restored_at >= manifest.made_at:
        # Nothing needs to be fetched to know that. What an operator went back from stays behind.
        return RestoreReport(
            account, manifest.version, manifest.journal_seq, Standing.NEWER, is_restored=False
        )
    return _restore(storage, data_dir, manifest, now, force=False, is_asked=False)


def _restore(
    storage: Storage,
    data_dir: Path,
    manifest: Manifest,
    now: datetime,
    *,
    force: bool,
    is_asked: bool,
) -> RestoreReport:
    account = manifest.account
    ledger = data_dir / account / LEDGER_FILE
    refuse_network_file_system(ledger.parent)
    with working_folder(ledger.parent) as place:
        copy, exchange_copy, proof = fetch_proven(storage, manifest, place)
        with _free_account(ledger.parent), locked(ledger):
            local = compare(ledger, copy)
            if local.standing not in SAFE_TO_REPLACE and not force:
                if is_asked and local.standing != Standing.SAME:
                    raise _refusal(ledger, local, manifest)
                return RestoreReport(
                    account, manifest.version, proof.journal_seq, local.standing, is_restored=False
                )
            aside, note = install(
                ledger, copy, exchange_copy, local.epoch, manifest.has_exchange, now, force=force
            )
    return RestoreReport(
        account,
        manifest.version,
        manifest.journal_seq,
        local.standing,
        is_restored=True,
        aside=aside,
        note=note,
    )


def fetch_proven(
    storage: Storage, manifest: Manifest, place: Path
) -> tuple[Path, Path | None, Proof]:
    """Fetch a copy's files into a folder and return them, proven to be what its manifest says.

    The ledger of an earlier version gets the tables that came since.
    """
    copy = _fetch(storage, manifest.ledger, place / LEDGER_FILE)
    _add_later_tables(copy)
    if manifest.damage:
        # Of this one it is known that it lacks rows.
        proof = examine(copy, manifest.account, is_refolded=False)
    else:
        is_refolded = manifest.openbell == openbell_version()
        proof = prove(copy, manifest.account, is_refolded=is_refolded)
    held = proof.rows | dict.fromkeys(set(manifest.rows) - set(proof.rows), 0)
    said = dict.fromkeys(held, 0) | manifest.rows
    if (proof.journal_seq, held, proof.pnl) != (manifest.journal_seq, said, manifest.pnl):
        raise StoreUnavailable(
            f"{manifest.ledger.name} does not hold what its manifest says", "Use another copy"
        )
    exchange_copy = None
    if manifest.exchange is not None:
        exchange_copy = _fetch(storage, manifest.exchange, place / EXCHANGE_FILE)
    return copy, exchange_copy, proof


def _add_later_tables(copy: Path) -> None:
    """A copy that an earlier version made is no worse for the tables that it cannot have."""
    try:
        with duckdb.connect(str(copy)) as connection:
            check_format(connection, Path(copy.name))
            # What is no ledger at all is left as it is, to be found out.
            if connection.execute(
                "SELECT 1 FROM duckdb_tables() WHERE table_name = 'journal'"
            ).fetchall():
                connection.execute(SCHEMA)
    except duckdb.Error as error:
        raise StoreUnavailable(
            f"{copy.name} of the copy cannot be opened: {words_of(error)}",
            "Check free disk space, or use another copy",
        ) from error


@contextmanager
def _free_account(folder: Path) -> Iterator[None]:
    """Keep everybody from trading the account; raises LeaseLost when somebody does."""
    try:
        held = lease.lock(folder)
    except LeaseLost as error:
        raise LeaseLost(error.what, "Stop that process before the ledger is replaced") from error
    with held:
        yield


def _fetch(storage: Storage, part: Part, target: Path) -> Path:
    """Fetch a file of a copy and compare both of its hashes."""
    content = storage.get(part.name)
    check_content(storage, part.name, content, part.sha256)
    try:
        # One byte more than there should be is enough to know, however much would come.
        with gzip.GzipFile(fileobj=io.BytesIO(content)) as packed:
            raw = packed.read(part.raw_bytes + 1)
    except (OSError, EOFError) as error:
        raise StoreUnavailable(f"{part.name} cannot be unpacked", "Use another copy") from error
    if sha256_of(raw) != part.raw_sha256:
        raise StoreUnavailable(f"{part.name} holds another file", "Use another copy")
    try:
        target.write_bytes(raw)
    except OSError as error:
        raise StoreUnavailable(
            f"{part.name} cannot be unpacked into {target.parent.parent}: {words_of(error)}",
            "Check free disk space; nothing was replaced",
        ) from error
    return target


def _chosen(storage: Storage, account: str, version: str | None) -> Manifest:
    manifest: Manifest | None = None
    if version is None:
        manifest = newest_manifest(storage, account)
    elif version in all_versions(storage, account):
        manifest = read_manifest(storage, account, version)
    if manifest is None:
        what = "no copy" if version is None else f"no copy {version!r}"
        raise BadInput(
            f"{storage} has {what} of account {account!r}",
            "See openbell restore --list, or name another --account",
        )
    return manifest


def _local_ledger(ledger: Path) -> tuple[int, datetime]:
    """Return the local journal's last number and when the ledger was restored last."""
    absent = -1, datetime.min.replace(tzinfo=UTC)
    if not ledger.exists():
        return absent
    try:
        with reading(ledger, SCHEMA, LOCK_DEADLINE_SECONDS, check_format) as connection:
            seq, restored = connection.execute(
                "SELECT (SELECT coalesce(max(seq), 0) FROM journal),"
                " (SELECT value FROM meta WHERE name = ?)",
                [RESTORED],
            ).fetchall()[0]
    except StoreInUse:
        # It may be one that an operator went back to: that is not known until it can be read.
        raise
    except StoreUnavailable:
        return absent
    return int(seq), datetime.fromisoformat(restored) if restored else absent[1]


def _refusal(ledger: Path, local: LocalLedger, manifest: Manifest) -> BadInput:
    hint = "Use --force to put it aside and restore all the same"
    if local.standing == Standing.UNREADABLE:
        return BadInput(f"{ledger} cannot be read", hint)
    here = f"journal row {local.journal_seq}"
    if local.standing == Standing.DIVERGED:
        return BadInput(f"{ledger} ({here}) has another history than {manifest.version}", hint)
    return BadInput(
        f"{ledger} ({here}) holds more than {manifest.version} (row {manifest.journal_seq})", hint
    )
